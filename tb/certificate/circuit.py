"""The text of a design as one combinational circuit, and whether its pipeline is pure.

A pure pipeline has registers on its paths and no other state: no loop, every path from an input to
an output crosses equally many registers, and no data depend on reset or on ``in_valid``. Then each
register may be taken for a wire, and outputs are a function of one event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from hexcoder.netlist.flat import ONE, ZERO, FlatNetlist, Instance
from hexcoder.netlist.rtl_gates import FULL_ADDER

REGISTER = "$_DFF_P_"
NO_GATE = -1
_WIRES = (REGISTER, "$_NOT_", "$_BUF_")
"""Cells that make no variable."""


class Kind(Enum):
    """What a gate computes."""

    AND = "and"
    XOR = "xor"
    FULL_ADDER = "full adder"


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate: ``inputs`` are literals, ``output`` is its variable; of a full adder the sum's.

    A literal is twice a variable's number, plus one for its inverse; variable 0 is the constant 0.
    The carry of a full adder is the variable after its sum.
    """

    kind: Kind
    inputs: tuple[int, ...]
    output: int


@dataclass
class Circuit:
    """Gates in order of evaluation, registers taken for wires.

    Attributes
    ----------
    gates : list of Gate
    made_by : list of int
        Number of the gate of each variable; ``NO_GATE`` of a constant, an input or a state.
    names : list of str
        Of each variable.
    inputs : list of int
        Variable of each bit of ``in_data``.
    outputs : list of int
        Literal of each bit of ``out_data``.
    states : dict of int to str
        Variables that should not be there, and the register that each of them is.
    valid : int
        Variable of ``in_valid``, on which no output of a pure pipeline depends.
    impurities : list of str
        Why the pipeline is not pure, a line each; empty if it is.
    """

    gates: list[Gate] = field(default_factory=list)
    made_by: list[int] = field(default_factory=lambda: [NO_GATE])
    names: list[str] = field(default_factory=lambda: ["0"])
    inputs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    states: dict[int, str] = field(default_factory=dict)
    valid: int = 0
    impurities: list[str] = field(default_factory=list)

    def variable(self, name: str) -> int:
        """A new variable without a gate."""
        self.made_by.append(NO_GATE)
        self.names.append(name)
        return len(self.names) - 1

    def gate(self, kind: Kind, inputs: Sequence[int], *names: str) -> int:
        """Variable of a new gate's first output."""
        first = len(self.names)
        for name in names:
            self.made_by.append(len(self.gates))
            self.names.append(name)
        self.gates.append(Gate(kind, tuple(inputs), first))
        return first

    def cone(self, variables: Sequence[int], cut: Mapping[int, object]) -> list[Gate]:
        """Gates between the variables of ``cut`` and some others, in order of evaluation."""
        found: set[int] = set()
        waiting = list(variables)
        seen = set(cut)
        while waiting:
            variable = waiting.pop()
            if variable in seen:
                continue
            seen.add(variable)
            number = self.made_by[variable]
            if number != NO_GATE and number not in found:
                found.add(number)
                waiting += [literal >> 1 for literal in self.gates[number].inputs]
        return [self.gates[number] for number in sorted(found)]


class Builder:
    """Literals of nets, gate by gate; equal gates are made once."""

    def __init__(self) -> None:
        self.circuit = Circuit()
        self.literals: dict[int, int] = {ZERO: 0, ONE: 1}
        self._known: dict[tuple[Kind, int, int], int] = {}

    def and_(self, a: int, b: int, name: str) -> int:
        a, b = sorted((a, b))
        if a == 0 or a == b ^ 1:
            return 0
        if a in (1, b):
            return b
        return 2 * self._gate(Kind.AND, a, b, name)

    def xor(self, a: int, b: int, name: str) -> int:
        inverse = (a ^ b) & 1
        a, b = sorted((a & ~1, b & ~1))
        if a == 0:
            return b ^ inverse
        if a == b:
            return inverse
        return 2 * self._gate(Kind.XOR, a, b, name) ^ inverse

    def _gate(self, kind: Kind, a: int, b: int, name: str) -> int:
        if (kind, a, b) not in self._known:
            self._known[kind, a, b] = self.circuit.gate(kind, (a, b), name)
        return self._known[kind, a, b]

    def add(self, cell: Instance, names: Sequence[str]) -> None:
        """Give the nets that a combinational cell drives their literals."""
        pins, kind = cell.pins, cell.kind
        if kind == FULL_ADDER:
            inputs = [self.literals[pins[pin]] for pin in "abc"]
            first = self.circuit.gate(
                Kind.FULL_ADDER, inputs, f"{cell.path}.sum", f"{cell.path}.carry"
            )
            for place, pin in enumerate(("sum", "carry")):
                if pin in pins:
                    self.literals[pins[pin]] = 2 * (first + place)
            return
        if "Y" in pins:
            self.literals[pins["Y"]] = self._simple(kind, pins, names[pins["Y"]])

    def _simple(self, kind: str, pins: Mapping[str, int], name: str) -> int:
        a = self.literals[pins["A"]]
        if kind in ("$_NOT_", "$_BUF_"):
            return a ^ (kind == "$_NOT_")
        b = self.literals[pins["B"]]
        match kind:
            case "$_AND_" | "$_NAND_":
                return self.and_(a, b, name) ^ (kind == "$_NAND_")
            case "$_OR_" | "$_NOR_":
                return self.and_(a ^ 1, b ^ 1, name) ^ (kind == "$_OR_")
            case "$_XOR_" | "$_XNOR_":
                return self.xor(a, b, name) ^ (kind == "$_XNOR_")
            case "$_ANDNOT_":
                return self.and_(a, b ^ 1, name)
            case "$_ORNOT_":
                return self.and_(a ^ 1, b, name) ^ 1
            case "$_MUX_":
                chosen = self.literals[pins["S"]]
                yes, no = (
                    self.and_(chosen, b, f"{name} if"),
                    self.and_(chosen ^ 1, a, f"{name} else"),
                )
                return self.and_(yes ^ 1, no ^ 1, name) ^ 1
        raise TypeError(f"no gate '{kind}'")


def read_circuit(netlist: FlatNetlist, latency: int) -> Circuit:
    """Read a flat netlist of generic gates (:func:`hexcoder.netlist.rtl_gates.rtl_gates`).

    Parameters
    ----------
    netlist : FlatNetlist
        Module with the ports of the contract (docs/formats.md#ports).
    latency : int
        Registers that each path has to cross.

    Returns
    -------
    Circuit
        ``impurities`` says what is wrong with the pipeline. Registers that stand in a loop are then
        inputs of the circuit, called states, and reset is taken as 0.
    """
    builder = Builder()
    circuit = builder.circuit
    circuit.inputs = [circuit.variable(netlist.nets[net]) for net in netlist.ports["in_data"]]
    clocks: dict[int, int] = {}
    for net, variable in zip(netlist.ports["in_data"], circuit.inputs, strict=True):
        builder.literals[net], clocks[net] = 2 * variable, 0
    circuit.valid = circuit.variable("in_valid")
    control = {*netlist.ports.get("rst", ()), *netlist.ports["in_valid"], *netlist.ports["clk"]}
    builder.literals |= dict.fromkeys(control, 0)
    builder.literals |= dict.fromkeys(netlist.ports["in_valid"], 2 * circuit.valid)
    cells = _live(netlist)
    looped = _looped(cells)
    for cell in looped:
        variable = circuit.variable(cell.path)
        circuit.states[variable] = cell.path
        builder.literals[cell.pins["Q"]] = 2 * variable
    if looped:
        names = ", ".join(netlist.held.get(cell.path, cell.path) for cell in looped[:3])
        circuit.impurities.append(f"{len(looped)} registers feed themselves: {names}")
    for cell in in_order(cells, looped):
        made = nets_made(cell)
        read = nets_read(cell)
        if not control.isdisjoint(read):
            control.update(made)
        times = {clocks[net]: net for net in read if net in clocks}
        if len(times) > 1:
            (low, early), (high, late) = min(times.items()), max(times.items())
            circuit.impurities.append(
                f"{cell.path} joins two events: {netlist.nets[early]} is {low} clocks after the "
                f"input, {netlist.nets[late]} {high}"
            )
        if times:
            clocks |= dict.fromkeys(made, max(times) + (cell.kind == REGISTER))
        if cell.kind == REGISTER:
            builder.literals[cell.pins["Q"]] = builder.literals[cell.pins["D"]]
        else:
            builder.add(cell, netlist.nets)
    for bit, net in enumerate(netlist.ports["out_data"]):
        circuit.outputs.append(builder.literals[net])
        if net in control:
            circuit.impurities.append(f"out_data[{bit}] depends on reset, in_valid or the clock")
        if clocks.get(net, latency) != latency:
            circuit.impurities.append(
                f"out_data[{bit}] comes {clocks[net]} clocks after the input, not {latency}"
            )
    return circuit


def nets_made(cell: Instance) -> list[int]:
    """Nets that a cell drives."""
    return cell.nets(("sum", "carry", "Y", "Q"))


def nets_read(cell: Instance) -> list[int]:
    """Nets that a cell depends on, its clock aside."""
    return cell.nets("abcABSD")


def _live(netlist: FlatNetlist) -> list[Instance]:
    """Cells on which an output depends."""
    driver = {net: cell for cell in netlist.instances for net in nets_made(cell)}
    waiting, found = list(netlist.ports["out_data"]), dict[int, Instance]()
    while waiting:
        cell = driver.get(waiting.pop())
        if cell is not None and id(cell) not in found:
            found[id(cell)] = cell
            waiting += nets_read(cell)
    return [cell for cell in netlist.instances if id(cell) in found]


def _looped(cells: Sequence[Instance]) -> list[Instance]:
    """Registers in a loop or between two: what is left once all ends have been taken away."""
    readers = _readers(cells)
    drivers: list[list[int]] = [[] for _ in cells]
    for cell, behind in enumerate(readers):
        for reader in behind:
            drivers[reader].append(cell)
    left = set(range(len(cells)))
    for links in (readers, drivers):
        left -= set(_sorted(left, links))
    return [cells[cell] for cell in sorted(left) if cells[cell].kind == REGISTER]


def in_order(cells: Sequence[Instance], cut: Sequence[Instance] = ()) -> list[Instance]:
    """Cells but for those of ``cut``, by their depth.

    So the exclusive or of two bits stands before all that reads the and of them.
    """
    left = {id(cell) for cell in cut}
    without = [cell for cell in cells if id(cell) not in left]
    readers = _readers(without)
    depth = [0] * len(without)
    order = _sorted(set(range(len(without))), readers)
    for number in order:
        behind = depth[number] + (without[number].kind not in _WIRES)
        for reader in readers[number]:
            depth[reader] = max(depth[reader], behind)
    order.sort(key=lambda number: (depth[number], without[number].kind not in _WIRES))
    return [without[number] for number in order]


def _readers(cells: Sequence[Instance]) -> list[list[int]]:
    driver = {net: number for number, cell in enumerate(cells) for net in nets_made(cell)}
    readers: list[list[int]] = [[] for _ in cells]
    for number, cell in enumerate(cells):
        for driving in {driver[net] for net in nets_read(cell) if net in driver}:
            readers[driving].append(number)
    return readers


def _sorted(nodes: set[int], links: Sequence[Sequence[int]]) -> list[int]:
    """Nodes, each after those that link to it (Kahn's algorithm); none behind a loop."""
    waiting = dict.fromkeys(nodes, 0)
    for node in nodes:
        for other in links[node]:
            if other in waiting:
                waiting[other] += 1
    ready = [node for node, count in waiting.items() if not count]
    order: list[int] = []
    while ready:
        node = ready.pop()
        order.append(node)
        for other in links[node]:
            if other in waiting:
                waiting[other] -= 1
                if not waiting[other]:
                    ready.append(other)
    return order
