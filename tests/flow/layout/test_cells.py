"""The drawn cells against the functions and the Verilog that hexcoder gives them."""

from itertools import product
from pathlib import Path

import pytest

from flow.layout.cell_verilog import cell_verilog
from flow.layout.cells import drawn_cells
from flow.layout.extraction import read_cells
from flow.layout.functions import FUNCTIONS, evaluate, inputs_of
from flow.layout.liberty_writer import output_of
from flow.liberty import read_liberty
from flow.pdk import load_pdk

CELLS = Path(__file__).parents[3] / "flow" / "pdks" / "sky130" / "cells.v"


@pytest.fixture(scope="module")
def drawn():
    return read_cells(drawn_cells() / "cells.gds")


def _value(cell, inputs, output):
    """Switch-level: which supply reaches the output through transistors that conduct."""
    known = dict(inputs) | {"vdd": 1, "vss": 0}
    while True:
        reached = dict(known)
        for _ in cell.transistors:
            for t in cell.transistors:
                if reached.get(t.gate) == (0 if t.kind == "pfet" else 1):
                    for here, there in ((t.source[0], t.drain[0]), (t.drain[0], t.source[0])):
                        if here in reached and there not in inputs:
                            assert reached.setdefault(there, reached[here]) == reached[here]
        if reached == known:
            return known.get(output)
        known = reached


@pytest.mark.parametrize("name", [name for name in sorted(FUNCTIONS) if inputs_of(name)])
def test_the_transistors_of_a_cell_compute_its_function(drawn, name):
    pins = inputs_of(name)
    for values in product((0, 1), repeat=len(pins)):
        state = dict(zip(pins, values, strict=True))
        assert _value(drawn[name], state, output_of(name)) == evaluate(name, state), state


def test_the_cell_that_is_left_out_is_drawn_wrong(drawn):
    found = [
        _value(drawn["nexor2_x0"], {"i0": a, "i1": b}, "q") for a, b in product((0, 1), repeat=2)
    ]
    assert found == [0, 1, 1, 0]


def test_the_verilog_of_the_cells_is_up_to_date():
    assert CELLS.read_text() == cell_verilog()


@pytest.mark.parametrize("corner", ["tt", "ss", "ff"])
def test_every_corner_has_all_cells(corner):
    pdk = load_pdk("sky130")
    library = read_liberty(pdk.file(pdk.corners[corner].liberty))
    assert set(library.cells) == {*FUNCTIONS, "dff_x1"}
    assert library.voltage_v == pdk.corners[corner].voltage_v
    assert library.temperature_c == pdk.corners[corner].temperature_c
