"""The proof of one element without its sum's bits: all values tried, or drawn as diagrams."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from hexcoder.tb.certificate.circuit import Circuit
from hexcoder.tb.certificate.layers import FEW_VALUES, MOST_VALUES, Element
from hexcoder.tb.certificate.samples import evaluate_gate
from hexcoder.tb.certificate.symbolic import Diagrams, Inexpressible, Symbolic

Placed = Mapping[Element, Sequence[int | None]]
"""Literal of each bit of an element; None of a bit that the circuit does not have."""

MOST_DIRECT = 16
"""Bits of sources of which every pattern is tried."""
MOST_DRAWN = 64
"""Bits of sources that diagrams are drawn over."""
DRAWN_NODES = 1 << 19
"""Of these diagrams: some seconds, and a quarter of a gigabyte."""
_CHUNK = 1 << 16
_ONES = np.uint8(255)


def bits_of(elements: Iterable[Element]) -> int:
    """Bits of all of them."""
    return sum(element.width for element in elements)


def every_value(elements: Sequence[Element]) -> tuple[dict[Element, np.ndarray], int]:
    """Elements' values in every combination of them, and how many these are."""
    sizes = [one.high - one.low + 1 for one in elements]
    count = int(np.prod(sizes))
    numbers = np.unravel_index(np.arange(count), sizes) if sizes else ()
    return {one: row + one.low for one, row in zip(elements, numbers, strict=True)}, count


class _Drawing:
    """Variables of a circuit as diagrams; ``inside`` is 1 for values that can come about."""

    def __init__(self, diagrams: Diagrams):
        self.diagrams, self.inside = diagrams, 1
        self.rows = {0: Symbolic(diagrams, [0])}

    def demand(self, node: int) -> None:
        """Leave out the values for which a node is 0."""
        self.inside = self.diagrams.choose(self.inside, node, 0)

    def place(self, literal: int, node: int) -> None:
        """Say what a literal is. Bits that the circuit has but once are the same."""
        row = Symbolic(self.diagrams, [self.diagrams.xor(node, literal & 1)])
        known = self.rows.setdefault(literal >> 1, row)
        differs = self.diagrams.xor(known.bits[0], row.bits[0])
        self.inside = self.diagrams.choose(differs, 0, self.inside)

    def first_wrong(self, bits: Sequence[int | None], golden: Symbolic) -> tuple[int, int] | None:
        """First of the literals that is not the golden bit, and the node of the values; or None."""
        for place, literal in enumerate(bits):
            if literal is not None:
                found = self.diagrams.xor(self.rows[literal >> 1].bits[0], literal & 1)
                differs = self.diagrams.xor(found, golden.bit(place))
                if wrong := self.diagrams.choose(differs, self.inside, 0):
                    return place, wrong
        return None


class Values:
    """Elements of a circuit for every value of what they are made of.

    Parameters
    ----------
    circuit : Circuit
    placed : Placed
        It grows while elements are proved.
    """

    def __init__(self, circuit: Circuit, placed: Placed):
        self.circuit, self.placed = circuit, placed
        self._is_too_large = False

    def directly(self, element: Element, bits: Sequence[int | None]) -> str | None:
        """As :meth:`Prover.prove`, with ``""`` for a proof: all values of few bits are tried.

        None where there are too many.
        """
        failed: str | None = None
        direct = list(element.sum.terms) if element.sum else []
        for sources in (direct, element.leaves(), element.roots()):
            values = self._all_values(element, sources)
            if values is None:
                continue
            found = self._differs(bits, *values, dict.fromkeys(values[0]))
            if isinstance(found, str):
                failed = failed or found
                continue
            place, event = found
            if event < 0:
                return ""
            names = ", ".join(f"{one.tensor}[{one.number}]" for one in sources)
            failed = failed or f"bit {place} is wrong for some value of {names}"
        return failed

    def drawn(self, element: Element, bits: Sequence[int | None]) -> bool:
        """Whether bits are an element for all values of what it is made of, by diagrams over these.

        It takes sums whose low part matters by its sign alone, which have no word of their own in
        the circuit. False where they differ, or where a diagram would be too large.
        """
        # What is saturated to a single bit may be built in several ways, and read in all of them.
        for sources in dict.fromkeys((tuple(element.roots()), tuple(element.inputs()))):
            if bits_of(sources) > MOST_DRAWN or self._is_too_large:
                continue
            try:
                if self._drawn(element, sources, bits):
                    return True
            except Inexpressible:
                # It takes seconds, and others are likely to be as large: no more are drawn.
                self._is_too_large = True
        return False

    def _drawn(
        self, element: Element, sources: Sequence[Element], bits: Sequence[int | None]
    ) -> bool:
        assert element.sum is not None
        diagrams, factors = Diagrams(DRAWN_NODES), element.sum.terms
        # The heaviest bits of all sources first: sums that are far from any limit end there.
        order = sorted(
            ((one, place) for one in sources for place in range(one.width)),
            key=lambda bit: -(abs(factors.get(bit[0], 1)) << bit[1]),
        )
        node = {bit: diagrams.node(level, 0, 1) for level, bit in enumerate(order)}
        values: dict[Element, Any] = {}
        drawing = _Drawing(diagrams)
        for one in sources:
            own = [node[one, place] for place in range(one.width)]
            values[one] = word = Symbolic(diagrams, own if one.low < 0 else [*own, 0])
            drawing.demand(diagrams.within(word, one.low, one.high))
            for literal, bit in zip(self.placed[one], own, strict=True):
                if literal is not None:
                    drawing.place(literal, bit)
        wanted = [literal >> 1 for literal in bits if literal is not None]
        if self._evaluate(wanted, drawing.rows, dict.fromkeys(drawing.rows), -1):
            return False
        return drawing.first_wrong(bits, diagrams.word(element.value(values))) is None

    def alike(self, element: Element, choices: Sequence[Sequence[int]]) -> list[list[int]] | None:
        """Of each bit's literals those that are it; None where too many values had to be tried."""
        values = self._all_values(element, element.roots())
        values = values or self._all_values(element, element.leaves())
        if values is None:
            return None
        rows, golden = values
        wanted = [literal >> 1 for choice in choices for literal in choice]
        self._evaluate(wanted, rows, dict.fromkeys(rows))
        return [
            [
                literal
                for literal in choice
                if literal >> 1 in rows and not self._wrong(literal, place, rows, golden).any()
            ]
            for place, choice in enumerate(choices)
        ]

    def _all_values(
        self, element: Element, sources: Sequence[Element]
    ) -> tuple[dict[int, np.ndarray], np.ndarray] | None:
        """Rows of the bits of ``sources``, and what the element is, for all their values."""
        if bits_of(sources) > MOST_DIRECT:
            return None
        values, count = every_value(sources)
        bits = [
            (literal, (values[one] >> place & 1).astype(bool))
            for one in sources
            for place, literal in enumerate(self.placed[one])
            if literal is not None
        ]
        rows, kept = _consistent(bits, count)
        golden = np.broadcast_to(element.value(values), count)
        return rows, golden[kept]

    def _evaluate(
        self,
        wanted: Sequence[int],
        rows: dict[int, Any],
        cut: Mapping[int, object],
        ones: int | np.integer = _ONES,
    ) -> int:
        """Add to packed rows those of variables behind them; a variable that is missing, or 0."""
        lost = 0
        for gate in self.circuit.cone(wanted, cut):
            missing = next((one for one in gate.inputs if one >> 1 not in rows), None)
            if missing is not None:
                lost = lost or missing >> 1
                continue
            for place, row in enumerate(evaluate_gate(gate, rows, ones)):
                rows.setdefault(gate.output + place, row)
        return lost or next((one for one in wanted if one not in rows), 0)

    @staticmethod
    def _wrong(
        literal: int, place: int, rows: Mapping[int, np.ndarray], golden: np.ndarray
    ) -> np.ndarray:
        """Events in which a literal is not a bit of some values."""
        found = np.unpackbits(rows[literal >> 1], bitorder="little")[: len(golden)]
        return (found ^ (literal & 1)) != (golden >> place & 1)

    def _differs(
        self,
        bits: Sequence[int | None],
        rows: dict[int, np.ndarray],
        golden: np.ndarray,
        cut: Mapping[int, object],
    ) -> tuple[int, int] | str:
        """First bit that differs and the event of it, or -1 where none does.

        ``rows`` has the variables that are known, packed; a text says which others are needed.
        """
        wanted = [literal >> 1 for literal in bits if literal is not None]
        if lost := self._evaluate(wanted, rows, cut):
            return f"it depends on {self.circuit.names[lost]} besides"
        for place, literal in enumerate(bits):
            wrong = (
                np.zeros(1, bool) if literal is None else self._wrong(literal, place, rows, golden)
            )
            if wrong.any():
                return place, int(np.argmax(wrong))
        return 0, -1

    def end_differs(
        self,
        element: Element,
        bits: Sequence[int | None],
        leaves: Mapping[int, tuple[int, int]],
        literals: Mapping[int, int],
    ) -> str:
        """Where the bits are not the function of the sum; empty if they are, for all its values."""
        assert element.sum is not None
        low, high = (bound >> element.drop for bound in element.sum.bounds)
        pairs = [(literal, place) for place, literal in literals.items()]
        pairs += [(2 * leaf + inverse, place) for leaf, (place, inverse) in leaves.items()]
        placed = [(literal, place - element.drop) for literal, place in pairs]
        if high - low >= FEW_VALUES:
            with suppress(Inexpressible):
                return self._end_differs_symbolically(element, bits, leaves, placed)
        if high - low >= MOST_VALUES:
            return f"its sum takes {high - low + 1} values, too many to try all"
        return self._end_differs_somewhere(element, bits, leaves, placed)

    def _end_differs_symbolically(
        self,
        element: Element,
        bits: Sequence[int | None],
        leaves: Mapping[int, tuple[int, int]],
        placed: Sequence[tuple[int, int]],
    ) -> str:
        """As :meth:`end_differs`, by diagrams; ``placed`` has places after the drop."""
        assert element.sum is not None
        assert element.function is not None
        diagrams = Diagrams()
        value, inside = diagrams.words(*(bound >> element.drop for bound in element.sum.bounds))
        drawing = _Drawing(diagrams)
        drawing.demand(inside)
        for literal, place in placed:
            drawing.place(literal, value.bit(place))
        wanted = [literal >> 1 for literal in bits if literal is not None]
        if lost := self._evaluate(wanted, drawing.rows, leaves, -1):
            return f"it depends on {self.circuit.names[lost]} besides"
        wrong = drawing.first_wrong(bits, diagrams.word(element.function(value)))
        if wrong is None:
            return ""
        place, events = wrong
        least, _ = diagrams.ends(value, events)
        return f"bit {place} is wrong where its sum is {least << element.drop}"

    def _end_differs_somewhere(
        self,
        element: Element,
        bits: Sequence[int | None],
        leaves: Mapping[int, tuple[int, int]],
        placed: Sequence[tuple[int, int]],
    ) -> str:
        """As :meth:`_end_differs_symbolically`, by trying all values."""
        assert element.sum is not None
        assert element.function is not None
        low, high = (bound >> element.drop for bound in element.sum.bounds)
        for start in range(low, high + 1, _CHUNK):
            values = np.arange(start, min(start + _CHUNK, high + 1))
            pairs = [(literal, (values >> place & 1).astype(bool)) for literal, place in placed]
            rows, kept = _consistent(pairs, len(values))
            values = values[kept]
            failed = self._differs(bits, rows, element.function(values), leaves)
            if isinstance(failed, str):
                return failed
            place, event = failed
            if event >= 0:
                return f"bit {place} is wrong where its sum is {int(values[event]) << element.drop}"
        return ""


def _consistent(
    bits: Sequence[tuple[int, np.ndarray]], count: int
) -> tuple[dict[int, np.ndarray], np.ndarray]:
    """Rows of variables, packed, and the events in which literals that share one agree.

    Events in which bits differ that the circuit has but once cannot come about.
    """
    rows: dict[int, np.ndarray] = {0: np.zeros(count, bool)}
    good = np.ones(count, bool)
    for literal, row in bits:
        value = row ^ bool(literal & 1)
        good &= rows.setdefault(literal >> 1, value) == value
    kept = np.flatnonzero(good)
    return {v: np.packbits(row[kept], bitorder="little") for v, row in rows.items()}, kept
