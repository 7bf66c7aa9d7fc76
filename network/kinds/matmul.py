"""Node kind ``matmul``."""

from collections.abc import Sequence
from random import Random
from typing import ClassVar, Literal

import numpy as np

from hexcoder.config import Name
from hexcoder.fixed_point import FixedPoint
from hexcoder.network.kinds.multiply import product_bounds
from hexcoder.network.layer import Keys, Layer, TensorType


class MatrixProduct(Layer):
    """Matrix product of two tensors, over the last axis of one and the last but one of the other.

    Axes in front of these two are the same in both, and each stands for a product of its own.
    """

    reads: ClassVar[tuple[int, int]] = (2, 2)

    kind: Literal["matmul"]
    name: Name

    def output(self, sources: Sequence[TensorType]) -> TensorType:
        """(..., rows, columns), of the narrowest type that holds every sum."""
        left, right = (source.shape for source in sources)
        if len(left) < 2 or len(left) != len(right) or left[:-2] != right[:-2]:
            raise ValueError(
                f"matmul needs tensors of (..., i, j) and (..., j, k) with the same axes in front; "
                f"it gets {list(left)} and {list(right)}"
            )
        if left[-1] != right[-2]:
            raise ValueError(
                f"matmul of {list(left)} and {list(right)}: {left[-1]} columns on the left meet "
                f"{right[-2]} rows on the right"
            )
        low, high = product_bounds(sources[0].type, sources[1].type)
        fraction_bits = sum(source.type.fraction_bits for source in sources)
        type_ = FixedPoint.holding(left[-1] * low, left[-1] * high, fraction_bits)
        return TensorType.of((*left[:-1], right[-1]), type_)

    def needed_bits(self, sources: Sequence[TensorType]) -> int:
        widths = sum(source.type.width for source in sources)
        return widths + sources[0].shape[-1].bit_length()

    def evaluate(self, values: Sequence[np.ndarray], sources: Sequence[TensorType]) -> np.ndarray:
        """Exact."""
        left, right = values
        return left @ right

    @classmethod
    def draw(cls, random: Random, sources: Sequence[TensorType]) -> Keys | None:
        """There is nothing to draw."""
        return {"kind": "matmul"}
