"""Capacitance of wires against sums by hand."""

from math import atan, pi

import pytest
from klayout import db

from hexcoder.flow.layout.capacitance import wire_capacitances
from hexcoder.flow.layout.wiring import Box, Instance, Wiring
from hexcoder.pdk.sky130.stack import STACK

REACH = STACK.field.reach_um


@pytest.fixture
def cells(tmp_path):
    """Three cells: a plate of poly, one of li, one of diffusion."""
    layout = db.Layout()
    layers = {**STACK.gds, **STACK.field.devices}
    for name in ("poly", "li", "active"):
        shapes = layout.create_cell(name).shapes(layout.layer(*layers[name]))
        shapes.insert(db.Box(0, 0, 100_000, 100_000))
    layout.write(str(tmp_path / "cells.gds"))
    return tmp_path / "cells.gds"


def _wiring(*instances, **wires):
    wiring = Wiring("top", 100_000, 100_000, "sky130")
    wiring.wires |= wires
    wiring.instances += [Instance(cell, cell, 0, 0, False) for cell in instances]
    return wiring


def _part(spread, distance):
    """Of an edge's field."""
    return 2 / pi * atan(0.02 * spread * distance)


def _along(layer, middle, width, low=0, high=100_000):
    """A wire along x."""
    return Box(layer, low, middle - width // 2, high, middle + width // 2)


def test_a_wire_alone_has_the_substrate_below(cells):
    found = wire_capacitances(_wiring(a=[_along("m1", 50_000, 260)]), cells)["a"]
    assert found == {"m1": pytest.approx((25.78 * 0.26 + 2 * 40.57) * 100e-3, rel=0.01)}


def test_neighbours_take_from_the_field_to_the_substrate(cells):
    wires = {"a": [_along("m1", 50_000, 260)], "b": [_along("m1", 50_400, 260)]}
    found = wire_capacitances(_wiring(**wires), cells)
    inner = 40.57 * _part(25.78, 0.14) + 44 / (0.14 + 0.25)
    expected = (25.78 * 0.26 + 40.57 + inner) * 100e-3
    for net in "ab":
        assert found[net]["m1"] == pytest.approx(expected, rel=0.01)
    one = wire_capacitances(_wiring(a=wires["a"] + wires["b"]), cells)["a"]["m1"]
    uncoupled = 2 * (expected - 44 / (0.14 + 0.25) * 100e-3)
    assert one == pytest.approx(uncoupled, rel=0.01)


@pytest.mark.parametrize(
    ("cell", "area", "edge"),
    [("poly", 44.81, 46.72), ("li", 114.20, 59.50), ("active", 33.6, 43.1)],
)
def test_what_cells_draw_is_below_a_wire(cells, cell, area, edge):
    found = wire_capacitances(_wiring(cell, a=[_along("m1", 50_000, 260)]), cells)["a"]["m1"]
    rest = 40.57 * (1 - _part(25.78, REACH))
    sides = 2 * (edge * _part(area, REACH) + rest)
    assert found == pytest.approx((area * 0.26 + sides) * 100e-3, rel=0.01)


def test_wires_that_cross_load_each_other(cells):
    under = [_along("m1", 50_000, 260)]
    over = [Box("m2", 20_000, 0, 60_000, 100_000)]
    alone = wire_capacitances(_wiring(a=under), cells)["a"]["m1"]
    found = wire_capacitances(_wiring(a=under, b=over), cells)
    # Under the plate: its face, and the edges' fields, which go up to it too.
    more = 133.86 * 0.26 + 2 * 48.19 * _part(133.86, REACH)
    assert found["a"]["m1"] - alone == pytest.approx(more * 40e-3, rel=0.05)
    same = wire_capacitances(_wiring(a=[*under, *over]), cells)["a"]
    assert same["m1"] == pytest.approx(alone, rel=0.01)


def test_a_layer_hides_what_is_behind_it(cells):
    wire, plate = [_along("m3", 50_000, 330)], [Box("m2", 0, 0, 100_000, 100_000)]
    bare = wire_capacitances(_wiring("li", a=wire), cells)["a"]["m3"]
    hidden = wire_capacitances(_wiring("li", a=wire, b=plate), cells)
    without = wire_capacitances(_wiring(a=wire, b=plate), cells)
    assert hidden["a"] == without["a"]
    sides = 2 * (69.85 * _part(86.19, REACH) + 40.99 * (1 - _part(12.37, REACH)))
    assert hidden["a"]["m3"] == pytest.approx((86.19 * 0.33 + sides) * 100e-3, rel=0.01)
    assert hidden["a"]["m3"] > bare


def test_supplies_are_ground_and_have_no_capacitance_of_their_own(cells):
    wires = {"a": [_along("m2", 50_000, 280)], "vdd": [Box("m1", 0, 0, 100_000, 100_000)]}
    found = wire_capacitances(_wiring(**wires), cells)
    assert set(found) == {"a"}
    sides = 2 * (67.05 * _part(133.86, REACH) + 37.76 * (1 - _part(17.5, REACH)))
    assert found["a"]["m2"] == pytest.approx((133.86 * 0.28 + sides) * 100e-3, rel=0.01)
