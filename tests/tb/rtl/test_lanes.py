"""Large RTL in lanes: the same verdicts as by Verilator, and faults that it sees."""

import re
import shutil

from hexcoder.network.modules import Stimulus
from hexcoder.tb import prove as proving
from hexcoder.tb.modules import modules_under_test
from hexcoder.tb.request import PASSED, Request
from hexcoder.tb.rtl.lanes import compare_in_lanes, protocol_in_lanes, rtl_in_lanes
from hexcoder.tb.verdict import LINK


def _verdicts(network, design, work, names=("encoder_core", "encoder")):
    """Of modules: the comparison, and outcomes of the protocol's checks."""
    found = {}
    for module in modules_under_test(network, design):
        if module.name not in names:
            continue
        simulation = rtl_in_lanes(module, design, work)
        verdict = compare_in_lanes(simulation, module, Stimulus(3, 700), LINK, lambda done: None)
        found[module.name] = verdict.comparison, protocol_in_lanes(simulation, module, 3)
    return found


def test_it_agrees_where_the_rtl_is_right(compiled, tmp_path):
    found = _verdicts(compiled.network, compiled.design, tmp_path)
    assert set(found) == {"encoder_core", "encoder"}
    for comparison, outcomes in found.values():
        assert comparison.passed
        assert comparison.vectors >= 700
        assert outcomes == dict.fromkeys(
            ("events_with_gaps", "reset_in_the_midst_of_events"), PASSED
        )


def _broken(compiled, tmp_path, pattern, replacement, count=1):
    design = tmp_path / "rtl"
    shutil.copytree(compiled.design, design)
    text = (design / "encoder.v").read_text()
    changed, done = re.subn(pattern, replacement, text, count=count)
    assert done
    (design / "encoder.v").write_text(changed)
    name = "encoder_core"
    return _verdicts(compiled.network, design, tmp_path / "work", (name,))[name]


def test_a_wrong_gate_is_seen(compiled, tmp_path):
    comparison, _ = _broken(compiled, tmp_path, r"(full_adder \w+ \(\.a\(\w+\), \.b\()~?", r"\1~")
    assert comparison.mismatches > 0
    assert comparison.first_mismatch is not None


def test_a_reset_that_is_not_connected_is_seen(compiled, tmp_path):
    _, outcomes = _broken(compiled, tmp_path, r"if \(rst\)", "if (1'b0)", count=0)
    assert outcomes["reset_in_the_midst_of_events"].startswith("out_valid is 1 ")


def test_a_large_design_goes_through_lanes(compiled, tmp_path, monkeypatch):
    monkeypatch.setattr("hexcoder.tb.rtl.lanes.LARGE_BYTES", 10)
    network = tmp_path / "network.json"
    shutil.copy(compiled.network_path, network)
    (tmp_path / "results").mkdir()
    request = Request(network, compiled.design, tmp_path / "work", 500, 1, None, None, None, None,
                      tmp_path / "waves", tmp_path / "results")  # fmt: skip
    metrics = proving.prove(request, lambda what, part: None)
    assert metrics.simulator.startswith("hexcoder's 64 lanes")
    assert metrics.mismatches == 0
    assert {outcome for tests in metrics.protocol_tests.values() for outcome in tests.values()} == {
        PASSED
    }
    assert not list(tmp_path.rglob("*.cpp"))
