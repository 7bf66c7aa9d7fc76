"""Node kind ``constant``."""

from collections.abc import Sequence
from random import Random
from typing import ClassVar, Literal

import numpy as np

from hexcoder.config import Name
from hexcoder.fixed_point import FixedPoint
from hexcoder.network.integers import Integers, draw_array, int_array
from hexcoder.network.layer import Keys, Layer, TensorType


class Constant(Layer):
    """A tensor of known integers."""

    is_wiring: ClassVar[bool] = True
    reads: ClassVar[tuple[int, int]] = (0, 0)

    kind: Literal["constant"]
    name: Name
    values: Integers
    fraction_bits: int = 0

    def output(self, sources: Sequence[TensorType]) -> TensorType:
        """The narrowest type that holds the values."""
        array = int_array(self.values)
        if array.ndim == 0:
            raise ValueError("'values' is a number; it must be a list")
        type_ = FixedPoint.holding(int(array.min()), int(array.max()), self.fraction_bits)
        return TensorType.of(array.shape, type_)

    def evaluate(self, values: Sequence[np.ndarray], sources: Sequence[TensorType]) -> np.ndarray:
        """The same for every event: int64 (1, *shape)."""
        return int_array(self.values)[None]

    @classmethod
    def draw(cls, random: Random, sources: Sequence[TensorType]) -> Keys | None:
        """Up to three axes."""
        shape = tuple(random.randint(1, 3) for _ in range(random.randint(1, 3)))
        values = draw_array(random, shape, FixedPoint(True, random.randint(1, 8), 0))
        fraction_bits = random.randint(-2, 4)
        return {"kind": "constant", "values": values.tolist(), "fraction_bits": fraction_bits}
