import itertools
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hexcoder.flow.synthesis.full_adders import map_full_adders
from hexcoder.pdk.cells.functions import FUNCTIONS
from hexcoder.pdk.cells.functions import evaluate as evaluate_cell
from hexcoder.pdk.description import AdderGates, GateCell

INPUTS = [2, 3, 4]
GATES = {
    "$_NOT_": lambda a, b: 1 - a,
    "$_AND_": lambda a, b: a & b,
    "$_OR_": lambda a, b: a | b,
    "$_XOR_": lambda a, b: a ^ b,
    "$_XNOR_": lambda a, b: 1 - (a ^ b),
}


def module(adders: list[list], outputs: list) -> dict[str, Any]:
    """Full adders in order; adder k drives the nets 10 + 2k (sum) and 11 + 2k (carry)."""
    cells = {}
    for index, (a, b, c) in enumerate(adders):
        pins = {"A": [a], "B": [b], "C": [c], "Y": [10 + 2 * index], "X": [11 + 2 * index]}
        cells[f"adder{index}"] = {
            "type": "$fa",
            "connections": pins,
            "port_directions": dict.fromkeys("ABC", "input") | dict.fromkeys("XY", "output"),
        }
    nets = [*INPUTS, *range(10, 10 + 2 * len(adders))]
    return {
        "cells": cells,
        "ports": {
            "i": {"direction": "input", "bits": INPUTS},
            "o": {"direction": "output", "bits": outputs},
        },
        "netnames": {f"n{net}": {"bits": [net]} for net in nets},
    }


def evaluate(mapped: dict[str, Any], values: dict[Any, int]) -> list[int]:
    values = {"0": 0, "1": 1} | values
    waiting = list(mapped["cells"].values())
    while waiting:
        ready = [
            cell
            for cell in waiting
            if all(
                bits[0] in values
                for pin, bits in cell["connections"].items()
                if cell["port_directions"][pin] == "input"
            )
        ]
        assert ready, "a cell has an input without a driver"
        for cell in ready:
            pins = {pin: bits[0] for pin, bits in cell["connections"].items()}
            if cell["type"] in GATES:
                b = values[pins["B"]] if "B" in pins else 0
                values[pins["Y"]] = GATES[cell["type"]](values[pins["A"]], b)
            elif cell["type"] in FUNCTIONS:
                known = {pin: values[net] for pin, net in pins.items() if net in values}
                for pin, value in evaluate_cell(cell["type"], known).items():
                    values[pins[pin]] = value
            else:
                names = ("A", "B", "CI") if cell["type"] == "FA_X1" else ("A", "B")
                total = sum(values[pins[name]] for name in names)
                values[pins["S"]], values[pins["CO"]] = total & 1, total >> 1
            waiting.remove(cell)
    return [values[bit] for bit in mapped["ports"]["o"]["bits"]]


@given(st.data(), st.booleans())
def test_any_network_of_adders_keeps_its_values(pdk, data, with_half_adder):
    known: list = [*INPUTS, "0", "1"]
    adders = []
    for index in range(data.draw(st.integers(1, 8))):
        adders.append([data.draw(st.sampled_from(known)) for _ in range(3)])
        known += [10 + 2 * index, 11 + 2 * index]
    outputs = data.draw(st.lists(st.sampled_from(known), min_size=1, max_size=4))
    mapped = module(adders, list(outputs))
    map_full_adders(mapped, pdk.full_adder, pdk.half_adder if with_half_adder else None)
    for bits in itertools.product((0, 1), repeat=3):
        values: dict[Any, int] = dict(zip(INPUTS, bits, strict=True)) | {"0": 0, "1": 1}
        for index, inputs in enumerate(adders):
            total = sum(values[bit] for bit in inputs)
            values |= {10 + 2 * index: total & 1, 11 + 2 * index: total >> 1}
        expected = [values[bit] for bit in outputs]
        assert evaluate(mapped, dict(zip(INPUTS, bits, strict=True))) == expected


def kinds(adders: list[list], outputs: list, pdk, half_adder=None) -> list[str]:
    mapped = module(adders, outputs)
    map_full_adders(mapped, pdk.full_adder, half_adder)
    return sorted(cell["type"] for cell in mapped["cells"].values())


def test_a_full_adder_with_both_outputs_read_is_one_cell(pdk):
    assert kinds([[2, 3, 4]], [10, 11], pdk) == ["FA_X1"]


def test_an_unread_carry_leaves_two_xor(pdk):
    assert kinds([[2, 3, 4]], [10], pdk) == ["$_XOR_", "$_XOR_"]


def test_an_adder_that_nobody_reads_goes_and_so_does_what_feeds_it(pdk):
    assert kinds([[2, 3, 4], [10, 11, 2]], [3], pdk) == []


def test_a_constant_makes_a_half_adder(pdk):
    assert kinds([[2, "0", 4]], [10, 11], pdk, pdk.half_adder) == ["HA_X1"]
    assert kinds([[2, "0", 4]], [10, 11], pdk) == ["$_AND_", "$_XOR_"]
    assert kinds([[2, "1", 4]], [10, 11], pdk) == ["$_OR_", "$_XNOR_"]


def test_constants_ripple_through_a_chain(pdk):
    assert kinds([[2, "0", "0"], [3, "0", 11], [4, "0", 13]], [10, 12, 14, 15], pdk) == []


def test_a_library_without_an_adder_gets_one_of_five_gates():
    mapped = module([[2, 3, 4]], [10, 11])
    gates = AdderGates(
        xor=GateCell(cell="xor2_x0", inputs=("i0", "i1"), output="q"),
        nand=GateCell(cell="nand2_x0", inputs=("i0", "i1"), output="nq"),
        or_nand=GateCell(cell="or21nand_x0", inputs=("i0", "i1", "i2"), output="nq"),
    )
    map_full_adders(mapped, gates, None)
    assert len(mapped["cells"]) == 5
    for values in itertools.product((0, 1), repeat=3):
        total, carry = evaluate(mapped, dict(zip(INPUTS, values, strict=True)))
        assert total + 2 * carry == sum(values)
