"""Fixed-point number types, written UQ(i,f) and SQ(i,f) (docs/arithmetic.md)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

WIDEST_TYPE_BITS = 32
"""Of a type that a file gives."""
WIDEST_VALUE_BITS = 62
"""Of an exact sum: the golden model computes in 64-bit integers."""
FARTHEST_POINT = 128
"""Most bits that the binary point may lie outside of a type's own bits."""
_NOTATION = re.compile(r"\s*([US])Q\(\s*(-?[0-9]{1,9})\s*,\s*(-?[0-9]{1,9})\s*\)\s*")


@dataclass(frozen=True, slots=True)
class FixedPoint:
    """An integer of ``width`` bits, read as a multiple of 2**-fraction_bits.

    Parameters
    ----------
    signed : bool
        Two's complement (SQ) or unsigned (UQ).
    integer_bits : int
        Bits before the binary point, the sign bit counted in. May be negative.
    fraction_bits : int
        Bits after the binary point. May be negative.

    Raises
    ------
    ValueError
        If the type has no bit, or more than ``WIDEST_VALUE_BITS``, or its binary point lies more
        than ``FARTHEST_POINT`` bits away from them.
    """

    signed: bool
    integer_bits: int
    fraction_bits: int

    def __post_init__(self) -> None:
        if not 1 <= self.width <= WIDEST_VALUE_BITS:
            raise ValueError(
                f"{self} has {self.width} bits; an exact value has 1 to {WIDEST_VALUE_BITS} bits"
            )
        if not -FARTHEST_POINT <= self.fraction_bits <= FARTHEST_POINT:
            raise ValueError(
                f"{self} has {self.fraction_bits} fraction bits; valid are {-FARTHEST_POINT} to "
                f"{FARTHEST_POINT}"
            )

    @classmethod
    def holding(cls, low: int, high: int, fraction_bits: int) -> FixedPoint:
        """The narrowest type of integers from ``low`` to ``high``; ValueError if none does."""
        signed = low < 0
        width = max(high.bit_length(), (-low - 1).bit_length() if signed else 1) + signed
        return cls(signed, width - fraction_bits, fraction_bits)

    @classmethod
    def parse(cls, text: str) -> FixedPoint:
        """Read ``UQ(i,f)`` or ``SQ(i,f)`` of at most ``WIDEST_TYPE_BITS``."""
        match = _NOTATION.fullmatch(text)
        if not match:
            raise ValueError(
                f"'{text[:40]}' is not a type; write UQ(i,f) or SQ(i,f), for example SQ(1,5)"
            )
        # Checked first: a type in a file is told its own limit.
        integer_bits, fraction_bits = int(match[2]), int(match[3])
        if not 1 <= integer_bits + fraction_bits <= WIDEST_TYPE_BITS:
            raise ValueError(
                f"{match[0].strip()} has {integer_bits + fraction_bits} bits; a type has 1 to "
                f"{WIDEST_TYPE_BITS} bits"
            )
        return cls(match[1] == "S", integer_bits, fraction_bits)

    def __str__(self) -> str:
        return f"{'S' if self.signed else 'U'}Q({self.integer_bits},{self.fraction_bits})"

    @property
    def width(self) -> int:
        """Number of bits."""
        return self.integer_bits + self.fraction_bits

    @property
    def minimum(self) -> int:
        """Least integer of the type."""
        return -(1 << (self.width - 1)) if self.signed else 0

    @property
    def maximum(self) -> int:
        """Greatest integer of the type."""
        return (1 << (self.width - 1 if self.signed else self.width)) - 1

    @property
    def step(self) -> float:
        """Value of the lowest bit."""
        return 2.0**-self.fraction_bits


def _validate(value: object) -> FixedPoint:
    if isinstance(value, FixedPoint):
        return value
    if not isinstance(value, str):
        raise ValueError("a type is a text such as 'UQ(1,7)' or 'SQ(1,5)'")
    return FixedPoint.parse(value)


FixedPointField = Annotated[
    FixedPoint,
    BeforeValidator(_validate),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": r"^[US]Q\(-?\d+,-?\d+\)$"}),
]
"""A FixedPoint in a pydantic model, read from and written as its notation."""
