"""A product of two variables as bits in columns, and its floor.

The weight is taken two bits at a time (radix 4): 0, 1, 2 or 3 times the input, where three times
the input is added up once for all weights that it meets. No digit but the highest is negative, so
a digit is the weight's own bits, and no row but the last has a correction (in place of Booth's
recoding, Q. J. Mech. Appl. Math. 4, 1951, which is used for the highest digit of a signed weight).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hexcoder.gen.gates.activation import extended
from hexcoder.gen.gates.bits import FALSE, Gates
from hexcoder.gen.gates.heap import Columns, reduce_heap, single_bits


@dataclass(frozen=True, slots=True)
class Multiples:
    """An input and three times it.

    Parameters
    ----------
    once, thrice : tuple of int
        Literals, low bit first. Those of ``once`` are ``width``, those of ``thrice`` two more.
    signed : bool
        Two's complement.
    """

    once: tuple[int, ...]
    thrice: tuple[int, ...]
    signed: bool

    @property
    def width(self) -> int:
        """Bits of the input."""
        return len(self.once)


def multiples(gates: Gates, bits: Sequence[int], signed: bool, name: str) -> Multiples:
    """The multiples of an input that rows are chosen from."""
    width = len(bits) + 2
    columns: Columns = {}
    for shift in (0, 1):
        operand = [FALSE] * shift + extended(bits, width - shift, signed)
        for place, bit in enumerate(operand):
            columns.setdefault(place, []).append(bit)
    reduced = reduce_heap(gates, columns, 0, width, f"{name}_thrice")
    return Multiples(tuple(bits), tuple(single_bits(reduced, width)), signed)


@dataclass(frozen=True, slots=True)
class Digit:
    """Two bits of a weight, or one, as what they choose.

    ``once``, ``twice``, ``thrice`` : literals, at most one of which holds. Where ``negative``
    is not None, the chosen multiple is subtracted if it holds.
    """

    place: int
    once: int
    twice: int
    thrice: int
    negative: int | None = None


def digits(gates: Gates, bits: Sequence[int], signed: bool, name: str) -> list[Digit]:
    """A weight as radix-4 digits, low one first; the highest of a signed weight is signed."""
    found = []
    for place in range(0, len(bits), 2):
        low = bits[place]
        high = bits[place + 1] if place + 1 < len(bits) else FALSE
        label = f"{name}_digit_{place // 2}"
        if signed and place + 2 >= len(bits):
            # A signed digit of one bit is 0 or -1, of two bits -2 to 1.
            sign = high if place + 1 < len(bits) else low
            twice = gates.and_(high, low ^ 1, f"{label}_twice")
            found.append(Digit(place, low, twice, FALSE, sign))
        else:
            once = gates.and_(low, high ^ 1, f"{label}_once")
            twice = gates.and_(high, low ^ 1, f"{label}_twice")
            thrice = gates.and_(low, high, f"{label}_thrice")
            found.append(Digit(place, once, twice, thrice))
    return found


@dataclass(frozen=True, slots=True)
class Heap:
    """Bits of positive weight in columns, and a constant, which may be negative."""

    columns: Columns
    constant: int


def _row(gates: Gates, digit: Digit, x: Multiples, name: str) -> tuple[list[int], int, int]:
    """Bits of one row, its weight's sign correction, and the constant of its highest bit."""
    width = x.width + 2
    once = extended(x.once, width, x.signed)
    twice = [FALSE, *extended(x.once, width - 1, x.signed)]
    thrice = extended(x.thrice, width, x.signed)
    bits = []
    for place in range(width):
        pairs = [
            (digit.once, once[place]),
            (digit.twice, twice[place]),
            (digit.thrice, thrice[place]),
        ]
        chosen = gates.select(pairs, f"{name}_{place}")
        if digit.negative is not None:
            chosen = gates.xor(chosen, digit.negative, f"{name}_{place}_signed")
        bits.append(chosen)
    if digit.negative is None and not x.signed:
        return bits, FALSE, 0
    # The highest bit counts negative: -b = (1 - b) - 1.
    while len(bits) > 1 and bits[-1] == bits[-2]:
        bits.pop()
    top = len(bits) - 1
    bits[top] ^= 1
    correction = FALSE if digit.negative is None else digit.negative
    return bits, correction, -(1 << top)


def product(gates: Gates, x: Multiples, weight: Sequence[Digit], name: str) -> Heap:
    """All bits of input times weight, exact."""
    columns: Columns = {}
    constant = 0
    for number, digit in enumerate(weight):
        bits, correction, offset = _row(gates, digit, x, f"{name}_row_{number}")
        for place, bit in enumerate(bits):
            if bit != FALSE:
                columns.setdefault(digit.place + place, []).append(bit)
        if correction != FALSE:
            columns.setdefault(digit.place, []).append(correction)
        constant += offset << digit.place
    return Heap(columns, constant)


def floored(gates: Gates, heap: Heap, drop: int, name: str) -> Heap:
    """floor(heap / 2**drop): only the carries that leave the dropped columns are built."""
    if drop <= 0:
        raised = {place - drop: list(bits) for place, bits in heap.columns.items()}
        return Heap(raised, heap.constant << -drop)
    low = {place: bits for place, bits in heap.columns.items() if place < drop}
    kept = {place - drop: list(bits) for place, bits in heap.columns.items() if place >= drop}
    fraction = heap.constant & ((1 << drop) - 1)
    height = (sum(len(bits) << place for place, bits in low.items()) + fraction).bit_length()
    if height > drop:
        carried = reduce_heap(gates, low, fraction, height, f"{name}_dropped")
        for place in range(drop, height):
            kept.setdefault(place - drop, []).extend(carried.get(place, []))
    return Heap(kept, heap.constant >> drop)


def wrapped(gates: Gates, heap: Heap, width: int, signed: bool, name: str) -> Heap:
    """The heap's value brought into ``width`` bits, the lowest being kept."""
    modulus = 1 << width
    low = {place: bits for place, bits in heap.columns.items() if place < width}
    bits = single_bits(reduce_heap(gates, low, heap.constant % modulus, width, name), width)
    constant = 0
    if signed:
        bits[-1] ^= 1
        constant = -(1 << (width - 1))
    return Heap({place: [bit] for place, bit in enumerate(bits) if bit != FALSE}, constant)
