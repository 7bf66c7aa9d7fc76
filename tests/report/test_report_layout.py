"""The section of the drawn block."""

from hexcoder.config import load_config
from hexcoder.metrics.layout import Connectivity, CornerTiming, LayoutFile
from hexcoder.report.results import read_results
from hexcoder.report.sections.layout import layout
from hexcoder.report.sections.verification import verification
from tests.report import results as given


def results(build, mismatches):
    values = given.measured(LayoutFile) | {
        "layout_against_netlist": {
            "transistors": 1234,
            "circuits": 5,
            "mismatches": mismatches,
            "passed": not mismatches,
        },
        "design_powergrid__straps": {"vdd": 3, "vss": 4},
        "design_powergrid__stacks": {"vdd": 30, "vss": 41},
        "connectivity": given.example(Connectivity) | {"pins": 99, "passed": True},
        **{f"{name}__corner:slow": v for name, v in given.example(CornerTiming).items()},
        "timing__setup__ws__corner:slow": 1.25,
        "timing__setup__histogram__corner:slow": {"edges_ns": [1.0, 2.0], "count": [3]},
    }
    given.write_all(build, layout=values)
    return read_results(load_config(given.CONFIG), "--config tiny.toml", "", build)


def test_block_timing_and_checks_are_those_of_the_file(tmp_path):
    text = str(layout(results(tmp_path / "build", [])).blocks)
    assert "'3 and 4'" in text
    assert "['stacks of cuts to rails', '71', '']" in text
    assert "['slow', '1.250'" in text
    assert "['layout against netlist, by transistors', 'passed', '1,234 transistors']" in text
    assert "['every pin probed', 'passed', '99 pins']" in text


def test_a_difference_of_layout_and_netlist_is_a_failed_link(tmp_path):
    whole = results(tmp_path / "build", ["net a is open"])
    assert "'layout against netlist, by transistors', 'failed'" in str(layout(whole).blocks)
    assert "'netlist = layout', '1,234 transistors drawn" in str(verification(whole).blocks)
    assert "'', '1', 'FAILED'" in str(verification(whole).blocks)
