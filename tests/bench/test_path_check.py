"""The Liberty files against the transistors that they were measured from."""

import dataclasses

import pytest

from hexcoder.bench.path_check import Compared, compare_paths, random_paths
from hexcoder.pdk.cells.drawn import drawn_cells
from hexcoder.pdk.cells.extraction import read_cells
from hexcoder.pdk.sky130.process import SKY130

pytestmark = pytest.mark.xdist_group("ngspice")


@pytest.fixture(scope="module")
def compared(tmp_path_factory) -> Compared:
    drawn = read_cells(SKY130, drawn_cells(SKY130) / "cells.gds")
    paths = [path[:5] for path in random_paths(3, seed=7)]
    return compare_paths(paths, "tt", drawn, tmp_path_factory.mktemp("paths"))


def test_opensta_and_ngspice_agree_on_random_paths(compared):
    found = compared.summary()
    assert found["edges"] == 6
    assert found["median_error"] < 0.05
    assert abs(found["worst_error"]) < 0.15


def test_the_tables_energy_is_what_the_supply_gives(compared):
    assert abs(compared.summary()["energy_error"]) < 0.05


def test_a_slow_cell_is_an_error(compared):
    slow = [
        dataclasses.replace(delay, opensta_ns=1.3 * delay.opensta_ns) for delay in compared.delays
    ]
    found = dataclasses.replace(compared, delays=tuple(slow)).summary()
    assert found["median_error"] > 0.2


def test_paths_depend_on_their_seed_alone():
    assert random_paths(3, seed=1) == random_paths(3, seed=1)
    assert random_paths(3, seed=1) != random_paths(3, seed=2)
    assert all(5 <= len(path) <= 15 for path in random_paths(50, seed=3))
