"""The report of a design whose weights lie in registers."""

import html
import json
import re

import pytest

from hexcoder.config import load_config
from hexcoder.metrics.asic import AreaMetrics, AsicFile, Triplication
from hexcoder.report.page import page
from hexcoder.report.results import read_results
from hexcoder.report.sections.hardware import copies_together
from tests.report import results as given


@pytest.fixture
def build(tmp_path):
    return tmp_path / "build"


def words(build):
    config = load_config(given.CONFIG)
    text = page(read_results(config, "--config tiny.toml", "", build))
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).split())


def test_sets_of_registers_are_named_and_no_protocol_test_is_missed(build):
    first = {"event": 7, "element": 2, "expected": 17, "actual": 19}
    failed = {"configurations": 65, "vectors": 2000, "mismatches": 1, "first_mismatch": first}
    failed["passed"] = False
    sim = given.sim() | {"configurations": 501, "protocol_tests": {}}
    given.write_all(build, sim=sim, asic=given.asic() | {"netlist_check": failed})
    text = words(build)
    assert "(seed 5); 501 sets of registers, the first loaded over I2C and read back" in text
    assert "; 65 sets of registers" in text
    assert "Protocol tests" not in text
    assert "First difference: element 2, event 7: expected 17, got 19." in text


def test_protocol_tests_that_are_not_there_are_missed_where_weights_are_fixed(build):
    given.write_all(build, sim=given.sim() | {"protocol_tests": {}})
    assert "Protocol tests: not measured" in words(build)


def test_many_copies_of_a_part_are_one_row_and_layers_stay_apart():
    names = [f"calibrated_{i}" for i in range(5)] + [f"dense_{i}" for i in range(4)] + ["pair_1"]
    values = given.asic() | {
        "area_by_layer_um2": dict.fromkeys(names, 2.0),
        "cells_by_layer": {name: {"INV_X1": 1, name: 3} for name in names},
        "power_by_layer_w": {name: {"total": 0.5} for name in names},
        "design__instance__area": 20.0,
    }
    asic = copies_together(AsicFile.of(values), [f"dense_{i}" for i in range(4)])
    assert asic.area is not None
    assert asic.power is not None
    areas = asic.area.area_by_layer_um2
    assert next(iter(areas)) == "calibrated (5)"
    assert areas["calibrated (5)"] == 10.0
    assert asic.area.cells_by_layer["calibrated (5)"] == {
        "INV_X1": 5,
        **{f"calibrated_{i}": 3 for i in range(5)},
    }
    assert asic.power.power_by_layer_w["calibrated (5)"] == {"total": 2.5}
    kept = [f"dense_{i}" for i in range(4)] + ["pair_1"]
    assert [name for name in areas if name in kept] == kept
    assert asic.area.design__instance__area == 20.0
    unmeasured = AsicFile.of(given.without(values, AreaMetrics, "no"))
    assert copies_together(unmeasured, []) == unmeasured


def test_a_campaign_of_flips_is_shown_where_weights_are_loadable(build):
    (build / "flips").mkdir(parents=True)
    outcomes = {"corrected": 60, "wrong until reloaded": 3}
    found = {
        "flips": 63,
        "seed": 7,
        "triplicated": False,
        "registers_not_corrected": 3,
        "classes": {
            "settings": {
                "bits": 1234,
                "flips": 63,
                "outcomes": {name: {"flips": hits} for name, hits in outcomes.items()},
            }
        },
    }
    (build / "flips" / "flips.json").write_text(json.dumps(found))
    (build / "flips" / "flips.svg").write_text("<svg></svg>")
    config = load_config(given.CONFIG)
    loadable = config.chip.model_copy(update={"weights": "loadable"})
    for chip, shown in ((config.chip, False), (loadable, True)):
        tried = config.model_copy(update={"chip": chip})
        text = page(read_results(tried, "--config tiny.toml", "", build))
        assert ("Flips of RTL: outcomes" in text) == shown
        assert ("not triplicated; not right again after the next clock" in text) == shown
        assert ("hexcoder upsets build/tiny/rtl --netlist build/tiny/asic" in text) == shown


def test_copies_that_synthesis_lost_are_shown(build):
    check = given.example(Triplication) | {"bits": 90, "bits_in_rtl": 96, "flip_flops": 270}
    config = load_config(given.CONFIG)
    config = config.model_copy(
        update={"chip": config.chip.model_copy(update={"weights": "loadable"})}
    )
    for lost, shown in (
        (
            {},
            "90 bits stand in 270 flip-flops, each followed back to its voter; ",
        ),
        (
            {"failures": ["bank/a: 2 copies"], "passed": False},
            "Triplication in the netlist: bank/a: 2 copies",
        ),
    ):
        folder = build / ("lost" if lost else "kept")
        given.write_all(folder, asic=given.asic() | {"triplication_check": check | lost})
        text = page(read_results(config, "--config tiny.toml", "", folder))
        assert shown in " ".join(html.unescape(text).split())
