"""Bit heaps: a sum of any number of operands, reduced column by column.

All bits of one weight stand in a column. Three bits of a column become one bit of it and one of
the next: a full adder takes one bit away, so their number is bits before minus bits after,
whatever the order (multi-operand addition: Dadda 1965; bit heaps: de Dinechin et al., FPL 2013).
Columns go from the lowest up, in each the bits that are stable first (Oklobdzija et al., IEEE
Trans. Computers 45, 1996).
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from hexcoder.gen.gates.bits import FALSE, TRUE, Gates

Columns = dict[int, list[int]]
"""Literals of each weight, by the weight's binary logarithm."""


class _Column:
    """Bits of one weight while they are being reduced.

    Each net stands in it once: x + x is x in the column above, x + not x is a one.

    A full adder that adds bits of both polarities has to read an inverse. So the earliest bits wait
    for others of their polarity, but not long: late bits come with glitches, which every adder
    behind them repeats.
    """

    def __init__(self, gates: Gates, literals: list[int], above: list[int]):
        self._arrival, self._above, self._wait_ns = gates.arrival, above, gates.wait_ns
        self._queues: tuple[list[tuple[float, int]], list[tuple[float, int]]] = ([], [])
        self._present: dict[int, int] = {}
        self.ones = 0
        for literal in literals:
            self.add(literal)

    def __len__(self) -> int:
        return len(self._present)

    def add(self, literal: int) -> None:
        net = literal >> 1
        if literal <= TRUE:
            self.ones += literal
        elif net not in self._present:
            self._present[net] = literal
            insort(self._queues[literal & 1], (self._arrival[net], literal))
        else:
            other = self._present[net]
            self._take((self._arrival[net], other))
            if other == literal:
                self._above.append(literal)
            else:
                self.ones += 1

    def _take(self, entry: tuple[float, int]) -> int:
        queue = self._queues[entry[1] & 1]
        del queue[bisect_left(queue, entry)]
        del self._present[entry[1] >> 1]
        return entry[1]

    def take_three(self) -> list[int]:
        """Three bits to add next: of one polarity where those wait little, else the earliest."""
        alike = [queue[:3] for queue in self._queues]
        earliest = sorted(alike[0] + alike[1])[:3]
        last = earliest[2][0] + self._wait_ns
        whole = [three for three in alike if len(three) == 3 and three[2][0] <= last]
        return [self._take(entry) for entry in min(whole, key=lambda t: t[2], default=earliest)]

    def rest(self) -> list[int]:
        """The bits that are left, in a fixed order."""
        return sorted(self._present.values())


class _Reduction:
    def __init__(self, gates: Gates, columns: Mapping[int, list[int]], name: str):
        self.gates, self.name = gates, name
        self.columns: dict[int, list[int]] = defaultdict(list)
        for column, bits in columns.items():
            self.columns[column] = list(bits)

    def _full_adders(self, place: int) -> tuple[list[int], int]:
        """Reduce a column to at most two bits; these, and the ones that were found."""
        column = _Column(self.gates, self.columns[place], self.columns[place + 1])
        number = 0
        while len(column) >= 3:
            name = f"{self.name}_at_{place}_{number}"
            total, carry = self.gates.full_adder(column.take_three(), name)
            column.add(total)
            self.columns[place + 1].append(carry)
            number += 1
        return column.rest(), column.ones

    def _half_adder(self, place: int, bits: list[int], one: int) -> int:
        """Two bits, and a one if ``one``: the column's bit; the carry goes up."""
        a, b = bits
        name = f"{self.name}_at_{place}_half"
        join = self.gates.or_ if one else self.gates.and_
        self.columns[place + 1].append(join(a, b, f"{name}_carry"))
        return self.gates.xor(a, b, f"{name}_sum") ^ one

    def _only_a_carry_is_left(self, place: int, bits: list[int], constant: int, top: int) -> bool:
        """Whether above a column of two bits at most one bit stands in each."""
        return (
            len(bits) == 2
            and not constant >> place
            and all(len(self.columns[above]) <= 1 for above in range(place + 1, top + 1))
        )

    def run(self, constant: int, width: int, *, redundant: bool) -> Columns:
        result: Columns = {}
        top = max(max(self.columns, default=0), width) + 1
        for place in range(width):
            bits, ones = self._full_adders(place)
            constant += ones << place
            if redundant and self._only_a_carry_is_left(place, bits, constant, top):
                result[place] = bits
                result |= {
                    above: self.columns[above]
                    for above in range(place + 1, top + 1)
                    if self.columns[above]
                }
                return result
            one = constant >> place & 1
            constant -= one << place
            if len(bits) == 2:
                result[place] = [self._half_adder(place, bits, one)]
            elif bits:
                if one:
                    self.columns[place + 1].append(bits[0])
                result[place] = [bits[0] ^ one]
            elif one:
                result[place] = [TRUE]
        return result


def reduce_heap(
    gates: Gates,
    columns: Mapping[int, list[int]],
    constant: int,
    width: int,
    name: str,
    *,
    redundant: bool = False,
) -> Columns:
    """Add up all bits of a heap and a constant, modulo 2**width.

    Parameters
    ----------
    gates : Gates
        Gets the adders.
    columns : mapping of int to list of int
        Literals by column.
    constant : int
        Not negative.
    width : int
        Columns of the result.
    name : str
        Of the sum: its nets are called after it.
    redundant : bool
        Stop where only a carry is left to run through single bits, leaving two bits in one column
        and the result not reduced modulo 2**width: whoever reads the sum adds them in.

    Returns
    -------
    Columns
        One literal a column, but for that one column of a redundant result. Columns that are zero
        are missing.
    """
    return _Reduction(gates, columns, name).run(constant, width, redundant=redundant)


@dataclass(frozen=True, slots=True)
class HeapSize:
    """What reducing a heap takes, and the bits that it leaves."""

    full_adders: int
    half_adders: int
    bits: int


def heap_size(
    columns: Mapping[int, list[int]], constant: int, width: int, *, redundant: bool = False
) -> HeapSize:
    """Size of a heap, by the heights of its columns alone; arguments as of :func:`reduce_heap`."""
    full = half = left = carries = 0
    heights = [len(columns.get(column, [])) for column in range(width)]
    for column, height in enumerate(heights):
        bits = height + carries
        carries = max(bits - 1, 0) // 2
        full += carries
        bits -= 2 * carries
        if redundant and bits == 2 and not constant >> column:
            above = [*heights[column + 1 :], 0]
            above[0] += carries
            if max(above) <= 1:
                return HeapSize(full, half, left + 2 + sum(above))
        if bits == 2:
            half += 1
            carries += 1
        elif bits:
            carries += constant >> column & 1
        left += min(bits, 1)
    return HeapSize(full, half, left)


def single_bits(columns: Columns, width: int) -> list[int]:
    """Literals of a reduced heap, from the lowest column up."""
    bits = [columns.get(column, [FALSE]) for column in range(width)]
    assert all(len(column) == 1 for column in bits)
    return [column[0] for column in bits]
