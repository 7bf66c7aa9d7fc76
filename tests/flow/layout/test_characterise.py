import shutil

import pytest

from flow.layout.cells import drawn_cells
from flow.layout.characterise import characterise
from flow.layout.extraction import read_cells
from flow.layout.functions import FUNCTIONS
from flow.layout.measurement import CORNERS
from flow.liberty import read_liberty
from flow.pdk import load_pdk
from hexcoder.errors import InputError

needs_ngspice = pytest.mark.skipif(not shutil.which("ngspice"), reason="ngspice is not installed")


@pytest.fixture(scope="module")
def drawn():
    return read_cells(drawn_cells() / "cells.gds")


@needs_ngspice
def test_the_committed_liberty_is_what_ngspice_measures(drawn, tmp_path):
    cell = characterise(drawn["nand2_x1"], CORNERS["tt"], tmp_path)
    library = read_liberty(load_pdk("sky130").liberty)
    pins = library.cells["nand2_x1"].pins
    for pin, femtofarads in cell.capacitance.items():
        assert femtofarads * 1e-15 == pytest.approx(pins[pin].capacitance_f, rel=0.01)
    assert len(cell.arcs) == 2
    # A heavier load is slower at every slew.
    for arc in cell.arcs:
        assert all(row == sorted(row) for row in arc.delay["rise"])


@needs_ngspice
def test_a_cell_that_does_not_switch_is_named(drawn, tmp_path, monkeypatch):
    monkeypatch.setitem(FUNCTIONS, "xor2_x0", "i0&i1")
    with pytest.raises(InputError, match=r"cell xor2_x0, tt_025C_1v80: measurement \d+ failed"):
        characterise(drawn["xor2_x0"], CORNERS["tt"], tmp_path)


def test_a_missing_ngspice_is_named(drawn, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="program 'ngspice' is not installed"):
        characterise(drawn["inv_x0"], CORNERS["tt"], tmp_path)
