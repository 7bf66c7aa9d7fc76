"""Integers of which each bit is a binary decision diagram, for functions of too many values to try.

NumPy hands its calls on (``__array_ufunc__``, ``__array_function__``), so a golden function of an
array of integers takes a :class:`Symbolic` as it takes an array. Diagrams are reduced and ordered
(Bryant, IEEE Transactions on Computers C-35, 1986): equal functions are the same node. Sums with
constants, comparisons, roundings and saturations of a word have diagrams that grow as its width.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

MOST_NODES = 1 << 17
"""Of all diagrams about one word, where nothing else is said."""
_END = 1 << 30
"""Level of the constants."""


class Inexpressible(Exception):
    """A function does something that has no diagram here, or too large a one."""


class Diagrams:
    """Nodes: 0 and 1 are constants; each other one chooses by a variable, its level.

    With more than ``most`` of them :class:`Inexpressible` is raised.
    """

    def __init__(self, most: int = MOST_NODES) -> None:
        self._most = most
        self._nodes: list[tuple[int, int, int]] = [(_END, 0, 0), (_END, 1, 1)]
        self._known: dict[tuple[int, int, int], int] = {}
        self._chosen: dict[tuple[int, int, int], int] = {}

    def node(self, level: int, no: int, yes: int) -> int:
        """The node that is ``yes`` where the variable of a level is 1, else ``no``."""
        if no == yes:
            return no
        key = level, no, yes
        if key not in self._known:
            if len(self._nodes) == self._most:
                raise Inexpressible
            self._known[key] = len(self._nodes)
            self._nodes.append(key)
        return self._known[key]

    def choose(self, by: int, yes: int, no: int) -> int:
        """``yes`` where ``by`` is 1, else ``no``."""
        if by < 2:
            return yes if by else no
        if yes == no:
            return yes
        key = by, yes, no
        if key not in self._chosen:
            level = min(self._nodes[one][0] for one in key)
            parts = [
                nodes[1:] if nodes[0] == level else (one, one)
                for one, nodes in ((one, self._nodes[one]) for one in key)
            ]
            low, high = (self.choose(*(part[end] for part in parts)) for end in (0, 1))
            self._chosen[key] = self.node(level, low, high)
        return self._chosen[key]

    def inverse(self, one: int) -> int:
        return self.choose(one, 0, 1)

    def xor(self, one: int, other: int) -> int:
        return self.choose(one, self.inverse(other), other)

    def words(self, low: int, high: int) -> tuple[Symbolic, int]:
        """Any integer of a range, and the node that says that it lies in the range."""
        width = 1 + max((-low - 1 if low < 0 else low).bit_length(), abs(high).bit_length())
        # The top bit first, so that comparisons are short.
        bits = [self.node(width - 1 - place, 0, 1) for place in range(width)]
        word = Symbolic(self, bits)
        return word, self.within(word, low, high)

    def within(self, word: Symbolic, low: int, high: int) -> int:
        """The node that says that a word lies in a range."""
        inside = np.where(word < low, 0, np.where(word > high, 0, 1))
        return inside.bits[0]

    def word(self, value: Any) -> Symbolic:
        """A function's value, which may be a plain integer."""
        return Symbolic(self, [0])._taken(value)

    def ends(self, word: Symbolic, inside: int) -> tuple[int, int]:
        """Least and greatest value of a word where a node that is not 0 is 1."""
        ends: list[int] = []
        for preferred in (0, 1):
            left, value, last = inside, 0, len(word.bits) - 1
            for place in range(last, -1, -1):
                wanted = preferred ^ (place == last)
                ones = self.choose(left, word.bits[place], 0)
                zeros = self.choose(word.bits[place], 0, left)
                bit = int(bool(ones)) if wanted else int(not zeros)
                left = ones if bit else zeros
                value += -(bit << place) if place == last else bit << place
            ends.append(value)
        return ends[0], ends[1]


class Symbolic(NDArrayOperatorsMixin):
    """An integer in two's complement: a node for each bit, the sign's last."""

    def __init__(self, diagrams: Diagrams, bits: Sequence[int]):
        last = len(bits) - 1
        while last and bits[last] == bits[last - 1]:
            last -= 1
        self.diagrams, self.bits = diagrams, tuple(bits[: last + 1])

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **keys: Any) -> Symbolic:
        return self._called(_UFUNCS.get(ufunc), inputs, keys)

    def __array_function__(self, function: Any, _: Any, inputs: Any, keys: Any) -> Symbolic:
        return self._called(_FUNCTIONS.get(function), inputs, keys)

    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        raise Inexpressible

    def _called(self, function: Callable[..., Symbolic] | None, inputs: Any, keys: Any) -> Symbolic:
        if function is None:
            raise Inexpressible
        return function(*(self._taken(one) for one in inputs), **keys)

    def _taken(self, value: Any) -> Any:
        """Integers as words of constant bits; arrays of several, and words, as they are."""
        if isinstance(value, Symbolic) or np.ndim(value):
            return value
        value = int(value)
        return Symbolic(self.diagrams, [value >> k & 1 for k in range(value.bit_length() + 1)])

    def bit(self, place: int) -> int:
        """Node of a bit, which above the sign is the sign."""
        return self.bits[min(place, len(self.bits) - 1)]

    def constant(self) -> int:
        """What it always is."""
        if max(self.bits) > 1:
            raise Inexpressible
        value = sum(bit << place for place, bit in enumerate(self.bits))
        return value - (self.bits[-1] << len(self.bits))


def _bitwise(operation: Callable[[Diagrams, int, int], int]) -> Callable[..., Symbolic]:
    def word(a: Symbolic, b: Symbolic) -> Symbolic:
        places = range(max(len(a.bits), len(b.bits)))
        return Symbolic(a.diagrams, [operation(a.diagrams, a.bit(k), b.bit(k)) for k in places])

    return word


def _inverted(a: Symbolic) -> Symbolic:
    return Symbolic(a.diagrams, [a.diagrams.inverse(bit) for bit in a.bits])


def _added(a: Symbolic, b: Symbolic, carry: int = 0) -> Symbolic:
    of, bits = a.diagrams, list[int]()
    for place in range(max(len(a.bits), len(b.bits)) + 1):
        half = of.xor(a.bit(place), b.bit(place))
        bits.append(of.xor(half, carry))
        carry = of.choose(half, carry, a.bit(place))
    return Symbolic(of, bits)


def _subtracted(a: Symbolic, b: Symbolic) -> Symbolic:
    return _added(a, _inverted(b), 1)


def _multiplied(a: Symbolic, b: Symbolic) -> Symbolic:
    if max(a.bits) < 2:
        a, b = b, a
    factor = b.constant()
    total = Symbolic(a.diagrams, [0])
    for place in range(abs(factor).bit_length()):
        if abs(factor) >> place & 1:
            total = _added(total, Symbolic(a.diagrams, [0] * place + list(a.bits)))
    return _subtracted(Symbolic(a.diagrams, [0]), total) if factor < 0 else total


def _shifted_left(a: Symbolic, b: Symbolic) -> Symbolic:
    return Symbolic(a.diagrams, [0] * b.constant() + list(a.bits))


def _shifted_right(a: Symbolic, b: Symbolic) -> Symbolic:
    return Symbolic(a.diagrams, a.bits[min(b.constant(), len(a.bits) - 1) :])


def _is_less(a: Symbolic, b: Symbolic) -> Symbolic:
    return Symbolic(a.diagrams, [_subtracted(a, b).bits[-1], 0])


def _is_equal(a: Symbolic, b: Symbolic) -> Symbolic:
    of, same = a.diagrams, 1
    for bit in _bitwise(Diagrams.xor)(a, b).bits:
        same = of.choose(bit, 0, same)
    return Symbolic(of, [same, 0])


def _where(by: Symbolic, yes: Symbolic, no: Symbolic) -> Symbolic:
    of, places = by.diagrams, range(max(len(yes.bits), len(no.bits)))
    return Symbolic(of, [of.choose(by.bits[0], yes.bit(k), no.bit(k)) for k in places])


def _least(a: Symbolic, b: Symbolic) -> Symbolic:
    return _where(_is_less(a, b), a, b)


def _greatest(a: Symbolic, b: Symbolic) -> Symbolic:
    return _where(_is_less(a, b), b, a)


def _clipped(a: Symbolic, low: Symbolic, high: Symbolic) -> Symbolic:
    return _least(_greatest(a, low), high)


def _place_found(levels: np.ndarray, a: Symbolic, *, side: str) -> Symbolic:
    """How many of sorted levels a word has reached."""
    if side != "right":
        raise Inexpressible

    def reached(first: int, last: int) -> Symbolic:
        if first == last:
            return a._taken(first)
        middle = (first + last) // 2
        less = _is_less(a, a._taken(levels[middle]))
        return _where(less, reached(first, middle), reached(middle + 1, last))

    return reached(0, len(levels))


_UFUNCS: dict[Any, Callable[..., Symbolic]] = {
    np.add: _added,
    np.subtract: _subtracted,
    np.multiply: _multiplied,
    np.left_shift: _shifted_left,
    np.right_shift: _shifted_right,
    np.invert: _inverted,
    np.bitwise_and: _bitwise(lambda of, a, b: of.choose(a, b, 0)),
    np.bitwise_or: _bitwise(lambda of, a, b: of.choose(a, 1, b)),
    np.bitwise_xor: _bitwise(Diagrams.xor),
    np.less: _is_less,
    np.greater: lambda a, b: _is_less(b, a),
    np.equal: _is_equal,
    np.minimum: _least,
    np.maximum: _greatest,
}
_FUNCTIONS: dict[Any, Callable[..., Symbolic]] = {
    np.clip: _clipped,
    np.where: _where,
    np.searchsorted: _place_found,
}


def range_of(function: Callable[[Any], Any], low: int, high: int) -> tuple[int, int]:
    """Least and greatest value of a function of the integers from ``low`` to ``high``.

    Raises
    ------
    Inexpressible
    """
    diagrams = Diagrams()
    word, inside = diagrams.words(low, high)
    return diagrams.ends(diagrams.word(function(word)), inside)
