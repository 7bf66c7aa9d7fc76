"""Integers in network.json: nested lists of any depth, and what is drawn of them."""

from __future__ import annotations

from random import Random
from typing import Annotated, Any, TypeAlias

import numpy as np
from pydantic import BeforeValidator, WithJsonSchema

from hexcoder.fixed_point import FixedPoint
from hexcoder.network.layer import MOST_ELEMENTS

LARGEST = 1 << 62
"""Beyond it no value of a network lies."""


def _checked(value: object) -> object:
    """Refuse what is ragged, not an integer, or too large."""
    try:
        array = np.array(value, dtype=object)
    except ValueError:
        raise ValueError("it is ragged: lists beside each other must be equally long") from None
    if array.size > MOST_ELEMENTS:
        raise ValueError(f"it has {array.size} numbers; at most {MOST_ELEMENTS} are supported")
    for index, number in np.ndenumerate(array):
        if isinstance(number, list):
            raise ValueError("it is ragged: lists beside each other must be equally long")
        if isinstance(number, bool) or not isinstance(number, int):
            raise ValueError(f"{list(index)} is {number!r}; it must be an integer")
        if abs(number) >= LARGEST:
            raise ValueError(f"{list(index)} = {number} is beyond 62 bits")
    return value


Integers: TypeAlias = Annotated[
    Any,
    BeforeValidator(_checked),
    WithJsonSchema({"description": "integers, nested", "type": ["array", "integer"]}),
]
"""An integer, or lists of lists of them, all of one length at each depth."""


def int_array(values: Any) -> np.ndarray:
    """Nested integers as int64."""
    return np.array(values, dtype=np.int64)


def spread(values: Any, shape: tuple[int, ...], key: str) -> np.ndarray:
    """Nested integers, or an array, over a tensor, the last axes of which they have.

    Raises
    ------
    ValueError
        If they do not fit ``shape``.
    """
    array = values if isinstance(values, np.ndarray) else int_array(values)
    try:
        return np.broadcast_to(array, shape)
    except ValueError:
        raise ValueError(
            f"'{key}' has shape {list(array.shape)}, which does not fit {list(shape)}"
        ) from None


def draw_array(random: Random, shape: tuple[int, ...], type_: FixedPoint) -> np.ndarray:
    """Integers over a whole type: dense, sparse or only extremes."""
    style = random.choice(["dense", "sparse", "extreme"])
    numbers = np.random.default_rng(random.randint(0, 2**32 - 1))
    if style == "extreme":
        return numbers.choice([type_.minimum, type_.maximum], shape)
    values = numbers.integers(type_.minimum, type_.maximum + 1, shape)
    return np.where(numbers.random(shape) < 0.7, 0, values) if style == "sparse" else values
