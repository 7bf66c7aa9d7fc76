"""Ways to round to fewer fraction bits: docs/arithmetic.md."""

from typing import Literal

import numpy as np

RoundingMode = Literal[
    "floor",
    "ceil",
    "towards_zero",
    "away_from_zero",
    "half_up",
    "half_down",
    "half_even",
    "half_away_from_zero",
    "half_towards_zero",
]


def rounding_terms(mode: str, drop: int) -> tuple[int, int]:
    """What to add before a floor that drops ``drop`` > 0 bits: always, and to negative values.

    Halves to even are halves up, of which an odd result of an exact half then loses its lowest bit.
    """
    half, all_ones = 1 << (drop - 1), (1 << drop) - 1
    return {
        "floor": (0, 0),
        "ceil": (all_ones, 0),
        "towards_zero": (0, all_ones),
        "away_from_zero": (all_ones, -all_ones),
        "half_up": (half, 0),
        "half_down": (half - 1, 0),
        "half_even": (half, 0),
        "half_away_from_zero": (half, -1),
        "half_towards_zero": (half - 1, 1),
    }[mode]


def rounded(values: np.ndarray, drop: int, mode: str) -> np.ndarray:
    """Integers divided by 2**drop and rounded; a negative ``drop`` multiplies."""
    if drop <= 0:
        return values << -drop
    always, negative = rounding_terms(mode, drop)
    total = values + always + np.where(values < 0, negative, 0)
    result = total >> drop
    if mode == "half_even":
        result = np.where(total & ((1 << drop) - 1) == 0, result & ~1, result)
    return result


def round_reals(values: np.ndarray, mode: str) -> np.ndarray:
    """Real numbers to integers, as :func:`rounded` does it: int64, beyond 62 bits the end."""
    half = np.where(values < 0, -0.5, 0.5)
    whole = {
        "floor": lambda: np.floor(values),
        "ceil": lambda: np.ceil(values),
        "towards_zero": lambda: np.trunc(values),
        "away_from_zero": lambda: np.copysign(np.ceil(np.abs(values)), values),
        "half_up": lambda: np.floor(values + 0.5),
        "half_down": lambda: np.ceil(values - 0.5),
        "half_even": lambda: np.rint(values),
        "half_away_from_zero": lambda: np.trunc(values + half),
        "half_towards_zero": lambda: np.copysign(np.ceil(np.abs(values) - 0.5), values),
    }[mode]()
    return np.clip(whole, -(2.0**62), 2.0**62).astype(np.int64)


def rounding_mode(word: str) -> RoundingMode:
    """The mode that a word of version 1 means; words of version 2 mean themselves."""
    return "half_up" if word == "round_half_up" else word  # pyright: ignore[reportReturnType]
