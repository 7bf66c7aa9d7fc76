import json

import pytest

from hexcoder.errors import InputError
from hexcoder.metrics.file import read_metrics
from hexcoder.metrics.layout import LayoutFile
from hexcoder.metrics.librelane import LibrelaneFile

TIMING = {
    "timing__setup__ws": 1.0,
    "timing__hold__ws": 0.1,
    "timing__derate": 0.05,
    "timing__setup__ws__corner:slow": 1.0,
    "timing__setup__tns__corner:slow": 0.0,
    "timing__hold__ws__corner:slow": 0.2,
    "timing__setup__histogram__corner:slow": {"edges_ns": [1.0, 2.0], "count": [3]},
    "clock__skew__worst_setup__corner:slow": 0.3,
    "clock__latency__corner:slow": 0.4,
    "design__max_slew_violation__count__corner:slow": 2,
    "design__max_cap_violation__count__corner:slow": 0,
    "beyond_limits__corner:slow": ["a/i"],
    "worst_path__corner:slow": "a to b",
}
LAYOUT = {
    "name": "n",
    "top": "encoder",
    "origin": {"pdk": "sky130", "tool": "t", "state": "after layout", "activity": None},
    "not_measured": {"connectivity": "no layout"},
    "connectivity": None,
    **TIMING,
}


def test_keys_are_sorted_by_the_step_that_measured_them():
    layout = LayoutFile.of(LAYOUT)
    assert layout.timing is not None
    assert layout.timing.corners["slow"].clock__skew__worst_setup == 0.3
    assert layout.connections is None
    assert layout.why_not("connectivity") == "no layout"
    written = layout.flat()
    assert {key: written[key] for key in LAYOUT if key != "origin"} == {
        key: value for key, value in LAYOUT.items() if key != "origin"
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"timing__derate": None}, "timing__derate"),
        ({"unheard_of": 1}, "unheard_of"),
        ({"worst_path__corner:slow": None}, "worst_path"),
        ({"clock__latency__corner:fast": 0.1}, "timing__setup__ws"),
    ],
)
def test_a_file_that_does_not_fit_is_named_with_what_writes_it(tmp_path, change, said):
    path = tmp_path / "metrics.json"
    path.write_text(json.dumps(LAYOUT | change))
    with pytest.raises(InputError) as caught:
        read_metrics(path, LayoutFile, "make layout")
    line = str(caught.value)
    assert said in line
    assert str(path) in line
    assert "run `make layout` again" in line
    assert "\n" not in line


def test_what_is_no_object_is_no_metrics_file(tmp_path):
    path = tmp_path / "metrics.json"
    assert read_metrics(path, LibrelaneFile, "x") is None
    path.write_text("[]")
    with pytest.raises(InputError, match="not a JSON object"):
        read_metrics(path, LibrelaneFile, "x")
