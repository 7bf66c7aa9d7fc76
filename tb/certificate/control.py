"""What is small: the full adder, and the registers of the valid bit. All patterns are tried."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from hexcoder.errors import InputError
from hexcoder.metrics.difference import Difference
from hexcoder.netlist.flat import ONE, ZERO, FlatNetlist, Instance
from hexcoder.netlist.lanes import ALL
from hexcoder.netlist.rtl_gates import FULL_ADDER, rtl_gates
from hexcoder.netlist.simulation import NetlistSimulation
from hexcoder.netlist.streams import from_streams, to_streams
from hexcoder.network.modules import random_inputs
from hexcoder.sensor.stimulus import EncoderCore
from hexcoder.tb.certificate.circuit import REGISTER, Builder, in_order, nets_made, nets_read
from hexcoder.tb.certificate.samples import evaluate_gate

_MOST_INPUTS = 12
_CLOCKS = 4096
_ADDER = re.compile(rf"^module {FULL_ADDER}\b.*?^endmodule", re.M | re.S)


def adder_difference(verilog: Path, work: Path) -> Difference | None:
    """A pattern that the module of the full adder adds up wrongly; None if there is none."""
    texts = _ADDER.findall(verilog.read_text(encoding="utf-8"))
    if not texts:
        return None
    work.mkdir(parents=True, exist_ok=True)
    path = work / f"{FULL_ADDER}.v"
    path.write_text("\n".join([*texts, ""]), encoding="utf-8")
    netlist, _, _, _ = rtl_gates(path, FULL_ADDER, work)
    inputs = [netlist.ports[port][0] for port in "abc"]
    patterns = _patterns(3)
    total = patterns.sum(axis=0)
    for port, place in (("sum", 0), ("carry", 1)):
        found = _values(netlist, netlist.ports[port][0], inputs)
        if found is None:
            raise InputError(
                f"{verilog}: module {FULL_ADDER}: '{port}' depends on more than a, b, c"
            )
        wrong = found != (total >> place & 1)
        if wrong.any():
            event = int(np.argmax(wrong))
            return Difference(
                module=FULL_ADDER,
                layer=port,
                element=0,
                event=event,
                expected=int(total[event] >> place & 1),
                actual=int(found[event]),
                input=tuple(int(bit) for bit in patterns[:, event]),
            )
    return None


def control_difference(simulation: NetlistSimulation, core: EncoderCore) -> Difference | None:
    """Random events with gaps, and resets at random: the first clock that is wrong, or None."""
    random = np.random.default_rng(0)
    events = random_inputs(core.network, _CLOCKS, random, 0)
    valid, reset = random.random(_CLOCKS) < 0.6, random.random(_CLOCKS) < 0.1
    values = np.zeros((_CLOCKS, 1 + sum(core.input_widths)), np.uint64)
    values[:, 0] = np.where(valid, ALL, np.uint64(0))
    bits = to_streams(events, core.input_widths, _CLOCKS)
    values[:, 1:] = np.where(bits & np.uint64(1) != 0, ALL, np.uint64(0))
    lanes = simulation.lanes
    lanes.clear()
    lanes.run(np.zeros_like(values)[: core.latency + 2], reset=True)
    outputs = np.concatenate(
        [lanes.run(values[k : k + 1], reset=bool(reset[k]))[0] for k in range(_CLOCKS)]
    )
    found = from_streams(outputs[:, 1:], core.output_widths, _CLOCKS)
    golden = core.golden(events) & ((1 << np.array(core.output_widths, np.int64)) - 1)
    for clock in range(core.latency, _CLOCKS):
        since = clock - core.latency
        wanted = bool(valid[since]) and not reset[since:clock].any()
        given = bool(outputs[clock, 0] & np.uint64(1))
        wrong = np.flatnonzero(found[clock] != golden[since])
        if given != wanted:
            return Difference(
                module=core.name, layer="out_valid", element=0, event=since,
                expected=int(wanted), actual=int(given),
            )  # fmt: skip
        if wanted and wrong.size:
            element = int(wrong[0])
            return Difference(
                module=core.name, layer="output", element=element, event=since,
                expected=int(golden[since, element]), actual=int(found[clock, element]),
                input=tuple(events[since].tolist()),
            )  # fmt: skip
    return None


def control_fault(netlist: FlatNetlist, latency: int) -> str:
    """What is wrong with the valid bit; empty if it is a chain of registers that reset clears.

    From ``out_valid`` back, each register takes the one before it, or 0 in reset; the last one
    takes ``in_valid``. So ``out_valid`` is ``in_valid`` ``latency`` clocks ago unless there was a
    reset since, whatever the registers held at first: induction over the chain.
    """
    rst, start = netlist.ports["rst"][0], netlist.ports["in_valid"][0]
    registers = {cell.pins["Q"]: cell for cell in netlist.instances if cell.kind == REGISTER}
    net, is_wired = netlist.ports["out_valid"][0], True
    for clock in range(latency, -1, -1):
        leaves = _leaves(netlist, net)
        if len(leaves) > _MOST_INPUTS:
            return f"out_valid: a register of it depends on {len(leaves)} signals"
        before = start if clock == 0 else next((one for one in leaves if one in registers), -1)
        wanted = [before] if is_wired else [before, rst]
        if set(leaves) != set(wanted):
            names = ", ".join(sorted(netlist.nets[leaf] for leaf in leaves)) or "nothing"
            what = "out_valid" if is_wired else f"the valid register {clock + 1}"
            return f"{what} takes {names}"
        found = _values(netlist, net, wanted)
        rows = _patterns(len(wanted))
        golden = rows[0] if is_wired else rows[0] & ~rows[1]
        if found is None or (found != golden).any():
            return f"the valid register {clock + 1} is not the one before it, cleared by reset"
        if clock:
            net, is_wired = registers[before].pins["D"], False
    return ""


def _patterns(count: int) -> np.ndarray:
    """All patterns of bits: bool (count, 2**count)."""
    return (np.arange(1 << count) >> np.arange(count)[:, None] & 1).astype(bool)


def _leaves(netlist: FlatNetlist, net: int) -> list[int]:
    """Inputs and registers that a net depends on within the clock."""
    cells = _cone(netlist, net)
    made = {one for cell in cells for one in nets_made(cell)}
    read = {net, *(one for cell in cells for one in nets_read(cell))}
    return sorted(read - made - {ZERO, ONE})


def _cone(netlist: FlatNetlist, net: int) -> list[Instance]:
    driver = {
        made: cell
        for cell in netlist.instances
        if cell.kind != REGISTER
        for made in nets_made(cell)
    }
    found: dict[int, Instance] = {}
    waiting = [net]
    while waiting:
        cell = driver.get(waiting.pop())
        if cell is not None and id(cell) not in found:
            found[id(cell)] = cell
            waiting += nets_read(cell)
    return list(found.values())


def _values(netlist: FlatNetlist, net: int, inputs: Sequence[int]) -> np.ndarray | None:
    """A net for all patterns of some others; None if it depends on more."""
    builder = Builder()
    rows: dict[int, np.ndarray] = {0: np.zeros(1 << len(inputs), bool)}
    for leaf, row in zip(inputs, _patterns(len(inputs)), strict=True):
        variable = builder.circuit.variable(netlist.nets[leaf])
        builder.literals[leaf], rows[variable] = 2 * variable, row
    for cell in in_order(_cone(netlist, net)):
        if any(read not in builder.literals for read in nets_read(cell)):
            return None
        builder.add(cell, netlist.nets)
    for gate in builder.circuit.gates:
        for place, row in enumerate(evaluate_gate(gate, rows, True)):
            rows[gate.output + place] = row
    return _of(builder.literals, rows, net)


def _of(literals: Mapping[int, int], rows: Mapping[int, np.ndarray], net: int) -> np.ndarray | None:
    literal = literals.get(net)
    return None if literal is None else rows[literal >> 1] ^ bool(literal & 1)
