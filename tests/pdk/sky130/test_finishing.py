"""Finished cells keep the rules that no public deck has, and each rule finds its planted fault."""

import json

import pytest
from klayout import db

from hexcoder.flow.layout.check.design_rules import check_design_rules
from hexcoder.flow.layout.wiring import drop_floating
from hexcoder.pdk.cells.drawn import drawn_cells
from hexcoder.pdk.sky130.finishing import (
    BOUNDARY,
    DIFF,
    NPC,
    POLY,
    PSDM,
    STANDARD_CELL,
    TAP,
    finish_block,
)
from hexcoder.pdk.sky130.process import SKY130

M1 = (68, 20)


@pytest.fixture(scope="module")
def drawn():
    return drawn_cells(SKY130)


def block_of(drawn, *names):
    """A row of cells side by side."""
    layout = db.Layout()
    layout.read(str(drawn / "cells.gds"))
    sizes = json.loads((drawn / "cells.json").read_text())
    top, x = layout.create_cell("row"), 0
    for name in names:
        top.insert(db.CellInstArray(layout.cell(name).cell_index(), db.Trans(x, 0)))
        x += round(sizes[name]["width_um"] / layout.dbu)
    for cell in list(layout.top_cells()):
        if cell.name != "row":
            cell.prune_cell()
    finish_block(layout, top)
    return layout, top


def broken(layout, tmp_path):
    """Rules that are broken, but for those that a row without wires and straps breaks."""
    path = tmp_path / "row.gds"
    layout.write(str(path))
    left_out = ("m1.area", "floating", "density")
    return {
        rule.name for rule in check_design_rules(path, SKY130)
        if rule.count and not rule.name.endswith(left_out) and "floating" not in rule.name
    }  # fmt: skip


def test_every_cell_keeps_every_rule_beside_every_kind(drawn, tmp_path):
    names = [name for name in json.loads((drawn / "cells.json").read_text()) if name != "Gallery"]
    row = [one for name in names for one in (name, "dff_x1", name, "nand2_x1")]
    layout, _ = block_of(drawn, *row)
    assert broken(layout, tmp_path) == set()


def test_every_cell_has_its_marks(drawn):
    layout = db.Layout()
    layout.read(str(drawn / "cells.gds"))
    sizes = json.loads((drawn / "cells.json").read_text())
    for name, size in sizes.items():
        for mark in (STANDARD_CELL, BOUNDARY):
            box = layout.cell(name).bbox_per_layer(layout.layer(*mark)).to_dtype(layout.dbu)
            sides = (size["width_um"], size["height_um"])
            assert (box.width(), box.height()) == pytest.approx(sides), name


def changed(layout, top, layer, change):
    shapes = top.shapes(layout.layer(*layer))
    region = db.Region(top.begin_shapes_rec(layout.layer(*layer))).merged()
    for cell in layout.each_cell():
        cell.shapes(layout.layer(*layer)).clear()
    shapes.insert(change(region, round(1 / layout.dbu)))


@pytest.mark.parametrize(
    ("layer", "change", "rule"),
    [
        (NPC, lambda region, um: region.sized(-um // 50), "licon.15 (NPC round contacts on poly)"),
        (NPC, lambda region, um: db.Region(), "licon.15 (NPC round contacts on poly)"),
        (NPC, lambda region, um: region.sized(um // 2), "npc.4 (NPC over gates)"),
        (PSDM, lambda region, um: region.sized(um // 5), "licon.9 (contacts on poly to P+)"),
        (PSDM, lambda region, um: region.sized(um // 2), "licon.9 (contacts on poly in P+)"),
        (PSDM, lambda region, um: region.sized(-um // 20), "psd.5a (P+ round diffusion)"),
        (POLY, lambda region, um: region.moved(um // 500, 0), "x.1b (grid of 5 nm)"),
    ],
)
def test_a_planted_fault_is_found(drawn, tmp_path, layer, change, rule):
    layout, top = block_of(drawn, "nand2_x1", "dff_x1")
    changed(layout, top, layer, change)
    assert rule in broken(layout, tmp_path)


def test_a_tie_on_the_layer_of_diffusion_is_found(drawn, tmp_path):
    layout, top = block_of(drawn, "nand2_x1")
    taps = db.Region(top.begin_shapes_rec(layout.layer(*TAP))).merged()
    top.shapes(layout.layer(*DIFF)).insert(taps)
    assert "difftap (a well's tie is tap, not diffusion)" in broken(layout, tmp_path)


def test_a_piece_of_metal_that_nothing_joins_is_found_and_taken_out(drawn, tmp_path):
    layout, top = block_of(drawn, "nand2_x1")
    box = db.Box(500, 2500, 900, 2900)
    top.shapes(layout.layer(*M1)).insert(box)
    path = tmp_path / "row.gds"
    layout.write(str(path))
    found = {rule.name: rule.places for rule in check_design_rules(path, SKY130) if rule.count}
    assert (0.5, 2.5, 0.9, 2.9) in found["m1.x (floating)"]
    drop_floating(layout, top, SKY130.stack)
    layout.write(str(path))
    rules = {rule.name: rule.places for rule in check_design_rules(path, SKY130)}
    assert (0.5, 2.5, 0.9, 2.9) not in rules["m1.x (floating)"]
