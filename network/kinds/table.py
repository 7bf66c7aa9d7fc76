"""Node kind ``table``."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from hexcoder.config import Name
from hexcoder.fixed_point import FixedPoint, FixedPointField
from hexcoder.network.integers import Integers, int_array, spread
from hexcoder.network.layer import Keys, Layer, Shape, TensorType
from hexcoder.network.weighted import draw_type

WIDEST_INDEX = 16
"""Bits of the widest input of a table."""


class Table(Layer):
    """Any function of one element: a list with its value for every integer of the input's type.

    The first entry is that of the type's least integer. ``choice`` says which table an element
    uses, over the last axes of the tensor; without it all use the first.
    """

    is_cheap: ClassVar[bool] = True

    kind: Literal["table"]
    name: Name
    tables: Integers = Field(description="one list, or a list of lists")
    choice: Integers | None = None
    type: FixedPointField

    def rows(self) -> np.ndarray:
        """int64 (tables, entries)."""
        return np.atleast_2d(int_array(self.tables))

    def choices(self, shape: Shape) -> np.ndarray:
        """Table of each flattened element: int64 (elements,)."""
        return spread(0 if self.choice is None else self.choice, shape, "choice").ravel()

    def output(self, sources: Sequence[TensorType]) -> TensorType:
        """Of the type that is given."""
        (source,) = sources
        if source.type.width > WIDEST_INDEX:
            raise ValueError(
                f"a table of {source.type} would have {1 << source.type.width} entries; inputs of "
                f"at most {WIDEST_INDEX} bits are supported"
            )
        rows, choices = self.rows(), self.choices(source.shape)
        if rows.ndim != 2 or rows.shape[1] != 1 << source.type.width:
            raise ValueError(
                f"'tables' has shape {list(rows.shape)}; an input of type {source.type} needs "
                f"lists of {1 << source.type.width}"
            )
        if not (choices.min() >= 0 and choices.max() < len(rows)):
            raise ValueError(f"'choice' goes beyond tables 0 to {len(rows) - 1}")
        if rows.min() < self.type.minimum or rows.max() > self.type.maximum:
            raise ValueError(
                f"'tables' has {rows.min()} to {rows.max()}; {self.type} holds "
                f"{self.type.minimum} to {self.type.maximum}"
            )
        return TensorType.of(source.shape, self.type)

    def parameters(self) -> int:
        """Entries of all tables."""
        return self.rows().size

    def evaluate(self, values: Sequence[np.ndarray], sources: Sequence[TensorType]) -> np.ndarray:
        """Exact."""
        flat = values[0].reshape(len(values[0]), -1) - sources[0].type.minimum
        return self.rows()[self.choices(sources[0].shape), flat]

    @classmethod
    def draw(cls, random: Random, sources: Sequence[TensorType]) -> Keys | None:
        """Smooth, steep or random, of up to eight bits."""
        (source,) = sources
        if source.type.width > 8:
            return None
        type_ = draw_type(random, largest=8)
        return {"kind": "table", "type": str(type_), **_entries(random, source, type_)}


def _entries(random: Random, source: TensorType, type_: FixedPoint) -> Keys:
    count = random.choice([1, 2])
    numbers = np.random.default_rng(random.randint(0, 2**32 - 1))
    rows = numbers.integers(type_.minimum, type_.maximum + 1, (count, 1 << source.type.width))
    if random.random() < 0.5:
        rows.sort(axis=1)
    if count == 1:
        return {"tables": rows[0].tolist()}
    return {
        "tables": rows.tolist(),
        "choice": numbers.integers(0, count, source.shape[-1]).tolist(),
    }
