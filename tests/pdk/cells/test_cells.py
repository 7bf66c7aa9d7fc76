"""The drawn cells against the functions and the Verilog that hexcoder gives them."""

import dataclasses
import json
from itertools import product
from pathlib import Path

import pytest

from hexcoder.netlist.liberty import read_liberty
from hexcoder.pdk.cells.cell_verilog import cell_verilog
from hexcoder.pdk.cells.drawn import drawn_cells
from hexcoder.pdk.cells.extraction import read_cells
from hexcoder.pdk.cells.functions import FUNCTIONS, evaluate, inputs_of, outputs_of
from hexcoder.pdk.cells.worker import narrowed, on_grid
from hexcoder.pdk.description import load_pdk
from hexcoder.pdk.sky130.process import SKY130

CELLS = Path(__file__).parents[3] / "pdk" / "cells" / "cells.v"


@pytest.fixture(scope="module")
def drawn():
    return read_cells(SKY130, drawn_cells(SKY130) / "cells.gds")


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
        found = {output: _value(drawn[name], state, output) for output in outputs_of(name)}
        assert found == evaluate(name, state), state


def test_the_cell_that_is_left_out_is_drawn_wrong(drawn):
    found = [
        _value(drawn["nexor2_x0"], {"i0": a, "i1": b}, "q") for a, b in product((0, 1), repeat=2)
    ]
    assert found == [0, 1, 1, 0]


def _sums(adder):
    found = []
    for values in product((0, 1), repeat=3):
        state = dict(zip(("i0", "i1", "i2"), values, strict=True))
        parts = [_value(adder, state, output) for output in ("sum", "carry")]
        found.append(None if None in parts else parts[0] + 2 * parts[1])
    return found


TOTALS = [sum(values) for values in product((0, 1), repeat=3)]


def test_the_drawn_full_adder_adds(drawn):
    adder = drawn["fulladder_x0"]
    assert len(adder.transistors) == 28
    assert _sums(adder) == TOTALS


def test_an_inverter_without_its_pull_down_does_not_add(drawn):
    adder = drawn["fulladder_x0"]
    broken = [
        dataclasses.replace(t, gate="vss")
        if t.kind == "nfet" and "carry" in (t.source[0], t.drain[0])
        else t
        for t in adder.transistors
    ]
    found = _sums(dataclasses.replace(adder, transistors=tuple(broken)))
    assert found == [total if total >= 2 else None for total in TOTALS]


def test_the_full_adder_is_smaller_than_the_gates_that_add(drawn):
    widths = {
        name: size["width_um"]
        for name, size in json.loads((drawn_cells(SKY130) / "cells.json").read_text()).items()
    }
    gates = 2 * widths["xor2_x0"] + 2 * widths["nand2_x0"] + widths["or21nand_x0"]
    assert widths["fulladder_x0"] < 0.6 * gates


def test_the_verilog_of_the_cells_is_up_to_date():
    assert CELLS.read_text() == cell_verilog()


@pytest.mark.parametrize("corner", ["tt", "ss", "ff"])
def test_every_corner_has_all_cells(corner):
    pdk = load_pdk("sky130")
    library = read_liberty(pdk.file(pdk.corners[corner].liberty))
    assert set(library.cells) == {*FUNCTIONS, "dff_x1"}
    assert library.voltage_v == pdk.corners[corner].voltage_v
    assert library.temperature_c == pdk.corners[corner].temperature_c


def test_a_netlist_gets_the_widths_as_drawn():
    text = (
        ".subckt a vdd vss\nMp1 vdd i q vdd x__pfet_01v8__model l=1.5e-07 w=2.045e-06\n"
        "Mn1 vss i q vss x__nfet_01v8__model l=1.5e-07 w=2.045e-06\n.ends a\n"
    )
    found = narrowed(text, {"a": {2.045: 2.0}}).splitlines()
    assert found[1].endswith("w=2e-06")
    assert found[2].endswith("w=2.045e-06")
    assert narrowed(text, {"b": {2.045: 2.0}}) == text


def test_a_wire_off_the_grid_goes_down_and_the_rest_stays_as_it_is():
    assert on_grid("u(0.4375), u(0.26), u(1.57)") == "u(0.4350), u(0.26), u(1.57)"
    kept = "u(0.4375), u(0.875), u(2.0999999999999996), u(0.17), u(11.375)"
    assert on_grid(kept) == kept
