"""Scaling between processes, and the table of the same encoder in several of them."""

import json
import shutil

import pytest

from hexcoder.config import load_config
from hexcoder.metrics.layout import LayoutFile
from hexcoder.pdk.scaling import area_in_target, energy_factor, energy_in_target
from hexcoder.report.results import input_digests, read_results
from hexcoder.report.sections.beside import in_other_processes
from tests.report import results as given
from tests.report.results import CONFIG


def test_energy_factors_are_those_of_the_paper_s_example():
    # In the corrigendum of Stillmaker and Baas: 65 nm at 1.3 V, 32 nm at 0.9 V.
    assert energy_factor(65, 1.3) == pytest.approx(2.604, abs=0.001)
    assert energy_factor(32, 0.9) == pytest.approx(0.4571, abs=0.0001)


def test_a_design_in_the_target_is_what_it_is_and_a_high_supply_counts_by_its_square():
    assert area_in_target(3.6, 65) == 3.6
    assert energy_in_target(2.4, 65, 1.2) == pytest.approx(2.4)
    at_limit = energy_in_target(1.0, 130, 1.3)
    assert energy_in_target((1.8 / 1.3) ** 2, 130, 1.8) == pytest.approx(at_limit)
    # Half the length, so that cells take about a quarter and less charge.
    assert 0.2 < area_in_target(1.0, 130) < 0.27
    assert energy_in_target(1.0, 130, 1.8) < 0.25


def write(folder, name, node, volts, layers, layout=False):
    (folder / "asic").mkdir(parents=True)
    (folder / "network.json").write_text(json.dumps({"name": name, "layers": layers}))
    origin = {"pdk": name, "corner": "tt", "node_nm": node, "voltage_v": volts}
    figures = {"power__total": 0.01, "energy_per_event_pj": 250.0}
    asic = given.asic() | {"design__instance__area": 430_000.0} | figures
    asic["origin"] |= origin
    (folder / "asic" / "metrics.json").write_text(json.dumps(asic))
    if layout:
        (folder / "layout").mkdir()
        its = given.measured(LayoutFile) | {"design__die__area": 780_000.0} | figures
        (folder / "layout" / "metrics.json").write_text(json.dumps(its))


def test_runs_of_the_same_network_stand_side_by_side_and_others_do_not(tmp_path):
    config = load_config(CONFIG)
    build = tmp_path / config.name
    write(build, config.name, 45, 1.1, [1, 2])
    write(tmp_path / "in_sky130", "in_sky130", 130, 1.8, [1, 2], layout=True)
    write(tmp_path / "another", "another", 130, 1.8, [1, 3])
    write(tmp_path / "own_pdk", "own_pdk", None, 1.8, [1, 2])
    table = in_other_processes(read_results(config, "", "", build))
    heads = [(row[0], row[2]) for row in table.rows]
    assert heads == [
        (config.name, "after synthesis"),
        ("in_sky130", "after synthesis"),
        ("in_sky130", "after layout"),
        ("own_pdk", "after synthesis"),
        ("ECON-T", "silicon, as published"),
    ]
    assert table.rows[2][3:] == ["0.780", "10.0", "0.250", "0.181", "0.044"]
    assert table.rows[3][-2:] == ["\N{EN DASH}"] * 2
    assert "estimate" in table.note
    # The report is made again when one of the others changes.
    before = input_digests(build)
    shutil.rmtree(tmp_path / "in_sky130" / "layout")
    assert input_digests(build) != before
