"""Signed digits of integers."""

from __future__ import annotations

from collections.abc import Iterator


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
