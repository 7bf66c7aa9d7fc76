"""Signed digits of integers: the fewest digits of -1, 0 and 1 that make a number."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike


def signed_digits(value: int) -> Iterator[tuple[int, int]]:
    """Place and sign of each digit of the non-adjacent form (Reitwiesner 1960), lowest first."""
    place = 0
    while value:
        if value & 1:
            digit = 2 - (value & 3)
            yield place, digit
            value -= digit
        value >>= 1
        place += 1


def digit_count(values: ArrayLike) -> np.ndarray:
    """Number of digits of :func:`signed_digits` of each integer: int64 of the same shape.

    3 n and n differ in just the places of those digits.
    """
    magnitude = np.abs(np.asarray(values, dtype=np.int64))
    return np.bitwise_count((3 * magnitude) ^ magnitude).astype(np.int64)
