"""Bits and the gates between them: what a compiled layer consists of.

A literal is twice a net's number, plus one where the net's inverse is meant (as in AIGER, Biere
2007): inverters cost nothing here until a gate that cannot take an inverse for free reads one.
Net 0 is the constant 0, so literal 0 is false and literal 1 is true.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from hexcoder.config import Compiler
from hexcoder.technology import Technology

FALSE, TRUE = 0, 1
WAIT = Compiler().wait


class Kind(Enum):
    """What a gate computes."""

    INPUT = "input"
    FULL_ADDER = "full adder"
    AND = "and"
    XOR = "xor"
    AND_OR_INVERT = "and-or-invert"


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate.

    Parameters
    ----------
    kind : Kind
    inputs : tuple of int
        Literals. A full adder has three, an input none, an and-or-invert gate pairs.
    outputs : tuple of int
        Nets; of a full adder the sum, then the carry.
    """

    kind: Kind
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


class Gates:
    """Gates of one layer in order of evaluation; equal gates are made once.

    Attributes
    ----------
    gates : list of Gate
    names : list of str
        Name of each net.
    arrival : list of float
        When each net is stable, in ns after the inputs, by the technology's table.
    wait_ns : float
        How long bits of a sum wait for others of their polarity.
    """

    def __init__(self, technology: Technology, wait: float = WAIT):
        self.technology = technology
        self.wait_ns = wait * technology.full_adder_carry_ns
        self.gates: list[Gate] = []
        self.names = ["zero"]
        self._taken = Counter(self.names)
        self.arrival = [0.0]
        self._known: dict[tuple[Kind, tuple[int, ...]], tuple[int, ...]] = {}

    def _net(self, name: str, arrival: float) -> int:
        # Another net may be called so: two terms of one kind differ in what they read alone.
        self._taken[name] += 1
        while self._taken[name] > 1:
            name = f"{name}_v{self._taken[name]}"
            self._taken[name] += 1
        self.names.append(name)
        self.arrival.append(arrival)
        return len(self.names) - 1

    def input(self, name: str, arrival: float = 0.0) -> int:
        """Literal of a new input."""
        net = self._net(name, arrival)
        self.gates.append(Gate(Kind.INPUT, (), (net,)))
        return 2 * net

    def _gate(self, kind: Kind, inputs: tuple[int, ...], name: str, delay: float) -> int:
        inputs = tuple(sorted(inputs))
        if (kind, inputs) not in self._known:
            arrival = max(self.arrival[literal >> 1] for literal in inputs) + delay
            net = self._net(name, arrival)
            self.gates.append(Gate(kind, inputs, (net,)))
            self._known[kind, inputs] = (net,)
        return 2 * self._known[kind, inputs][0]

    def and_(self, a: int, b: int, name: str) -> int:
        """Literal of a and b."""
        if a > b:
            a, b = b, a
        if a == FALSE or a == b ^ 1:
            return FALSE
        if a in (TRUE, b):
            return b
        return self._gate(Kind.AND, (a, b), name, self.technology.and_ns)

    def or_(self, a: int, b: int, name: str) -> int:
        """Literal of a or b."""
        return self.and_(a ^ 1, b ^ 1, name) ^ 1

    def xor(self, a: int, b: int, name: str) -> int:
        """Literal of a exclusive-or b; inverses of the operands are an inverse of the result."""
        inverse = (a ^ b) & 1
        a, b = sorted((a & ~1, b & ~1))
        if a == FALSE:
            return b ^ inverse
        if a == b:
            return inverse
        return self._gate(Kind.XOR, (a, b), name, self.technology.xor_ns) ^ inverse

    def select(self, pairs: Sequence[tuple[int, int]], name: str) -> int:
        """Literal of the or over pairs of literals of their ands.

        One gate, of which the library has the inverse: its net is that.
        """
        live = [pair for pair in pairs if FALSE not in pair and pair[0] != pair[1] ^ 1]
        if len(live) < 2 or any(TRUE in pair for pair in live):
            found = FALSE
            for number, (a, b) in enumerate(live):
                taken = self.and_(a, b, f"{name}_taken_{number}")
                found = self.or_(found, taken, f"{name}_{number}")
            return found
        inputs = tuple(literal for pair in live for literal in pair)
        key = Kind.AND_OR_INVERT, inputs
        if key not in self._known:
            delay = self.technology.and_ns + self.technology.xor_ns
            net = self._net(name, max(self.arrival[literal >> 1] for literal in inputs) + delay)
            self.gates.append(Gate(*key, (net,)))
            self._known[key] = (net,)
        return 2 * self._known[key][0] + 1

    def full_adder(self, literals: list[int], name: str) -> tuple[int, int]:
        """Sum and carry of three literals, none of them constant, of three different nets.

        A full adder is self-dual: with all inputs inverted both outputs are. So at most one input
        is inverted in the gate that is made.
        """
        inverse = int(sum(literal & 1 for literal in literals) >= 2)
        a, b, c = sorted(literal ^ inverse for literal in literals)
        key = Kind.FULL_ADDER, (a, b, c)
        if key not in self._known:
            arrival = max(self.arrival[a >> 1], self.arrival[b >> 1], self.arrival[c >> 1])
            total = self._net(f"{name}_sum", arrival + self.technology.full_adder_sum_ns)
            carry = self._net(f"{name}_carry", arrival + self.technology.full_adder_carry_ns)
            self.gates.append(Gate(Kind.FULL_ADDER, (a, b, c), (total, carry)))
            self._known[key] = (total, carry)
        total, carry = self._known[key]
        return 2 * total + inverse, 2 * carry + inverse


def live_gates(gates: Gates, outputs: list[int]) -> list[Gate]:
    """Gates on which the output literals depend, in order; all inputs stay."""
    needed = bytearray(len(gates.names))
    for literal in outputs:
        needed[literal >> 1] = 1
    live = []
    for gate in reversed(gates.gates):
        if gate.kind is Kind.INPUT or any(needed[net] for net in gate.outputs):
            for literal in gate.inputs:
                needed[literal >> 1] = 1
            live.append(gate)
    live.reverse()
    return live


def evaluate(gates: Sequence[Gate], nets: int, inputs: dict[int, int], events: int) -> list[int]:
    """Value of every net, a bit for each event.

    Parameters
    ----------
    gates : sequence of Gate
    nets : int
        How many nets there are.
    inputs : dict of int to int
        Bit k of the value of an input's net is its value in event k.
    events : int
    """
    ones = (1 << events) - 1
    values = [0] * nets
    for net, value in inputs.items():
        values[net] = value

    def read(literal: int) -> int:
        return values[literal >> 1] ^ ones if literal & 1 else values[literal >> 1]

    for gate in gates:
        if gate.kind is Kind.INPUT:
            continue
        operands = [read(literal) for literal in gate.inputs]
        if gate.kind is Kind.FULL_ADDER:
            a, b, c = operands
            half = a ^ b
            values[gate.outputs[0]] = half ^ c
            values[gate.outputs[1]] = (a & b) | (half & c)
        elif gate.kind is Kind.AND_OR_INVERT:
            found = 0
            for a, b in zip(operands[::2], operands[1::2], strict=True):
                found |= a & b
            values[gate.outputs[0]] = found ^ ones
        else:
            a, b = operands
            values[gate.outputs[0]] = a & b if gate.kind is Kind.AND else a ^ b
    return values
