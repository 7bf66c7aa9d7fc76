"""The proof of one element: its sum by elimination, the function of the sum by its values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hexcoder.tb.certificate.circuit import NO_GATE, Circuit, Gate, Kind
from hexcoder.tb.certificate.cut import Cut, Where
from hexcoder.tb.certificate.forms import Elimination, Form
from hexcoder.tb.certificate.layers import Affine, Element, width_of
from hexcoder.tb.certificate.samples import Samples, evaluate_gate, packed
from hexcoder.tb.certificate.values import MOST_DIRECT, Values, bits_of, every_value

_MOST_KEPT = 1 << 27
"""Bytes of variables' values that are kept."""


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


class Bits:
    """Range of linear forms over a circuit's variables, by the elements that they are bits of.

    ``virtual_of`` has by number the pairs of variables of which no gate is built.
    """

    def __init__(self, circuit: Circuit, virtual_of: Mapping[int, tuple[Kind, int, int]]):
        self.circuit, self.virtual_of = circuit, virtual_of
        self.place_of: dict[int, tuple[Element, int]] = {}
        self.inverted: set[int] = set()
        self.forget()

    def forget(self) -> None:
        """Have variables made of the elements that are known by now."""
        self._roots: dict[int, frozenset[Element]] = {}
        self._rows: dict[frozenset[Element], _Rows] = {}

    def take(self, element: Element, bits: Sequence[int | None]) -> None:
        """Remember whose bits variables are."""
        for place, literal in enumerate(bits):
            if literal is not None and literal > 1 and literal >> 1 not in self.place_of:
                self.place_of[literal >> 1] = element, place
                if literal & 1:
                    self.inverted.add(literal >> 1)

    def bounds(self, terms: Mapping[int, int]) -> tuple[int, int]:
        """Exact where elements are independent, and for variables that few bits determine."""
        low = high = 0
        for roots, variables in self._groups(terms).items():
            least, greatest = self._range(roots, {one: terms[one] for one in variables})
            low, high = low + least, high + greatest
        return low, high

    def _groups(self, variables: Iterable[int]) -> dict[frozenset[Element], list[int]]:
        """Variables by the elements that determine them; what more determine stands alone."""
        groups: dict[frozenset[Element], list[int]] = {}
        group_of: dict[Element, frozenset[Element]] = {}
        alone: list[int] = groups.setdefault(frozenset(), [])
        # What few elements determine first.
        for roots, variable in sorted(
            ((self._made_of(one), one) for one in variables), key=lambda pair: len(pair[0])
        ):
            others = {group_of[root] for root in roots if root in group_of}
            merged = roots.union(*others)
            if not roots or (len(merged) > 1 and bits_of(merged) > MOST_DIRECT):
                alone.append(variable)
                continue
            groups[merged] = [one for group in others for one in groups.pop(group)] + [variable]
            group_of |= dict.fromkeys(merged, merged)
        return groups

    def _made_of(self, variable: int) -> frozenset[Element]:
        """Elements that determine a variable; none where they have too many bits."""
        waiting = [variable]
        while waiting:
            top = waiting[-1]
            inputs = self._inputs(top)
            missing = [one for one in inputs if one not in self._roots]
            if missing:
                waiting += missing
                continue
            waiting.pop()
            if top in self.place_of:
                element, _ = self.place_of[top]
                found = frozenset(element.roots() if element.is_inner else [element])
            else:
                parts = [self._roots[one] for one in inputs]
                found = frozenset[Element]().union(*parts) if all(parts) else frozenset[Element]()
            is_few = len(found) == 1 or bits_of(found) <= MOST_DIRECT
            self._roots[top] = found if is_few or top in self.place_of else frozenset()
        return self._roots[variable]

    def _inputs(self, variable: int) -> list[int]:
        """Variables that one is made of; none of a bit of an element."""
        if variable in self.place_of:
            return []
        if variable in self.virtual_of:
            return list(self.virtual_of[variable][1:])
        if variable >= len(self.circuit.names) or self.circuit.made_by[variable] == NO_GATE:
            return []
        gate = self.circuit.gates[self.circuit.made_by[variable]]
        return [literal >> 1 for literal in gate.inputs if literal > 1]

    def _range(self, roots: frozenset[Element], terms: Mapping[int, int]) -> tuple[int, int]:
        """Least and greatest sum of factors times variables that elements determine."""
        free = sum(min(f, 0) for f in terms.values()), sum(max(f, 0) for f in terms.values())
        if not roots or bits_of(roots) > MOST_DIRECT or not any(terms.values()):
            return free
        if len(roots) == 1 and all(self.place_of.get(one, (None,))[0] in roots for one in terms):
            (element,) = roots
            if element.high - element.low + 1 == 1 << element.width:
                return free
        if sum(rows.size for rows in self._rows.values()) > _MOST_KEPT:
            self._rows.clear()
        if roots not in self._rows:
            self._rows[roots] = _Rows(self, roots)
        rows = self._rows[roots]
        # Python's integers: a dropped carry is followed with a weight beyond 64 bits.
        unit = min(factor & -factor for factor in terms.values() if factor)
        is_wide = max(map(abs, terms.values())) // unit >> 40
        total = np.zeros(rows.count, object if is_wide else np.int64)
        for variable, factor in terms.items():
            total = total + rows.of(variable) * (factor // unit)
        return int(total.min()) * unit, int(total.max()) * unit


class _Rows:
    """Variables for every combination of the values of some elements, which determine them."""

    def __init__(self, bits: Bits, roots: Iterable[Element]):
        self._bits = bits
        self._values, self.count = every_value(sorted(roots, key=lambda one: one.number))
        self._found: dict[int, np.ndarray] = {0: np.zeros(self.count, bool)}

    @property
    def size(self) -> int:
        """Numbers that are kept."""
        return self.count * len(self._found)

    def of(self, variable: int) -> np.ndarray:
        """Bool for each combination."""
        bits, waiting = self._bits, [variable]
        while waiting:
            top = waiting[-1]
            missing = [one for one in bits._inputs(top) if one not in self._found]
            if missing:
                waiting += missing
                continue
            waiting.pop()
            if top not in self._found:
                self._make(top)
        return self._found[variable]

    def _make(self, variable: int) -> None:
        bits, found = self._bits, self._found
        if variable in bits.place_of:
            element, place = bits.place_of[variable]
            row = np.broadcast_to(element.value(self._values), self.count) >> place & 1
            found[variable] = row.astype(bool) ^ (variable in bits.inverted)
            return
        if variable in bits.virtual_of:
            kind, a, b = bits.virtual_of[variable]
            gate = Gate(kind, (2 * a, 2 * b), variable)
        else:
            gate = bits.circuit.gates[bits.circuit.made_by[variable]]
        for place, row in enumerate(evaluate_gate(gate, found, True)):
            found[gate.output + place] = row


class Prover:
    """Proves elements of a circuit, one after the other; proved ones are given to the next."""

    def __init__(self, circuit: Circuit):
        self.circuit = circuit
        pairs: dict[int, tuple[Kind, int, int]] = {}
        self.bits = Bits(circuit, pairs)
        self.elimination = Elimination(circuit, self.bits.bounds, pairs)
        self.placed: dict[Element, list[int | None]] = {}
        self.values = Values(circuit, self.placed)
        self._words: dict[tuple[Element, tuple[tuple[int, int], ...], int], Word] = {}

    def take(self, element: Element, bits: Sequence[int | None]) -> None:
        """Take an element's bits as known: they are inputs, or proved. See :meth:`settle`."""
        self.placed[element] = list(bits)
        self.bits.take(element, bits)

    def settle(self) -> None:
        """Let sums that follow end at the bits of all elements that were taken."""
        self.elimination.base.update(self.bits.place_of)
        self.bits.forget()

    def join(self, literal: int, other: int) -> None:
        """Take a literal for another one, which is the same for every event."""
        if other >> 1 not in self.elimination.base and other > 1:
            self.elimination.alias[other >> 1] = literal ^ (other & 1)
            if literal >> 1 < other >> 1:
                self.elimination.replace(other >> 1, literal ^ (other & 1))

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
                    self.bits.place_of[virtual] = element, place
                    form.add(2 * virtual, weight)
                else:
                    form.add(literal, weight)
        return form

    def prove(
        self, element: Element, bits: Sequence[int | None], samples: Samples, where: Where
    ) -> Failure | None:
        """Prove that ``bits`` are an element for all values of what it is a sum of; None if so."""
        first = self.values.directly(element, bits)
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
        if samples.agree(element, bits) and self.values.drawn(element, bits):
            return None
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
        if failed := self.values.end_differs(element, bits, leaves, literals if leaves else {}):
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


def _sum_bits(element: Element, samples: Samples, width: int) -> dict[int, np.ndarray]:
    """Samples of each bit of a sum that its function depends on, by place."""
    assert element.sum is not None
    total = samples.total(element.sum)
    return {
        place: packed((total >> place & 1).astype(bool)) for place in range(element.drop, width)
    }
