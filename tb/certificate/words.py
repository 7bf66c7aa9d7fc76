"""The proof of one element: its sum by elimination, the function of the sum by all its values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from hexcoder.tb.certificate.circuit import Circuit
from hexcoder.tb.certificate.cut import Cut, Where
from hexcoder.tb.certificate.forms import Elimination, Form
from hexcoder.tb.certificate.layers import MOST_VALUES, Affine, Element, width_of
from hexcoder.tb.certificate.samples import Samples, evaluate_gate, packed

Placed = Mapping[Element, Sequence[int | None]]
"""Literal of each bit of an element; None of a bit that the circuit does not have."""

MOST_DIRECT = 16
"""Bits of sources of which every pattern is tried."""
_CHUNK = 1 << 16


@dataclass(frozen=True)
class Word:
    """A sum in the circuit.

    Parameters
    ----------
    bits : dict of int to int
        Literal of each bit, by its place; places below ``drop`` or that nobody reads may be
        missing.
    width : int
        The sum is meant modulo 2**width.
    rest : Form
        Golden sum less the bits that there are, modulo 2**width, for every input.
    """

    bits: dict[int, int]
    width: int
    rest: Form


@dataclass(frozen=True)
class Failure:
    """Why an element is not proved; ``word`` where its sum was found, ``bits`` as they look."""

    reason: str
    word: Word | None = None
    bits: tuple[int | None, ...] = ()


@dataclass
class Bits:
    """Range of linear forms over the bits of elements."""

    place_of: dict[int, tuple[Element, int]] = field(default_factory=dict)
    inverted: set[int] = field(default_factory=set)

    def take(self, element: Element, bits: Sequence[int | None]) -> None:
        """Remember whose bits variables are."""
        for place, literal in enumerate(bits):
            if literal is not None and literal > 1 and literal >> 1 not in self.place_of:
                self.place_of[literal >> 1] = element, place
                if literal & 1:
                    self.inverted.add(literal >> 1)

    def bounds(self, terms: Mapping[int, int]) -> tuple[int, int]:
        """Exact for independent elements; other variables are 0 or 1."""
        low = high = 0
        groups: dict[Element, dict[int, int]] = {}
        for variable, factor in terms.items():
            if variable in self.place_of:
                element, place = self.place_of[variable]
                if variable in self.inverted:
                    low, high, factor = low + factor, high + factor, -factor
                groups.setdefault(element, {})[place] = factor
            else:
                low, high = low + min(factor, 0), high + max(factor, 0)
        for element, factors in groups.items():
            least, greatest = _range_of_bits(element, factors)
            low, high = low + least, high + greatest
        return low, high


def _range_of_bits(element: Element, factors: Mapping[int, int]) -> tuple[int, int]:
    """Least and greatest sum of factors times bits of an element."""
    if (element.high - element.low + 1) == 1 << element.width or element.width > 16:
        return sum(min(f, 0) for f in factors.values()), sum(max(f, 0) for f in factors.values())
    values = np.arange(element.low, element.high + 1)
    # Python's integers: a dropped carry is followed with a weight beyond 64 bits.
    unit = min(abs(f) & -abs(f) for f in factors.values() if f) if any(factors.values()) else 1
    total = np.zeros(
        len(values), object if max(map(abs, factors.values())) // unit >> 40 else np.int64
    )
    for place, factor in factors.items():
        total = total + (values >> place & 1) * (factor // unit)
    return int(total.min()) * unit, int(total.max()) * unit


class Prover:
    """Proves elements of a circuit, one after the other; proved ones are given to the next."""

    def __init__(self, circuit: Circuit):
        self.circuit = circuit
        self.bits = Bits()
        self.elimination = Elimination(circuit, self.bits.bounds)
        self.placed: dict[Element, list[int | None]] = {}
        self._words: dict[tuple[Element, tuple[tuple[int, int], ...], int], Word] = {}

    def take(self, element: Element, bits: Sequence[int | None]) -> None:
        """Take an element's bits as known: they are inputs, or proved."""
        self.placed[element] = list(bits)
        self.bits.take(element, bits)
        self.elimination.base.update(
            literal >> 1 for literal in bits if literal is not None and literal > 1
        )

    def join(self, literal: int, other: int) -> None:
        """Take a literal for another one, which is the same for every event."""
        if other >> 1 not in self.elimination.base and other > 1:
            self.elimination.alias[other >> 1] = literal ^ (other & 1)

    def form(self, total: Affine) -> Form:
        """A golden sum over the circuit's bits."""
        form = Form(constant=total.constant)
        for element, factor in total.terms.items():
            bits = self.placed[element]
            for place, literal in enumerate(bits):
                is_sign = element.low < 0 and place == element.width - 1
                weight = -factor << place if is_sign else factor << place
                if literal is None:
                    virtual = self.elimination.virtual_variable((element, place))
                    form.add(2 * virtual, weight)
                else:
                    form.add(literal, weight)
        return form

    def prove(
        self, element: Element, bits: Sequence[int | None], samples: Samples, where: Where
    ) -> Failure | None:
        """Prove that ``bits`` are an element for all values of what it is a sum of; None if so."""
        first = self._directly(element, bits)
        if first == "":
            return None
        failed = Failure(first) if first else None
        # What looks like a bit of the sum is a guess, and may be wrong in several ways.
        for deep in (True, False):
            for guesses in (where, {}):
                failure = self._prove_cut(element, bits, samples, guesses, deep=deep)
                if failure is None:
                    return None
                failed = failed or failure
        return failed

    def _prove_cut(
        self,
        element: Element,
        bits: Sequence[int | None],
        samples: Samples,
        where: Where,
        *,
        deep: bool,
    ) -> Failure | None:
        assert element.sum is not None
        low, high = element.sum.bounds
        width = width_of(low, high)
        wanted = [literal for literal in bits if literal is not None]
        rows = _sum_bits(element, samples, width)
        cut = Cut(self.circuit, samples, rows, self.elimination.base, deep)
        leaves, others = cut.of(wanted)
        # Bits of the sum above all that matter may be wrong, or missing.
        width = 1 + max((place for place, _ in leaves.values()), default=element.drop - 1)
        literals = cut.literals(leaves, where, width)
        word = None
        for literal, places in cut.more(leaves, literals) if leaves else ():
            word = self._word(element, literals | dict.fromkeys(places, literal), width)
            if failed := self._sum_differs(element, word):
                return Failure(f"its sum differs: {failed}", word)
        if others:
            names = ", ".join(self.circuit.names[variable] for variable in sorted(others)[:3])
            return Failure(f"it depends on {names} besides its sum", word)
        if high - low >> element.drop >= MOST_VALUES:
            return Failure(f"its sum takes {high - low + 1} values, too many to try all", word)
        if failed := self._end_differs(element, bits, leaves, literals if leaves else {}):
            return Failure(failed, word)
        if not element.drop and len(literals) == width:
            whole = [literals[place] for place in range(width)]
            if whole and width == width_of(low, high):
                self.elimination.relate(whole, self.form(element.sum), signed=low < 0)
        return None

    def _word(self, element: Element, literals: Mapping[int, int], width: int) -> Word:
        """The rest of a sum; its top bit may count up or down, and what then is left may differ."""
        key = element, tuple(sorted(literals.items())), width
        if key not in self._words:
            self._words[key] = self._new_word(element, literals, width)
        return self._words[key]

    def _new_word(self, element: Element, literals: Mapping[int, int], width: int) -> Word:
        assert element.sum is not None
        words: list[Word] = []
        for sign in (-1, 1) if element.sum.bounds[0] < 0 else (1, -1):
            form = self.form(element.sum)
            for place, literal in literals.items():
                form.add(literal, (-sign if place == width - 1 else -1) << place)
            words.append(Word(dict(literals), width, self.elimination.reduced(form, width)))
            if not self._sum_differs(element, words[-1]):
                return words[-1]
        return min(words, key=lambda word: len(word.rest.terms))

    def _sum_differs(self, element: Element, word: Word) -> str:
        """What is wrong with a word; empty if it is the sum, low bits and unread ones aside."""
        terms = dict(word.rest.terms)
        missing = {
            1 << place for place in range(element.drop, word.width) if place not in word.bits
        }
        constant = word.rest.constant
        for variable, factor in word.rest.terms.items():
            # A bit that the circuit has no use for may be anything, so may its inverse.
            if abs(factor) in missing and variable not in self.bits.place_of:
                missing.remove(abs(factor))
                constant += min(factor, 0)
                del terms[variable]
        low, high = self.bits.bounds(terms)
        start = (low + constant) % (1 << word.width)
        if start + high - low < 1 << element.drop:
            return ""
        if not terms:
            return f"golden sum less the circuit's is {word.rest.constant} for every event"
        shown = " ".join(
            f"{factor:+d} {self._name(variable)}" for variable, factor in sorted(terms.items())[:4]
        )
        return f"golden sum less the circuit's has {len(terms)} bits left: {shown}"

    def _name(self, variable: int) -> str:
        names = self.circuit.names
        return names[variable] if variable < len(names) else "a bit that is not built"

    def _directly(self, element: Element, bits: Sequence[int | None]) -> str | None:
        """As :meth:`prove` for elements of few bits, of which all values are tried; else None."""
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
        if sum(one.width for one in sources) > MOST_DIRECT:
            return None
        sizes = [one.high - one.low + 1 for one in sources]
        numbers = np.unravel_index(np.arange(int(np.prod(sizes))), sizes) if sizes else ()
        values: dict[Element, np.ndarray] = {}
        bits: list[tuple[int, np.ndarray]] = []
        for one, number in zip(sources, numbers, strict=True):
            values[one] = number + one.low
            for place, literal in enumerate(self.placed[one]):
                if literal is not None:
                    bits.append((literal, (values[one] >> place & 1).astype(bool)))
        count = int(np.prod(sizes))
        rows, kept = _consistent(bits, count)
        golden = np.broadcast_to(element.value(values), count)
        return rows, golden[kept]

    def _evaluate(
        self, wanted: Sequence[int], rows: dict[int, np.ndarray], cut: Mapping[int, object]
    ) -> int:
        """Add to packed rows those of variables behind them; a variable that is missing, or 0."""
        lost = 0
        for gate in self.circuit.cone(wanted, cut):
            missing = next((one for one in gate.inputs if one >> 1 not in rows), None)
            if missing is not None:
                lost = lost or missing >> 1
                continue
            for place, row in enumerate(evaluate_gate(gate, rows, np.uint8(255))):
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

    def _end_differs(
        self,
        element: Element,
        bits: Sequence[int | None],
        leaves: Mapping[int, tuple[int, int]],
        literals: Mapping[int, int],
    ) -> str:
        """Where the bits are not the function of the sum; empty if they are, for all its values."""
        assert element.sum is not None
        assert element.function is not None
        low, high = (bound >> element.drop for bound in element.sum.bounds)
        of_leaves = [(2 * leaf + inverse, place) for leaf, (place, inverse) in leaves.items()]
        for start in range(low, high + 1, _CHUNK):
            values = np.arange(start, min(start + _CHUNK, high + 1))
            pairs = [
                (literal, (values >> (place - element.drop) & 1).astype(bool))
                for literal, place in [*((one, at) for at, one in literals.items()), *of_leaves]
            ]
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


def _sum_bits(element: Element, samples: Samples, width: int) -> dict[int, np.ndarray]:
    """Samples of each bit of a sum that its function depends on, by place."""
    assert element.sum is not None
    total = samples.total(element.sum)
    return {
        place: packed((total >> place & 1).astype(bool)) for place in range(element.drop, width)
    }
