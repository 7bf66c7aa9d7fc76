"""Simulation with delays on a circuit whose glitches are counted by hand."""

import json

import numpy as np
import pytest

from hexcoder.errors import InputError
from hexcoder.netlist import gate_level
from hexcoder.netlist import timed as timed_module
from hexcoder.netlist.cell_tables import CellTables, Table
from hexcoder.netlist.delays import write_sdf
from hexcoder.netlist.flat import CellModel, Register, read_netlist
from hexcoder.netlist.function import Function
from hexcoder.netlist.simulation import Interface
from hexcoder.netlist.timed import simulate_timed, timed_cells
from tests.needs import needs_iverilog

pytestmark = needs_iverilog

MODELS = {
    "INV": CellModel(("a",), {"y": Function.parse("!a")}, None),
    "XOR": CellModel(("a", "b"), {"y": Function.parse("a ^ b")}, None),
    "NOR": CellModel(("a", "b"), {"y": Function.parse("!(a | b)")}, None),
    "DFF": CellModel(
        ("c", "d"), {"q": Function.input("s")}, Register("c", "s", Function.input("d"))
    ),
}
SHAPE = Interface((1,), (2,), 1)


def _cell(kind, **pins):
    directions = {p: "output" if p in "yq" else "input" for p in pins}
    return {
        "type": kind,
        "port_directions": directions,
        "connections": {p: [bit] for p, bit in pins.items()},
    }


@pytest.fixture
def circuit(tmp_path):
    """out_data = {registered in_data ^ its own inverse, in_data registered}: a hazard by design."""
    (tmp_path / "n.v").write_text(
        "module top(clk, rst, in_valid, in_data, out_valid, out_data);\n"
        "input clk, rst, in_valid, in_data; output out_valid; output [1:0] out_data;\n"
        "wire not_q;\n"
        "DFF valid (.c(clk), .d(in_valid), .q(out_valid));\n"
        "DFF data (.c(clk), .d(in_data), .q(out_data[0]));\n"
        "INV inverter (.a(out_data[0]), .y(not_q));\n"
        "XOR hazard (.a(out_data[0]), .b(not_q), .y(out_data[1]));\n"
        "endmodule\n"
    )
    inputs = dict(zip(("clk", "rst", "in_valid", "in_data"), range(2, 6), strict=True))
    ports = {n: {"direction": "input", "bits": [b]} for n, b in inputs.items()}
    ports["out_valid"] = {"direction": "output", "bits": [6]}
    ports["out_data"] = {"direction": "output", "bits": [7, 8]}
    names = {n: {"bits": p["bits"]} for n, p in ports.items()} | {"not_q": {"bits": [9]}}
    cells = {
        "valid": _cell("DFF", c=2, d=4, q=6),
        "data": _cell("DFF", c=2, d=5, q=7),
        "inverter": _cell("INV", a=7, y=9),
        "hazard": _cell("XOR", a=7, b=9, y=8),
    }
    design = {"modules": {"top": {"ports": ports, "netnames": names, "cells": cells}}}
    (tmp_path / "n.json").write_text(json.dumps(design))
    return tmp_path, read_netlist(tmp_path / "n.json", MODELS, "top")


def _sdf(folder, inverter_ns, xor_ns, flop_ns=0.2):
    cells = [("DFF", name, [("c", "q")], flop_ns) for name in ("valid", "data")] + [
        ("INV", "inverter", [("a", "y")], inverter_ns)
    ]
    cells.append(("XOR", "hazard", [("a", "y"), ("b", "y")], xor_ns))
    text = '(DELAYFILE (SDFVERSION "3.0") (DESIGN "top") (DIVIDER /) (TIMESCALE 1ns)\n'
    for kind, name, paths, delay in cells:
        body = " ".join(f"(IOPATH {a} {y} ({delay}) ({delay}))" for a, y in paths)
        text += f'(CELL (CELLTYPE "{kind}") (INSTANCE {name}) (DELAY (ABSOLUTE {body})))\n'
    path = folder / "n.sdf"
    path.write_text(text + ")\n")
    return path


def _run(circuit, sdf, period_ns=10.0):
    folder, flat = circuit
    inputs = np.arange(40)[:, None] % 2
    expected = np.stack([inputs[:, 0] + 2], axis=1)
    timed = simulate_timed(
        folder / "n.v", sdf, flat, MODELS, "top", SHAPE, inputs, expected, folder / "work",
        period_ns, 1.0,
    )  # fmt: skip
    return timed, dict(zip(flat.nets, timed.toggle_rates.tolist(), strict=True))


def test_a_hazard_as_long_as_the_gate_s_delay_is_counted_twice_an_event(circuit):
    timed, rates = _run(circuit, _sdf(circuit[0], inverter_ns=0.5, xor_ns=0.3))
    assert timed.verdict is not None
    assert timed.verdict.passed
    assert timed.cycles == 38
    assert rates["clk"] == 2.0
    assert rates["out_data[0]"] == rates["not_q"] == rates["in_data"] == 1.0
    assert rates["out_data[1]"] == pytest.approx(2.0, abs=0.1)


def test_a_hazard_shorter_than_the_gate_s_delay_is_swallowed(circuit):
    _, rates = _run(circuit, _sdf(circuit[0], inverter_ns=0.2, xor_ns=0.3))
    assert rates["out_data[1]"] == 0.0


def test_a_cell_too_slow_for_the_clock_gives_wrong_outputs(circuit):
    timed, _ = _run(circuit, _sdf(circuit[0], inverter_ns=0.5, xor_ns=0.3, flop_ns=3.0), 3.5)
    assert timed.verdict is not None
    assert timed.verdict.mismatches > 30


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_dump_that_was_stopped_in_the_midst_of_a_line_counts_up_to_it(circuit, monkeypatch, cut):
    """As the time limit leaves it."""
    whole = timed_module._count

    def count(dump, flat):
        dump.write_bytes(dump.read_bytes()[:-cut])
        return whole(dump, flat)

    monkeypatch.setattr(timed_module, "_count", count)
    _, rates = _run(circuit, _sdf(circuit[0], inverter_ns=0.5, xor_ns=0.3))
    assert rates["out_data[0]"] == pytest.approx(1.0, abs=0.1)


def test_an_sdf_of_another_netlist_is_refused(circuit):
    sdf = _sdf(circuit[0], 0.5, 0.3)
    sdf.write_text(sdf.read_text().replace("INSTANCE hazard", "INSTANCE nothing"))
    with pytest.raises(InputError, match="nothing"):
        _run(circuit, sdf)


@pytest.fixture
def joined(circuit):
    """The circuit with a NOR whose two inputs lie on one net in the inverter's place."""
    folder, _ = circuit
    verilog = (folder / "n.v").read_text()
    nor = "NOR inverter (.b(out_data[0]), .a(out_data[0])"
    (folder / "n.v").write_text(verilog.replace("INV inverter (.a(out_data[0])", nor))
    design = json.loads((folder / "n.json").read_text())
    design["modules"]["top"]["cells"]["inverter"] = _cell("NOR", a=7, b=7, y=9)
    (folder / "n.json").write_text(json.dumps(design))
    return folder, read_netlist(folder / "n.json", MODELS, "top")


def _with_nor(sdf, a, b):
    old = next(line for line in sdf.read_text().splitlines() if "inverter" in line)
    new = old.replace("INV", "NOR")
    start, end = new.index("(IOPATH"), new.rindex(")))")
    paths = " ".join(f"(IOPATH {pin} y ({delay}) ({delay}))" for pin, delay in (("a", a), ("b", b)))
    sdf.write_text(sdf.read_text().replace(old, f"{new[:start]}{paths}{new[end:]}"))
    return sdf


def test_a_cell_with_two_pins_on_one_net_keeps_its_delay(joined):
    timed, rates = _run(joined, _with_nor(_sdf(joined[0], 0.5, 0.3), 0.5, 0.5))
    assert timed.verdict is not None
    assert timed.verdict.passed
    assert rates["out_data[1]"] == pytest.approx(2.0, abs=0.1)
    _, rates = _run(joined, _with_nor(_sdf(joined[0], 0.2, 0.3), 0.2, 0.2))
    assert rates["out_data[1]"] == 0.0


def test_a_pin_that_the_cell_does_not_have_is_still_refused(joined):
    sdf = _with_nor(_sdf(joined[0], 0.5, 0.3), 0.5, 0.5)
    sdf.write_text(sdf.read_text().replace("IOPATH b", "IOPATH other"))
    with pytest.raises(InputError, match="other"):
        _run(joined, sdf)


def test_pins_on_one_net_get_the_delay_of_the_slowest(joined):
    folder, flat = joined

    def table(delay):
        return Table((0.0,), (0.0,), ((delay * 1e-9,),))

    def tables(**delays):
        arcs = {pin: (table(rise), table(fall)) for pin, (rise, fall) in delays.items()}
        slews = {pin: table(0.1) for pin in delays}
        output = "q" if "c" in delays else "y"
        return CellTables({}, {}, {output: slews}, {output: slews}, {output: arcs}, {})

    cells = {
        "NOR": tables(a=(0.1, 0.4), b=(0.2, 0.3)),
        "XOR": tables(a=(0.1, 0.2), b=(0.3, 0.4)),
        "DFF": tables(c=(0.1, 0.1)),
    }
    write_sdf(flat, cells, np.zeros(len(flat.nets)), folder / "n.sdf", "top")
    text = (folder / "n.sdf").read_text()
    assert "(IOPATH a y (0.2000) (0.4000)) (IOPATH b y (0.2000) (0.4000))" in text
    # Pins on nets of their own keep their own.
    assert "(IOPATH a y (0.1000) (0.2000)) (IOPATH b y (0.3000) (0.4000))" in text
    assert _run(joined, folder / "n.sdf")[0].cycles == 38


def test_cells_have_a_path_from_each_input():
    text = timed_cells(MODELS, ["XOR", "DFF"])
    assert "(a => y) = (0, 0);" in text
    assert "(b => y) = (0, 0);" in text
    assert "(c => q) = (0, 0);" in text
    assert "(d => q)" not in text


def test_a_log_and_answers_that_were_stopped_in_the_midst_of_a_line_count_up_to_it(
    joined, monkeypatch
):
    whole = gate_level._run_for

    def stopped(command, log, limit_s):
        whole(command, log, limit_s)
        # Of a pin on another's net, which is no fault where the cell's name is whole.
        with log.open("a") as stream:
            stream.write("SDF WARNING: t.v:14: Unable to match ModPath a -> y in testbench.dut.inv")
        answers = log.with_name("result.txt")
        answers.write_bytes(answers.read_bytes()[:-2])

    monkeypatch.setattr(gate_level, "_run_for", stopped)
    timed, _ = _run(joined, _with_nor(_sdf(joined[0], 0.5, 0.3), 0.5, 0.5))
    assert timed.verdict is not None
    assert timed.verdict.passed
    assert timed.verdict.vectors == 39
