"""Node kind ``argmax``."""

from collections.abc import Sequence
from random import Random
from typing import Literal

import numpy as np

from hexcoder.config import Name
from hexcoder.fixed_point import FixedPoint
from hexcoder.network.layer import Keys, Layer, TensorType


class Argmax(Layer):
    """Place of the greatest element along the last axis, the first of equal ones."""

    kind: Literal["argmax"]
    name: Name

    def output(self, sources: Sequence[TensorType]) -> TensorType:
        """The shape without its last axis, or one element."""
        (source,) = sources
        type_ = FixedPoint.holding(0, source.shape[-1] - 1, 0)
        return TensorType.of(source.shape[:-1] or (1,), type_)

    def evaluate(self, values: Sequence[np.ndarray], sources: Sequence[TensorType]) -> np.ndarray:
        """Exact."""
        return values[0].argmax(axis=-1)

    @classmethod
    def draw(cls, random: Random, sources: Sequence[TensorType]) -> Keys | None:
        """There is nothing to draw."""
        return {"kind": "argmax"}
