"""Comparisons, choices, tables and products on bits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from hexcoder.gen.gates.activation import any_of, clipped, extended
from hexcoder.gen.gates.bits import FALSE, TRUE, Gates
from hexcoder.gen.gates.heap import Columns

_FREE = 2
"""In a table of bits, an entry that does not matter."""


def multiplexed(gates: Gates, condition: int, yes: int, no: int, name: str) -> int:
    """Literal of ``yes`` where the condition holds, else of ``no``."""
    if yes == no or condition == TRUE:
        return yes
    if condition == FALSE:
        return no
    if yes == no ^ 1:
        return gates.xor(condition, no, name)
    if yes in (TRUE, condition):
        return gates.or_(condition, no, name)
    if yes in (FALSE, condition ^ 1):
        return gates.and_(condition ^ 1, no, name)
    if no in (FALSE, condition):
        return gates.and_(condition, yes, name)
    if no in (TRUE, condition ^ 1):
        return gates.or_(condition ^ 1, yes, name)
    return gates.select([(condition, yes), (condition ^ 1, no)], name)


def chosen(
    gates: Gates, condition: int, yes: Sequence[int], no: Sequence[int], name: str
) -> list[int]:
    """Bit by bit, of two numbers of one width."""
    return [
        multiplexed(gates, condition, a, b, f"{name}_at_{place}")
        for place, (a, b) in enumerate(zip(yes, no, strict=True))
    ]


def is_less(gates: Gates, left: Sequence[int], right: Sequence[int], name: str) -> int:
    """Whether one two's complement number is less than another of the same width.

    From the lowest bit up: what is less so far is so still unless a higher bit says otherwise.
    """
    found = FALSE
    for place, (a, b) in enumerate(zip(left, right, strict=True)):
        if place == len(left) - 1:
            # A sign counts the other way round.
            a, b = b, a
        rises = gates.and_(a ^ 1, b, f"{name}_rises_at_{place}")
        may = gates.or_(a ^ 1, b, f"{name}_may_at_{place}")
        held = gates.and_(may, found, f"{name}_held_at_{place}")
        found = gates.or_(rises, held, f"{name}_at_{place}")
    return found


def is_equal(gates: Gates, left: Sequence[int], right: Sequence[int], name: str) -> int:
    """Whether two numbers of one width are equal."""
    differ = [
        gates.xor(a, b, f"{name}_differs_at_{place}")
        for place, (a, b) in enumerate(zip(left, right, strict=True))
    ]
    return any_of(gates, differ, f"{name}_any") ^ 1


def reaches(gates: Gates, bits: Sequence[int], threshold: int, name: str) -> int:
    """Whether a two's complement number, its sign bit last, is at least a constant.

    From the lowest bit up, so that constants with equal low ends share their gates. The zeros at a
    constant's low end cost nothing.
    """
    width = len(bits)
    if threshold <= -(1 << width - 1):
        return TRUE
    if threshold > (1 << width - 1) - 1:
        return FALSE
    # As unsigned numbers, with the sign inverted.
    unsigned, wanted = [*bits[:-1], bits[-1] ^ 1], threshold + (1 << width - 1)
    found = TRUE
    for place, bit in enumerate(unsigned):
        # Named by what the bits so far are compared with: others may share it.
        part = f"{name}_from_{wanted & (2 << place) - 1}_at_{place}"
        join = gates.and_ if wanted >> place & 1 else gates.or_
        found = join(bit, found, part)
    return found


def encoded(
    gates: Gates, reached: Sequence[int], numbers: Sequence[int], width: int, name: str
) -> list[int]:
    """Bits of ``numbers[k]``, where the first k of nested conditions hold.

    Each bit is an or over the runs of numbers that have it.
    """
    bits = []
    for place in range(width):
        found, start = FALSE, None
        for level in range(len(numbers) + 1):
            is_set = level < len(numbers) and numbers[level] >> place & 1
            if is_set and start is None:
                start = level
            elif not is_set and start is not None:
                begun = reached[start - 1] if start else TRUE
                ended = reached[level - 1] if level < len(numbers) else FALSE
                run = gates.and_(begun, ended ^ 1, f"{name}_run_{level}_at_{place}")
                found = gates.or_(found, run, f"{name}_{level}_at_{place}")
                start = None
        bits.append(found)
    return bits


def limited(
    gates: Gates, bits: Sequence[int], bounds: tuple[int, int], low: int, high: int, width: int,
    name: str,
) -> list[int]:  # fmt: skip
    """A two's complement number within ``bounds``, clipped to low and high, in ``width`` bits."""
    result = extended(bits, width, True)
    if bounds[1] > high:
        above = reaches(gates, bits, high + 1, name)
        result = clipped(gates, result, above, high, f"{name}_clipped")
    if bounds[0] < low:
        below = reaches(gates, bits, low, name) ^ 1
        result = clipped(gates, result, below, low, f"{name}_bounded")
    return result


def looked_up(
    gates: Gates, bits: Sequence[int], table: np.ndarray, width: int, name: str
) -> list[int]:
    """Bits of a table's entries, of which the number is given by ``bits``.

    Each bit is a tree of multiplexers, in which equal parts are made once (a reduced ordered
    decision diagram, Bryant 1986). Entries that cannot occur take whatever makes two parts equal.

    Parameters
    ----------
    bits : sequence of int
        The entry's number, low bit first.
    table : object array (2**len(bits),)
        Integers, None where it does not matter.
    width : int
        Bits of the result.
    """
    free = np.array([entry is None for entry in table])
    values = np.array([0 if entry is None else entry for entry in table], dtype=np.int64)
    columns = [
        np.where(free, _FREE, values >> place & 1).astype(np.uint8) for place in range(width)
    ]
    known: dict[bytes, int] = {}

    def tree(column: np.ndarray, level: int, part: str) -> int:
        present = set(column.tolist()) - {_FREE}
        if len(present) < 2:
            return TRUE if present == {1} else FALSE
        key = column.tobytes()
        if key not in known:
            half = len(column) // 2
            low, high = column[:half], column[half:]
            if ((low == high) | (low == _FREE) | (high == _FREE)).all():
                joined = np.where(low == _FREE, high, low)
                known[key] = tree(joined, level - 1, part)
            elif _opposite(low, high):
                joined = np.where(low == _FREE, _inverse(high), low)
                inner = tree(joined, level - 1, part)
                known[key] = gates.xor(bits[level], inner, f"{part}_{len(known)}")
            else:
                yes, no = tree(high, level - 1, part), tree(low, level - 1, part)
                label = f"{part}_{len(known)}"
                known[key] = multiplexed(gates, bits[level], yes, no, label)
        return known[key]

    return [
        tree(column, len(bits) - 1, f"{name}_at_{place}") for place, column in enumerate(columns)
    ]


def _inverse(column: np.ndarray) -> np.ndarray:
    return np.where(column == _FREE, _FREE, 1 - column).astype(np.uint8)


def _opposite(low: np.ndarray, high: np.ndarray) -> bool:
    return bool(((low != high) | (low == _FREE)).all())


def product(
    gates: Gates, left: Sequence[int], right: Sequence[int], signed: tuple[bool, bool], name: str
) -> tuple[Columns, int]:
    """Partial products of two numbers as bits by weight, and the constant that goes with them.

    Two's complement: the products of one sign bit with a bit are negative, which inverts them
    (Baugh and Wooley, IEEE Trans. Computers C-22, 1973). Of a square each product of two different
    bits stands once, a place higher.
    """
    columns: Columns = defaultdict(list)
    constant = 0
    is_square = list(left) == list(right)
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            if is_square and j < i:
                continue
            place = i + j + (is_square and i != j)
            negative = (signed[0] and i == len(left) - 1) != (signed[1] and j == len(right) - 1)
            bit = gates.and_(a, b, f"{name}_times_{i}_{j}")
            if bit == FALSE:
                continue
            if negative:
                bit ^= 1
                constant -= 1 << place
            columns[place].append(bit)
    return columns, constant


def one_of(
    gates: Gates, conditions: Sequence[int], numbers: Sequence[int], width: int, name: str
) -> list[int]:
    """Bits of the number whose condition holds, where exactly one does."""
    bits = []
    for place in range(width):
        with_it = [c for c, n in zip(conditions, numbers, strict=True) if n >> place & 1]
        without = [c for c, n in zip(conditions, numbers, strict=True) if not n >> place & 1]
        inverted = len(without) < len(with_it)
        found = any_of(gates, without if inverted else with_it, f"{name}_any_{place}")
        bits.append(found ^ int(inverted))
    return bits
