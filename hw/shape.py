"""Amaranth shapes of fixed-point types and of value ranges."""

from amaranth.hdl import Shape, signed, unsigned

from hexcoder.fixed_point import FixedPoint


def shape_of(type_: FixedPoint) -> Shape:
    """Shape of a signal that holds a fixed-point type."""
    return signed(type_.width) if type_.signed else unsigned(type_.width)


def shape_of_range(low: int, high: int) -> Shape:
    """Narrowest shape that holds ``low`` to ``high``: unsigned unless a value is negative."""
    if low > high:
        raise ValueError(f"an empty range has no shape: {low} to {high}")
    if low >= 0:
        return unsigned(high.bit_length())
    return signed(max((-low - 1).bit_length(), max(high, 0).bit_length()) + 1)
