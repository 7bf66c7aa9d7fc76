"""The drawing of the full adder by itself and beside every other cell."""

import json

import pytest
from klayout import db

from hexcoder.flow.layout.check.design_rules import check_design_rules
from hexcoder.flow.layout.wiring import SUPPLIES
from hexcoder.pdk.cells.drawn import drawn_cells
from hexcoder.pdk.cells.functions import FULL_ADDER
from hexcoder.pdk.sky130.process import SKY130

ROW_NM = 5600


@pytest.fixture(scope="module")
def sizes():
    return json.loads((drawn_cells(SKY130) / "cells.json").read_text())


def _rows(rows, sizes, path, change=None):
    """Rows of cells, every second one upside down, as in a block."""
    layout = db.Layout()
    layout.read(str(drawn_cells(SKY130) / "cells.gds"))
    top = layout.create_cell("rows")
    for number, row in enumerate(rows):
        x = 0
        for name in row:
            flipped = number % 2
            turn = db.Trans.M0 if flipped else db.Trans.R0
            place = db.Trans(turn, x, ROW_NM * (number + flipped))
            top.insert(db.CellInstArray(layout.cell(name).cell_index(), place))
            x += round(1000 * sizes[name]["width_um"])
    if change:
        change(layout)
    for cell in [c for c in layout.each_cell() if c.is_top() and c.name != "rows"]:
        cell.prune_cell()
    layout.write(str(path))
    return {
        rule.name: rule.count
        for rule in check_design_rules(path, SKY130)
        if rule.count and not rule.name.endswith("density")
    }


def test_the_full_adder_keeps_the_design_rules_alone(sizes, tmp_path):
    assert _rows([[FULL_ADDER]], sizes, tmp_path / "alone.gds") == {}


def test_the_full_adder_keeps_the_design_rules_beside_every_cell(sizes, tmp_path):
    row = [part for name in sizes for part in (FULL_ADDER, name)]
    rows = [row, [FULL_ADDER] * 20, list(reversed(row))]
    assert _rows(rows, sizes, tmp_path / "beside.gds") == {}


def test_a_wire_too_close_to_the_next_cell_is_found(sizes, tmp_path):
    def widen(layout):
        shapes = layout.cell(FULL_ADDER).shapes(layout.layer(*SKY130.layers["metal"]))
        shapes.insert(db.Box(-40, 2000, 200, 3000))

    rows = [[FULL_ADDER, FULL_ADDER]]
    assert "li.spacing" in _rows(rows, sizes, tmp_path / "close.gds", widen)


def test_a_cut_to_m1_fits_on_every_track_that_crosses_a_pin(sizes):
    """m1 runs at 0.2 + 0.4 k; its cut stands on 0.32 um of li, 0.17 um from other nets."""
    layout = db.Layout()
    layout.read(str(drawn_cells(SKY130) / "cells.gds"))
    cell = layout.cell(FULL_ADDER)
    wires = db.Region(cell.begin_shapes_rec(layout.layer(*SKY130.layers["metal"]))).merged()
    marks = db.Region(cell.begin_shapes_rec(layout.layer(SKY130.layers["metal"][0], 16))).merged()
    tracks = 0
    for mark in marks.each():
        box = mark.bbox()
        if box.width() > 1000:
            continue
        own = wires.interacting(db.Region(box))
        for y in range(200, ROW_NM, 400):
            if box.bottom <= y <= box.top:
                landing = db.Region(db.Box(box.left, y - 160, box.right, y + 160))
                assert (landing.sized(169) & (wires - own)).is_empty(), (box, y)
                tracks += 1
    assert tracks >= 3 * (len(sizes[FULL_ADDER]["pins"]) - len(SUPPLIES))
