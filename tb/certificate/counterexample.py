"""An event at which an element that is not proved is wrong, or a proof by SAT that none is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import TimeoutExpired

import numpy as np

from hexcoder.netlist.lanes import ALL
from hexcoder.netlist.simulation import NetlistSimulation
from hexcoder.netlist.streams import from_streams
from hexcoder.netlist.yosys import quoted, run_yosys
from hexcoder.tb.certificate.certify import Unproved
from hexcoder.tb.certificate.circuit import NO_GATE, Circuit, Kind
from hexcoder.tb.certificate.layers import MOST_VALUES, Element
from hexcoder.tb.certificate.words import Prover

SECONDS = 5
"""Of yosys and its SAT solver for one element."""
MOST_GATES = 50_000
"""Behind an element that SAT is asked about."""
MOST_RUNS = 4096
"""Pieces of a function that SAT is asked about."""


@dataclass(frozen=True)
class Model:
    """Values at which an element is wrong: of bits of ``in_data``, and of states by register."""

    bits: np.ndarray
    states: dict[str, int]


def solve(prover: Prover, unproved: Unproved, folder: Path) -> Model | bool:
    """Ask SAT for an event at which an element is wrong.

    Returns
    -------
    Model or bool
        True if there is none: that is a proof. False if nothing was found in :data:`SECONDS`.
    """
    text, inputs = _miter(prover, unproved)
    if not text:
        return False
    folder.mkdir(parents=True, exist_ok=True)
    verilog = folder / "miter.v"
    verilog.write_text(text, encoding="utf-8")
    script = [
        f"read_verilog {quoted(verilog)}",
        "hierarchy -top miter",
        "proc -norom",
        "flatten",
        "opt -full",
        "sat -set differs 1 -show x miter",
    ]
    try:
        log = run_yosys(script, folder / "miter.ys", timeout_s=SECONDS)
    except TimeoutExpired:
        return False
    if "no model found" in log:
        return True
    found = re.search(r"^\s*\\x\s+\S+\s+\S+\s+([01x]+)\s*$", log, re.M)
    if found is None:
        return False
    bits = [int(bit == "1") for bit in reversed(found[1].rjust(len(inputs), "0"))]
    circuit = prover.circuit
    values = dict(zip(inputs, bits, strict=True))
    return Model(
        np.array([values.get(variable, 0) for variable in circuit.inputs], np.int64),
        {name: values[variable] for variable, name in circuit.states.items() if variable in values},
    )


def _miter(prover: Prover, unproved: Unproved) -> tuple[str, list[int]]:
    """Module whose output says that an element is wrong, and the variable of each bit of ``x``."""
    element, word = unproved.element, unproved.failure.word
    circuit, bits = prover.circuit, unproved.bits
    assert element.sum is not None
    assert element.function is not None
    low, high = element.sum.bounds
    runs = list(_runs(element)) if high - low >> element.drop < MOST_VALUES else []
    if not runs or len(runs) > MOST_RUNS:
        return "", []
    if word is not None and all(variable < len(circuit.names) for variable in word.rest.terms):
        # What there is and what it lacks are the golden sum, modulo what matters of it.
        terms = [(factor, 2 * variable) for variable, factor in word.rest.terms.items()]
        terms += [(1 << place, literal) for place, literal in word.bits.items()]
        constant, width = word.rest.constant, word.width
    else:
        form = prover.form(element.sum)
        if any(variable >= len(circuit.names) for variable in form.terms):
            return "", []
        terms = [(factor, 2 * variable) for variable, factor in form.terms.items()]
        constant, width = form.constant, None
    wanted = [literal >> 1 for literal in bits if literal is not None]
    wanted += [literal >> 1 for _, literal in terms]
    gates = circuit.cone(wanted, {})
    if len(gates) > MOST_GATES:
        return "", []
    inputs = sorted(
        {
            variable
            for gate in gates
            for variable in (literal >> 1 for literal in gate.inputs)
            if variable and circuit.made_by[variable] == NO_GATE
        }
        | {variable for variable in wanted if variable and circuit.made_by[variable] == NO_GATE}
    )
    lines = [
        f"module miter(input [{max(len(inputs), 1) - 1}:0] x, output differs);",
        "wire v0 = 0;",
    ]
    lines += [f"wire v{variable} = x[{place}];" for place, variable in enumerate(inputs)]
    for gate in gates:
        operands = [_literal(literal) for literal in gate.inputs]
        out = gate.output
        if gate.kind is Kind.FULL_ADDER:
            a, b, c = operands
            lines.append(f"wire v{out} = {a} ^ {b} ^ {c};")
            lines.append(f"wire v{out + 1} = ({a} & {b}) | ({c} & ({a} | {b}));")
        else:
            sign = "&" if gate.kind is Kind.AND else "^"
            lines.append(f"wire v{out} = {operands[0]} {sign} {operands[1]};")
    # So wide that nothing wraps.
    reach = abs(constant) + sum(abs(factor) for factor, _ in terms) + abs(low) + (1 << (width or 0))
    reach += max(abs(last) + abs(number) for last, _, number in runs)
    size = max(reach.bit_length() + 1, len(bits) + 1)
    integer = f"wire signed [{size - 1}:0]"

    def number_of(value: int) -> str:
        return f"{'-' if value < 0 else ''}{size}'sd{abs(value)}"

    total = " + ".join(
        [
            number_of(constant),
            *(f"({_literal(one)} ? {number_of(factor)} : {number_of(0)})" for factor, one in terms),
        ]
    )
    lines.append(f"{integer} all_bits = {total};")
    # Modulo 2**width, in the window that the golden sum lies in.
    if width is not None and high - low < 1 << width:
        lines.append(f"wire [{width - 1}:0] above = all_bits - {number_of(low)};")
        lines.append(f"{integer} total = $signed({{1'b0, above}}) + {number_of(low)};")
    elif width is not None:
        lines.append(f"wire signed [{width - 1}:0] kept = all_bits[{width - 1}:0];")
        lines.append(f"{integer} total = kept;")
    else:
        lines.append(f"{integer} total = all_bits;")
    lines.append(f"{integer} value = total >>> {element.drop};")
    golden = number_of(0)
    for last, is_constant, number in reversed(runs):
        piece = number_of(number) if is_constant else f"value + {number_of(number)}"
        golden = f"(value <= {number_of(last)}) ? ({piece}) : ({golden})"
    lines.append(f"{integer} golden = {golden};")
    wrong = " | ".join(
        f"({_literal(literal)} ^ golden[{place}])"
        for place, literal in enumerate(bits)
        if literal is not None
    )
    lines += [f"assign differs = {wrong or 0};", "endmodule", ""]
    return "\n".join(lines), inputs


def _literal(literal: int) -> str:
    return f"{'~' if literal & 1 else ''}v{literal >> 1}"


def _runs(element: Element) -> Iterator[tuple[int, bool, int]]:
    """A function in pieces: last integer, whether it is constant, that constant or the offset."""
    assert element.sum is not None
    assert element.function is not None
    low, high = (bound >> element.drop for bound in element.sum.bounds)
    values = np.arange(low, high + 1)
    golden = element.function(values)
    same = np.append(np.flatnonzero(np.diff(golden)), len(values) - 1)
    along = np.append(np.flatnonzero(np.diff(golden - values)), len(values) - 1)
    start = 0
    while start < len(values):
        ends = [int(row[np.searchsorted(row, start)]) for row in (same, along)]
        is_constant = ends[0] >= ends[1]
        number = golden[start] if is_constant else golden[start] - values[start]
        end = max(ends)
        yield low + end, is_constant, int(number)
        start = end + 1


def differs_with_states(
    simulation: NetlistSimulation, circuit: Circuit, model: Model, golden: np.ndarray
) -> bool:
    """Whether an event that is held at the input comes out wrong once registers hold a state."""
    lanes, interface = simulation.lanes, simulation.interface
    clocks = interface.latency_cycles + 2
    held = np.where(model.bits.astype(bool), ALL, np.uint64(0))
    values = np.tile(np.concatenate([[ALL], held]).astype(np.uint64), (clocks, 1))
    lanes.clear()
    lanes.run(np.zeros_like(values), reset=True)
    lanes.run(values)
    state = lanes.state
    for number, register in enumerate(lanes.registers):
        if register.path in model.states:
            state[number] = ALL if model.states[register.path] else 0
    lanes.state = state
    outputs, _ = lanes.run(values)
    found = from_streams(outputs[:, 1:], interface.output_widths, clocks)
    masks = (1 << np.array(interface.output_widths, np.int64)) - 1
    return bool((found != (golden & masks)).any())


def elements_of(bits: np.ndarray, widths: Sequence[int], signed: Sequence[bool]) -> np.ndarray:
    """Integers of the elements in ``in_data``: int64 (1, elements)."""
    values, first = [], 0
    for width, is_signed in zip(widths, signed, strict=True):
        value = sum(int(bit) << place for place, bit in enumerate(bits[first : first + width]))
        first += width
        values.append(value - (1 << width) if is_signed and value >> width - 1 else value)
    return np.array([values], np.int64)
