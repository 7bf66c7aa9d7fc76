"""Node kind ``multiply``."""

from collections.abc import Sequence
from random import Random
from typing import ClassVar, Literal

import numpy as np

from hexcoder.config import Name
from hexcoder.fixed_point import FixedPoint
from hexcoder.network.aligned import broadcast_shape, broadcast_values
from hexcoder.network.layer import Keys, Layer, TensorType


class Multiply(Layer):
    """Product of two tensors element by element; of one with itself its square."""

    is_cheap: ClassVar[bool] = True
    reads: ClassVar[tuple[int, int]] = (2, 2)

    kind: Literal["multiply"]
    name: Name

    def output(self, sources: Sequence[TensorType]) -> TensorType:
        """The narrowest type that holds every product."""
        low, high = product_bounds(*(source.type for source in sources))
        if self.is_square:
            low = 0
        fraction_bits = sum(source.type.fraction_bits for source in sources)
        return TensorType.of(broadcast_shape(sources), FixedPoint.holding(low, high, fraction_bits))

    @property
    def is_square(self) -> bool:
        """Whether both inputs are one tensor."""
        return self.inputs is not None and self.inputs[0] == self.inputs[1]

    def needed_bits(self, sources: Sequence[TensorType]) -> int:
        return sum(source.type.width for source in sources)

    def evaluate(self, values: Sequence[np.ndarray], sources: Sequence[TensorType]) -> np.ndarray:
        """Exact."""
        left, right = broadcast_values(values, broadcast_shape(sources))
        return left * right

    @classmethod
    def draw(cls, random: Random, sources: Sequence[TensorType]) -> Keys | None:
        """There is nothing to draw."""
        return {"kind": "multiply"}


def product_bounds(left: FixedPoint, right: FixedPoint) -> tuple[int, int]:
    """Least and greatest product of two types' integers."""
    ends = [a * b for a in (left.minimum, left.maximum) for b in (right.minimum, right.maximum)]
    return min(ends), max(ends)
