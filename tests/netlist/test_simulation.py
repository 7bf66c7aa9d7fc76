import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hexcoder.errors import InputError
from hexcoder.netlist.simulation import Interface, NetlistSimulation

MODELS = {
    "format": "hexcoder-cells",
    "version": 1,
    "cells": {
        "NAND": {"inputs": ["A", "B"], "outputs": {"Z": "~(A & B)"}, "register": None},
        "ONE": {"inputs": [], "outputs": {"Z": "1"}, "register": None},
        "ADD": {
            "inputs": ["A", "B", "C"],
            "outputs": {"S": "A ^ B ^ C", "CO": "(A & B) | (C & (A | B))"},
            "register": None,
        },
        "FLOP": {
            "inputs": ["CK", "D"],
            "outputs": {"Q": "S", "QN": "~S"},
            "register": {"clock": "CK", "state": "S", "next_state": "D"},
        },
    },
}
OUTPUTS = {"NAND": ("Z",), "ONE": ("Z",), "ADD": ("S", "CO"), "FLOP": ("Q", "QN")}
CLK, RST, VALID = 2, 3, 4


class Builder:
    """A netlist in yosys' JSON format, with a register behind in_valid for out_valid."""

    def __init__(self, input_bits: int):
        self.cells: dict[str, dict] = {}
        self.next = 5 + input_bits
        self.inputs = list(range(5, self.next))
        self.valid = self.add("FLOP", CK=CLK, D=VALID)[0]

    def add(self, kind: str, **inputs: int | str) -> list[int]:
        outputs = {pin: self.next + index for index, pin in enumerate(OUTPUTS[kind])}
        self.next += len(outputs)
        pins = {pin: [bit] for pin, bit in (inputs | outputs).items()}
        directions = dict.fromkeys(inputs, "input") | dict.fromkeys(outputs, "output")
        self.cells[f"cell_{len(self.cells)}"] = {
            "type": kind,
            "connections": pins,
            "port_directions": directions,
        }
        return list(outputs.values())

    def write(self, folder: Path, out_data: list) -> Path:
        ports = {
            "clk": ("input", [CLK]),
            "rst": ("input", [RST]),
            "in_valid": ("input", [VALID]),
            "in_data": ("input", self.inputs),
            "out_valid": ("output", [self.valid]),
            "out_data": ("output", out_data),
        }
        module = {
            "ports": {name: {"direction": d, "bits": bits} for name, (d, bits) in ports.items()},
            "cells": self.cells,
            "netnames": {f"n{bit}": {"bits": [bit]} for bit in range(2, self.next)},
        }
        (folder / "cells.json").write_text(json.dumps(MODELS))
        path = folder / "netlist.json"
        path.write_text(json.dumps({"modules": {"top": module}}))
        return path


def build(netlist: Path, inputs: int, outputs: int) -> NetlistSimulation:
    shape = Interface((1,) * inputs, (1,) * outputs, 1)
    return NetlistSimulation.build(netlist, netlist.parent / "cells.json", "top", shape)


def nand(inputs: np.ndarray) -> np.ndarray:
    return 1 - inputs.min(axis=1)[:, None]


def registered_nand(folder: Path) -> Path:
    builder = Builder(2)
    a, b = builder.inputs
    (z,) = builder.add("NAND", A=a, B=b)
    q, _ = builder.add("FLOP", CK=CLK, D=z)
    return builder.write(folder, [q])


@settings(max_examples=5, deadline=None)
@given(st.data())
def test_random_netlists_equal_their_evaluation_by_numpy(tmp_path_factory, data):
    builder = Builder(5)
    values = np.random.default_rng(0).integers(0, 2, (700, 5))
    nets = {bit: values[:, index] for index, bit in enumerate(builder.inputs)}
    nets |= {"0": np.zeros(700, int), "1": np.ones(700, int)}
    for _ in range(data.draw(st.integers(1, 30))):
        kind = data.draw(st.sampled_from(["NAND", "ADD", "ONE"]))
        pick = [data.draw(st.sampled_from(list(nets))) for _ in range(3)]
        x, y, z = (nets[bit] for bit in pick)
        if kind == "NAND":
            (out,) = builder.add(kind, A=pick[0], B=pick[1])
            nets[out] = 1 - (x & y)
        elif kind == "ADD":
            total, carry = builder.add(kind, A=pick[0], B=pick[1], C=pick[2])
            nets[total], nets[carry] = (x + y + z) & 1, (x + y + z) >> 1
        else:
            (out,) = builder.add(kind)
            nets[out] = nets["1"]
    ends = [bit for bit in nets if isinstance(bit, int)][-4:]
    registers = [builder.add("FLOP", CK=CLK, D=bit)[0] for bit in ends]
    netlist = builder.write(tmp_path_factory.mktemp("random"), registers)
    simulation = build(netlist, 5, len(ends))
    expected = np.stack([nets[bit] for bit in ends], axis=1)
    np.testing.assert_array_equal(simulation.run(values), expected)
    assert simulation.check(values, expected).passed


@pytest.mark.parametrize("events", [1, 2, 63, 64, 65, 130_000])
def test_every_number_of_events_comes_back_in_order(tmp_path, events):
    simulation = build(registered_nand(tmp_path), 2, 1)
    inputs = np.random.default_rng(events).integers(0, 2, (events, 2))
    expected = nand(inputs)
    assert simulation.check(inputs, expected).passed


def test_the_first_wrong_event_is_named(tmp_path):
    simulation = build(registered_nand(tmp_path), 2, 1)
    inputs = np.random.default_rng(0).integers(0, 2, (70_000, 2))
    expected = nand(inputs)
    expected[66_001] ^= 1
    expected[69_000] ^= 1
    verdict = simulation.check(inputs, expected)
    assert not verdict.passed
    assert verdict.mismatches == 2
    assert verdict.first is not None
    assert (verdict.first.event, verdict.first.element) == (66_001, 0)
    assert verdict.first.expected == 1 - verdict.first.actual


def test_a_wrong_latency_shows_in_out_valid(tmp_path):
    netlist = registered_nand(tmp_path)
    shape = Interface((1, 1), (1,), 2)
    models = tmp_path / "cells.json"
    simulation = NetlistSimulation.build(netlist, models, "top", shape)
    verdict = simulation.check(np.ones((100, 2), int), np.zeros((100, 1), int))
    assert verdict.valid_errors > 0
    assert not verdict.passed


def test_a_changed_gate_is_a_mismatch(tmp_path):
    builder = Builder(2)
    a, b = builder.inputs
    total, _ = builder.add("ADD", A=a, B=b, C="0")
    q, _ = builder.add("FLOP", CK=CLK, D=total)
    simulation = build(builder.write(tmp_path, [q]), 2, 1)
    inputs = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    verdict = simulation.check(inputs, nand(inputs))
    assert verdict.mismatches == 1
    assert verdict.first is not None
    assert verdict.first.event == 0


def test_toggle_rates_count_changes_between_consecutive_events(tmp_path):
    simulation = build(registered_nand(tmp_path), 2, 1)
    events = 6400
    inputs = np.zeros((events, 2), int)
    inputs[1::2, 0] = 1  # the first bit changes with every event
    inputs[:, 1] = 1
    rates = dict(zip(simulation.netlist.nets, simulation.toggle_rates(inputs), strict=True))
    ports = simulation.netlist.ports
    first, second = (simulation.netlist.nets[net] for net in ports["in_data"])
    assert rates[first] == 1.0
    assert rates[second] == 0.0
    assert rates[simulation.netlist.nets[ports["out_data"][0]]] == 1.0
    assert rates[simulation.netlist.nets[ports["clk"][0]]] == 2.0
    assert rates[simulation.netlist.nets[ports["in_valid"][0]]] == 0.0


def test_toggle_rates_need_a_full_pipeline(tmp_path):
    simulation = build(registered_nand(tmp_path), 2, 1)
    with pytest.raises(InputError, match="at least 3 events, got 1"):
        simulation.toggle_rates(np.zeros((1, 2), int))


def test_inputs_of_another_shape_are_refused(tmp_path):
    simulation = build(registered_nand(tmp_path), 2, 1)
    with pytest.raises(InputError, match=r"\(4, 3\), not \(events, 2\)"):
        simulation.run(np.zeros((4, 3), int))


def test_a_combinational_loop_names_a_net(tmp_path):
    builder = Builder(1)
    (z,) = builder.add("NAND", A=builder.inputs[0], B=builder.next + 1)
    builder.add("NAND", A=z, B=z)
    with pytest.raises(InputError, match=r"combinational loop through net n\d+"):
        build(builder.write(tmp_path, [z]), 1, 1)


def test_an_undriven_net_is_named(tmp_path):
    builder = Builder(1)
    (z,) = builder.add("NAND", A=builder.inputs[0], B=99)
    with pytest.raises(InputError, match=r"cell_1\.B is connected to net net 99, without a driver"):
        build(builder.write(tmp_path, [z]), 1, 1)


def test_a_net_with_two_drivers_is_named(tmp_path):
    builder = Builder(1)
    (z,) = builder.add("NAND", A=builder.inputs[0], B="1")
    builder.add("NAND", A=builder.inputs[0], B="1")
    builder.cells["cell_2"]["connections"]["Z"] = [z]
    with pytest.raises(InputError, match=rf"net n{z} has two drivers: cell_1\.Z and cell_2\.Z"):
        build(builder.write(tmp_path, [z]), 1, 1)


def test_a_cell_without_a_model_is_named(tmp_path):
    builder = Builder(1)
    (z,) = builder.add("NAND", A=builder.inputs[0], B="1")
    builder.cells["cell_1"]["type"] = "LATCH"
    with pytest.raises(InputError, match="cell cell_1: no model of 'LATCH'"):
        build(builder.write(tmp_path, [z]), 1, 1)


def test_a_gated_clock_is_refused(tmp_path):
    builder = Builder(1)
    (gated,) = builder.add("NAND", A=CLK, B="1")
    q, _ = builder.add("FLOP", CK=gated, D=builder.inputs[0])
    with pytest.raises(InputError, match="not by the port clk or a buffer"):
        build(builder.write(tmp_path, [q]), 1, 1)


def test_a_function_with_another_operator_is_refused(tmp_path):
    netlist = registered_nand(tmp_path)
    models = json.loads(json.dumps(MODELS))
    models["cells"]["NAND"]["outputs"]["Z"] = "system(A)"
    (tmp_path / "cells.json").write_text(json.dumps(models))
    with pytest.raises(InputError, match=r"cell NAND: cannot use the function '\(system & A\)'"):
        build(netlist, 2, 1)


def test_a_function_that_cannot_be_read_is_named_by_its_cell_and_pin(tmp_path):
    netlist = registered_nand(tmp_path)
    models = json.loads(json.dumps(MODELS))
    models["cells"]["NAND"]["outputs"]["Z"] = "A.real"
    (tmp_path / "cells.json").write_text(json.dumps(models))
    with pytest.raises(InputError, match=r"cells\.json: key 'cells\.NAND\.outputs\.Z' = 'A\.real'"):
        build(netlist, 2, 1)


def test_a_netlist_of_another_form_is_named_by_its_key(tmp_path):
    netlist = registered_nand(tmp_path)
    design = json.loads(netlist.read_text())
    design["modules"]["top"]["cells"]["cell_1"]["connections"]["A"] = 7
    netlist.write_text(json.dumps(design))
    with pytest.raises(InputError, match=r"cell_1\.connections\.A' = 7"):
        build(netlist, 2, 1)
