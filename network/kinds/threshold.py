"""Node kind ``threshold``."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from random import Random
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from hexcoder.config import Name
from hexcoder.fixed_point import FixedPoint
from hexcoder.network.integers import LARGEST
from hexcoder.network.layer import Keys, Layer, Shape, TensorType


class Threshold(Layer):
    """How many of a row of thresholds an element reaches, times a step, from a start.

    Rising, it is ``start`` plus ``step`` for each threshold that is at most the element. Falling,
    it is ``start`` plus ``step`` for each threshold that is above it. There is one row for all
    elements, one for each channel (the last axis), or one for each element. It says exactly what
    batch normalisation of any scale and a quantisation do together.
    """

    is_cheap: ClassVar[bool] = True

    kind: Literal["threshold"]
    name: Name
    thresholds: list[list[int]] = Field(min_length=1, description="sorted, one row or several")
    falling: bool | list[bool] = Field(False, description="for all rows, or for each")
    start: int = Field(0, gt=-(1 << 31), lt=1 << 31)
    step: int = Field(1, gt=-(1 << 31), lt=1 << 31)
    fraction_bits: int = Field(0, ge=-64, le=64, description="of the result")

    def rows(self, shape: Shape) -> np.ndarray:
        """Row of thresholds of each flattened element: int64 (elements,)."""
        count, elements = len(self.thresholds), int(np.prod(shape))
        if count == 1:
            return np.zeros(elements, np.int64)
        if count == shape[-1]:
            return np.tile(np.arange(count), elements // count)
        if count == elements:
            return np.arange(count)
        raise ValueError(
            f"'thresholds' has {count} rows; a tensor of {list(shape)} takes 1, {shape[-1]} (one a "
            f"channel) or {elements} (one an element)"
        )

    def falls(self) -> list[bool]:
        """Direction of each row."""
        count = len(self.thresholds)
        if isinstance(self.falling, bool):
            return [self.falling] * count
        if len(self.falling) != count:
            raise ValueError(f"'falling' has {len(self.falling)} entries for {count} rows")
        return self.falling

    def output(self, sources: Sequence[TensorType]) -> TensorType:
        """The narrowest type that holds every result."""
        (source,) = sources
        self.rows(source.shape)
        self.falls()
        for number, row in enumerate(self.thresholds):
            if any(a > b for a, b in pairwise(row)):
                raise ValueError(f"'thresholds'[{number}] are not sorted")
            if row and max(abs(row[0]), abs(row[-1])) >= LARGEST:
                raise ValueError(f"'thresholds'[{number}] are beyond 62 bits")
        if self.step == 0:
            raise ValueError("'step' = 0: it must not be 0")
        ends = [self.start, self.start + self.step * max(map(len, self.thresholds))]
        type_ = FixedPoint.holding(min(ends), max(ends), self.fraction_bits)
        return TensorType.of(source.shape, type_)

    def parameters(self) -> int:
        """Thresholds of all rows."""
        return sum(map(len, self.thresholds))

    def evaluate(self, values: Sequence[np.ndarray], sources: Sequence[TensorType]) -> np.ndarray:
        """Exact."""
        flat = values[0].reshape(len(values[0]), -1)
        rows, result = self.rows(sources[0].shape), np.empty_like(flat)
        for number, (row, falls) in enumerate(zip(self.thresholds, self.falls(), strict=True)):
            chosen = rows == number
            reached = np.searchsorted(np.array(row, np.int64), flat[:, chosen], side="right")
            result[:, chosen] = len(row) - reached if falls else reached
        return self.start + self.step * result

    @classmethod
    def draw(cls, random: Random, sources: Sequence[TensorType]) -> Keys | None:
        """Up to nine thresholds a row, some of them equal, some out of reach."""
        (source,) = sources
        count = random.choice([1, source.shape[-1], source.elements])
        low, high = source.type.minimum, source.type.maximum
        rows = [
            sorted(random.randint(low - 1, high + 1) for _ in range(random.randint(0, 9)))
            for _ in range(count)
        ]
        falling = [random.random() < 0.5 for _ in rows]
        return {
            "kind": "threshold",
            "thresholds": rows,
            "falling": falling if random.random() < 0.5 else falling[0],
            "start": random.randint(-5, 5),
            "step": random.choice([1, 1, 2, -1, 3]),
            "fraction_bits": random.randint(-1, 3),
        }
