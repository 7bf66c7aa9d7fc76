"""Node kind ``select``."""

from collections.abc import Sequence
from random import Random
from typing import ClassVar, Literal

import numpy as np

from hexcoder.config import Name
from hexcoder.network.aligned import broadcast_shape, broadcast_values, brought_to, hull
from hexcoder.network.layer import Keys, Layer, TensorType


class Select(Layer):
    """Elements of the second tensor where the first is not 0, of the third where it is 0."""

    is_cheap: ClassVar[bool] = True
    reads: ClassVar[tuple[int, int]] = (3, 3)

    kind: Literal["select"]
    name: Name

    def output(self, sources: Sequence[TensorType]) -> TensorType:
        """The narrowest type that holds both."""
        return TensorType.of(
            broadcast_shape(sources), hull([source.type for source in sources[1:]])
        )

    def needed_bits(self, sources: Sequence[TensorType]) -> int:
        widest = hull([source.type for source in sources[1:]]).width
        return max(widest, sources[0].type.width)

    def evaluate(self, values: Sequence[np.ndarray], sources: Sequence[TensorType]) -> np.ndarray:
        """Exact."""
        finest = hull([source.type for source in sources[1:]]).fraction_bits
        shape = broadcast_shape(sources)
        condition, yes, no = broadcast_values(values, shape)
        return np.where(
            condition != 0,
            brought_to(yes, sources[1].type, finest),
            brought_to(no, sources[2].type, finest),
        )

    @classmethod
    def draw(cls, random: Random, sources: Sequence[TensorType]) -> Keys | None:
        """There is nothing to draw."""
        return {"kind": "select"}
