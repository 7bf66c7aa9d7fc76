"""The simulation with delays in lanes: circuits that are counted by hand, and Icarus Verilog."""

import json

import numpy as np
import pytest

from hexcoder.netlist.cell_tables import CellTables, Table
from hexcoder.netlist.delayed_lanes import Gate, Sources, count_toggles, delayed_toggle_rates
from hexcoder.netlist.delays import cell_delays, write_sdf
from hexcoder.netlist.flat import CellModel, Register, read_netlist
from hexcoder.netlist.function import Function
from hexcoder.netlist.simulation import Interface, NetlistSimulation
from hexcoder.netlist.timed import simulate_timed
from tests.needs import needs_iverilog

INVERT, XOR = Function.parse("!a"), Function.parse("a ^ b")
ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
MODELS = {
    "INV": CellModel(("a",), {"y": INVERT}, None),
    "XOR": CellModel(("a", "b"), {"y": XOR}, None),
    "NAND": CellModel(("a", "b"), {"y": Function.parse("!(a & b)")}, None),
    "FULL": CellModel(
        ("a", "b", "c"),
        {"y": Function.parse("(a & b) | (c & (a | b))"), "z": Function.parse("c ^ (a ^ b)")},
        None,
    ),
    "DFF": CellModel(
        ("c", "d"), {"q": Function.input("s")}, Register("c", "s", Function.input("d"))
    ),
}
INPUTS, GATES = 12, 80


def _ns(rise, fall=None):
    return (rise * 1e-9, (rise if fall is None else fall) * 1e-9)


def _hazard(inverter_ns, xor, words=3):
    """Toggles of x ^ (not x), with x rising in each even lane and falling in each odd one."""
    gates = [
        Gate(INVERT, ("a",), (2,), (_ns(inverter_ns),), 3),
        Gate(XOR, ("a", "b"), (2, 3), xor, 4),
    ]
    before = np.full((1, words), 0xAAAAAAAAAAAAAAAA, np.uint64)
    sources = Sources(np.array([2]), np.array([_ns(0.2)]), before, ~before)
    return count_toggles(5, gates, sources)[2:].tolist()


@pytest.mark.parametrize("words", [1, 2, 3, 8, 11])
def test_a_hazard_longer_than_the_gate_s_delay_counts_twice_in_every_lane(words):
    lanes = 64 * words
    assert _hazard(0.5, (_ns(0.3), _ns(0.3)), words) == [lanes, lanes, 2 * lanes]


def test_a_hazard_shorter_than_the_gate_s_delay_is_swallowed():
    assert _hazard(0.2, (_ns(0.3), _ns(0.3))) == [192, 192, 0]


def test_rise_and_fall_have_delays_of_their_own():
    # Fall at 0.2 + 0.1, rise at 0.2 + 0.2 + 0.4, and the other way round.
    assert _hazard(0.2, (_ns(0.4, 0.1), _ns(0.4, 0.1)))[2] == 2 * 192
    # A pulse of 0.2 that begins 0.4 after its cause has ended before.
    assert _hazard(0.2, (_ns(0.4, 0.4), _ns(0.1, 0.1)))[2] == 0


def test_of_inputs_that_turn_at_once_the_fastest_path_counts():
    both = Function.parse("a & b")
    old = np.zeros((2, 1), np.uint64)
    sources = Sources(np.array([2, 3]), np.array([_ns(0.2)] * 2), old, ~old)
    slow_fast = Gate(both, ("a", "b"), (2, 3), (_ns(0.9), _ns(0.1)), 4)
    late = Gate(INVERT, ("a",), (2,), (_ns(0.5),), 5)
    # The AND is up from 0.3 on, the inverter down from 0.7 on.
    pulse = Gate(both, ("a", "b"), (4, 5), (_ns(0.05), _ns(0.05)), 6)
    assert count_toggles(7, [slow_fast, late, pulse], sources)[6] == 128


def _table(value):
    return Table((0.0,), (0.0,), ((value * 1e-9,),))


def _tables(random):
    """Delays of each cell's arcs, other ones from each input and of each edge."""
    found = {}
    for kind, model in MODELS.items():
        starts = ("c",) if model.register else model.inputs
        arcs = {
            pin: {start: tuple(map(_table, random.uniform(0.02, 0.2, 2))) for start in starts}
            for pin in model.outputs
        }
        slews = {pin: dict.fromkeys(starts, _table(0.1)) for pin in model.outputs}
        found[kind] = CellTables({}, {}, slews, slews, arcs, {})
    return found


def _circuit(random, folder):
    """Registered inputs, gates that each read any nets before, and the last nets registered."""
    cells, verilog, nets = {}, [], []
    ports = {"clk": [2], "rst": [3], "in_valid": [4], "in_data": [*range(5, 5 + INPUTS)]}
    next_bit = 5 + INPUTS

    def add(kind, **pins):
        nonlocal next_bit
        model = MODELS[kind]
        pins |= {pin: next_bit + k for k, pin in enumerate(model.outputs)}
        next_bit += len(model.outputs)
        cells[f"u{len(cells)}"] = {
            "type": kind,
            "port_directions": {p: "output" if p in model.outputs else "input" for p in pins},
            "connections": {p: [bit] for p, bit in pins.items()},
        }
        names = ", ".join(f".{pin}(n[{bit}])" for pin, bit in pins.items())
        verilog.append(f"{kind} u{len(cells) - 1} ({names});")
        return [pins[pin] for pin in model.outputs]

    valid = add("DFF", c=2, d=4)
    for bit in ports["in_data"]:
        nets += add("DFF", c=2, d=bit)
    for _ in range(GATES):
        kind = str(random.choice(["INV", "XOR", "NAND", "FULL"], p=[0.1, 0.3, 0.2, 0.4]))
        read = random.choice(nets[-40:], len(MODELS[kind].inputs), replace=False)
        nets += add(kind, **dict(zip(MODELS[kind].inputs, map(int, read), strict=True)))
    outputs = [bit for net in nets[-4:] for bit in add("DFF", c=2, d=net)]
    outgoing = {"out_valid": add("DFF", c=2, d=valid[0]), "out_data": outputs}
    directions = dict.fromkeys(ports, "input") | dict.fromkeys(outgoing, "output")
    ports |= outgoing
    names = {"n": {"bits": ["0", "1", *range(2, next_bit)]}}
    module = {
        "ports": {n: {"direction": directions[n], "bits": bits} for n, bits in ports.items()},
        "netnames": names,
        "cells": cells,
    }
    (folder / "n.json").write_text(json.dumps({"modules": {"top": module}}))
    lines = [f"module top({', '.join(ports)});", f"wire [{next_bit - 1}:0] n;"]
    for name, bits in ports.items():
        lines.append(f"{directions[name]} [{len(bits) - 1}:0] {name};")
        slices = f"n[{bits[-1]}:{bits[0]}]" if directions[name] == "input" else ""
        slices = slices or "{" + ", ".join(f"n[{bit}]" for bit in reversed(bits)) + "}"
        ends = (slices, name) if directions[name] == "input" else (name, slices)
        lines.append("assign {} = {};".format(*ends))
    (folder / "n.v").write_text("\n".join([*lines, *verilog, "endmodule\n"]))
    (folder / "cells.json").write_text(
        json.dumps(
            {
                "cells": {
                    kind: {
                        "inputs": model.inputs,
                        "outputs": {pin: str(f) for pin, f in model.outputs.items()},
                        "register": model.register
                        and {"clock": "c", "state": "s", "next_state": "d"},
                    }
                    for kind, model in MODELS.items()
                }
            }
        )
    )


@needs_iverilog
@pytest.mark.parametrize("seed", range(5))
def test_toggles_of_each_net_are_those_of_icarus(tmp_path, seed):
    random = np.random.default_rng(seed)
    _circuit(random, tmp_path)
    shape = Interface((1,) * INPUTS, (1,) * 4, 2)
    files = tmp_path / "n.json", tmp_path / "cells.json"
    simulation = NetlistSimulation.build(*files, "top", shape)
    flat, tables = simulation.netlist, _tables(random)
    assert flat == read_netlist(files[0], MODELS, "top")
    loads = np.zeros(len(flat.nets))
    sdf = tmp_path / "n.sdf"
    write_sdf(flat, tables, loads, sdf, "top")
    events = random.integers(0, 2, (150, INPUTS))
    timed = simulate_timed(
        tmp_path / "n.v",
        sdf,
        flat,
        MODELS,
        "top",
        shape,
        events,
        None,
        tmp_path / "work",
        25.0,
        1.0,
    )
    rates, cycles = delayed_toggle_rates(
        simulation, MODELS, cell_delays(flat, tables, loads), {}, events, 1e-9
    )
    still = simulation.toggle_rates(events)
    assert cycles == timed.cycles == 147
    assert rates.sum() > 1.3 * still.sum()
    assert rates.sum() == pytest.approx(timed.toggle_rates.sum(), rel=0.01)
    assert np.abs(rates - timed.toggle_rates).max() < 0.1 * timed.toggle_rates.max()
    assert np.corrcoef(rates, timed.toggle_rates)[0, 1] > 0.999
