"""What the components of a code have to know of it: plain numbers."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A value below ``direct``, or all values of one bit length.

    Parameters
    ----------
    symbol_class : int
        Its class in a symbol.
    unary : tuple of int
        Bits behind the symbol that say by how much a value is longer than the last class begins.
    raw_bits : int
        Bits of the value itself that follow: those below its leading one.
    """

    symbol_class: int
    unary: tuple[int, ...]
    raw_bits: int

    @property
    def behind(self) -> int:
        """Bits behind the symbol."""
        return len(self.unary) + self.raw_bits


@dataclass(frozen=True)
class Words:
    """A table: for each symbol its code word, the bits in the order in which they are sent."""

    bits: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, lengths: Sequence[int], words: Sequence[int]) -> "Words":
        """From lengths and words, the first bit of a word the highest."""
        pairs = zip(lengths, words, strict=True)
        return cls(tuple(tuple(w >> (n - 1 - k) & 1 for k in range(n)) for n, w in pairs))

    @property
    def lengths(self) -> tuple[int, ...]:
        """Bits of each word."""
        return tuple(len(word) for word in self.bits)


@dataclass(frozen=True)
class CodeShape:
    """Classes of a cell, and how cells make symbols.

    Parameters
    ----------
    direct : int
        Values that are a class of their own, a power of two.
    longest : int
        Bit length at which the last class begins.
    value_bits : int
        Bits of the largest value.
    groups : tuple of tuple of int
        Cells of each symbol, in the order of the frame.
    """

    direct: int
    longest: int
    value_bits: int
    groups: tuple[tuple[int, ...], ...]

    @property
    def classes(self) -> int:
        """Classes of a cell in a symbol."""
        return self.direct + self.longest - (self.direct.bit_length() - 1)

    @property
    def cells(self) -> int:
        """Cells of all symbols together."""
        return sum(len(group) for group in self.groups)

    def kinds(self, value_bits: int) -> list[Kind]:
        """Kinds of values of so many bits: each direct value, then each bit length."""
        own = self.direct.bit_length() - 1
        most = max(0, self.value_bits - self.longest)
        kinds = [Kind(value, (), 0) for value in range(min(self.direct, 1 << value_bits))]
        for length in range(own + 1, value_bits + 1):
            bounded = min(length, self.longest)
            unary: tuple[int, ...] = ()
            if length >= self.longest and most:
                ones = length - self.longest
                unary = (1,) * ones + ((0,) if ones < most else ())
            kinds.append(Kind(self.direct + bounded - own - 1, unary, length - 1))
        return kinds
