"""Values of a circuit for some events, by which its bits are recognised before they are proved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hexcoder.netlist.lanes import ALL
from hexcoder.tb.certificate.circuit import Circuit, Gate, Kind
from hexcoder.tb.certificate.layers import Affine, Element


def evaluate_gate(gate: Gate, rows: Mapping[int, np.ndarray] | np.ndarray, ones: int | np.integer):
    """Rows of a gate's outputs from the rows of what it reads; a bit for each event."""
    operands = [
        rows[literal >> 1] ^ ones if literal & 1 else rows[literal >> 1] for literal in gate.inputs
    ]
    if gate.kind is Kind.AND:
        return (operands[0] & operands[1],)
    if gate.kind is Kind.XOR:
        return (operands[0] ^ operands[1],)
    a, b, c = operands
    half = a ^ b
    return half ^ c, (a & b) | (half & c)


class Samples:
    """Values of every variable that some elements determine.

    Parameters
    ----------
    circuit : Circuit
    placed : mapping of Element to list of int
        Literal of each bit of the elements that are drawn; None where there is none.
    readers : sequence of Ends
        Of the sums that elements go into: half of the events drive one of them to its ends.
    count : int
        Events, a multiple of 64.
    """

    def __init__(
        self,
        circuit: Circuit,
        placed: Mapping[Element, Sequence[int | None]],
        readers: Sequence[Ends],
        count: int = 4096,
    ):
        self.circuit = circuit
        random = np.random.default_rng(0)
        drawn = _drawn(list(placed), readers, count, random)
        fixed: dict[int, np.ndarray] = {}
        for element, bits in placed.items():
            for place, literal in enumerate(bits):
                if literal is not None and literal > 1:
                    row = (drawn[element] >> place & 1).astype(bool)
                    fixed.setdefault(literal >> 1, row ^ bool(literal & 1))
        # Elements may share bits: what they are now is what these bits say.
        self.values: dict[Element, np.ndarray] = {}
        good = np.ones(count, bool)
        for element, bits in placed.items():
            value = _decoded(element, bits, fixed, drawn[element])
            good &= (element.low <= value) & (value <= element.high)
            self.values[element] = value
        kept = np.flatnonzero(good)
        kept = np.resize(kept, count) if len(kept) else np.zeros(count, np.int64)
        self.is_usable = bool(good.any())
        self.values = {element: value[kept] for element, value in self.values.items()}
        self.rows = np.zeros((len(circuit.names), count // 64), np.uint64)
        self.known = np.zeros(len(circuit.names), bool)
        self.known[0] = True
        for variable, row in fixed.items():
            self.rows[variable], self.known[variable] = packed(row[kept]), True
        self._run()

    def _run(self) -> None:
        known, rows = self.known, self.rows
        for gate in self.circuit.gates:
            if known[gate.output] or not all(known[literal >> 1] for literal in gate.inputs):
                continue
            for place, row in enumerate(evaluate_gate(gate, rows, ALL)):
                if not known[gate.output + place]:
                    rows[gate.output + place] = row
                    known[gate.output + place] = True

    def value(self, element: Element) -> np.ndarray:
        """Golden values of an element, int64 (events,)."""
        return np.broadcast_to(element.value(self.values), self.rows.shape[1] * 64)

    def total(self, total: Affine) -> np.ndarray:
        """Golden values of a sum, int64 (events,)."""
        return np.broadcast_to(total.value(self.values), self.rows.shape[1] * 64)

    def agree(self, element: Element, bits: Sequence[int | None]) -> bool:
        """Whether literals have the element's golden bits, as far as they are known here."""
        value = self.value(element)
        for place, literal in enumerate(bits):
            if literal is not None and self.known[literal >> 1]:
                row = self.rows[literal >> 1] ^ (ALL if literal & 1 else np.uint64(0))
                if (row != packed((value >> place & 1).astype(bool))).any():
                    return False
        return self.is_usable

    def signature(self, variable: int) -> tuple[bytes, int]:
        """Values of a variable or of its inverse, whichever is 0 in the first event."""
        return canonical(self.rows[variable])


def packed(bits: np.ndarray) -> np.ndarray:
    """Bool array (events,) as uint64 words."""
    return np.packbits(bits, bitorder="little").view(np.uint64)


def canonical(row: np.ndarray) -> tuple[bytes, int]:
    """Bytes of a row or of its inverse, and whether it is the inverse."""
    inverse = int(row[0] & np.uint64(1))
    return ((~row) if inverse else row).tobytes(), inverse


def _decoded(
    element: Element,
    bits: Sequence[int | None],
    fixed: Mapping[int, np.ndarray],
    drawn: np.ndarray,
) -> np.ndarray:
    value = np.zeros(len(drawn), np.int64)
    for place, literal in enumerate(bits):
        if literal is None:
            bit = drawn >> place & 1
        elif literal < 2:
            bit = np.full(len(drawn), literal, np.int64)
        else:
            bit = (fixed[literal >> 1] ^ bool(literal & 1)).astype(np.int64)
        is_sign = element.low < 0 and place == len(bits) - 1
        value += -(bit << place) if is_sign else bit << place
    return value


def _drawn(
    elements: Sequence[Element],
    readers: Sequence[Ends],
    count: int,
    random: np.random.Generator,
) -> dict[Element, np.ndarray]:
    """Half of the events at random; the others at and near the ends of a reader's sum."""
    chosen = random.integers(0, max(len(readers), 1), count)
    upwards = random.random(count) < 0.5
    # How far an event follows its sum: all the way to not at all.
    strength = np.where(np.arange(count) % 2, 0.0, random.choice([1, 1, 0.9, 0.7, 0.5, 0.3], count))
    values: dict[Element, np.ndarray] = {}
    for element in elements:
        # Each value as often as any other.
        size = element.high - element.low + 1
        value = element.low + random.permutation(np.arange(count) * max(size // count, 1) % size)
        value = np.where(
            random.random(count) < 0.5, value, random.integers(element.low, element.high + 1, count)
        )
        follows = random.random(count) < strength
        low, high = (
            np.array(
                [reader.get(element, (value[0],) * 2)[end] for reader in readers] or [value[0]]
            )
            for end in (0, 1)
        )
        reads = np.array([element in reader for reader in readers] or [False])
        wanted = np.where(upwards, high[chosen], low[chosen])
        values[element] = np.where(follows & reads[chosen], wanted, value)
    return values


Ends = Mapping[Element, tuple[int, int]]
"""Of a sum: values of elements at which it is least, and greatest."""


def ends_of(total: Affine) -> dict[Element, tuple[int, int]]:
    """Values of the elements that are drawn at which a sum is at its ends."""
    parts: dict[Element, list[tuple[Element, int]]] = {}
    for element, factor in total.terms.items():
        roots = element.roots() if element.is_inner else [element]
        if len(roots) != 1:
            continue
        (root,) = roots
        parts.setdefault(root, []).append((element, factor))
    ends: dict[Element, tuple[int, int]] = {}
    for root, its in parts.items():
        if len(its) == 1 and its[0][0] is root:
            ends[root] = (root.low, root.high) if its[0][1] > 0 else (root.high, root.low)
            continue
        step = max((root.high - root.low) >> 12, 1)
        values = np.arange(root.low, root.high + 1, step)
        share = sum(factor * element.value({root: values}) for element, factor in its)
        ends[root] = int(values[np.argmin(share)]), int(values[np.argmax(share)])
    return ends
