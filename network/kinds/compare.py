"""Node kind ``compare``."""

from collections.abc import Sequence
from random import Random
from typing import ClassVar, Literal

import numpy as np

from hexcoder.config import Name
from hexcoder.fixed_point import FixedPoint
from hexcoder.network.aligned import (
    broadcast_shape,
    broadcast_values,
    brought_to,
    common_fraction_bits,
)
from hexcoder.network.layer import Keys, Layer, TensorType

Relation = Literal["less", "less_equal", "greater", "greater_equal", "equal", "not_equal"]


class Compare(Layer):
    """Whether a relation of two tensors holds, element by element: 1 or 0."""

    is_cheap: ClassVar[bool] = True
    reads: ClassVar[tuple[int, int]] = (2, 2)

    kind: Literal["compare"]
    name: Name
    relation: Relation

    def output(self, sources: Sequence[TensorType]) -> TensorType:
        """One bit."""
        return TensorType.of(broadcast_shape(sources), FixedPoint(False, 1, 0))

    def needed_bits(self, sources: Sequence[TensorType]) -> int:
        return _widest(sources)

    def evaluate(self, values: Sequence[np.ndarray], sources: Sequence[TensorType]) -> np.ndarray:
        """Of the real values."""
        finest = common_fraction_bits([source.type for source in sources])
        aligned = [
            brought_to(value, source.type, finest)
            for value, source in zip(values, sources, strict=True)
        ]
        left, right = broadcast_values(aligned, broadcast_shape(sources))
        return getattr(np, self.relation)(left, right).astype(np.int64)

    @classmethod
    def draw(cls, random: Random, sources: Sequence[TensorType]) -> Keys | None:
        """Any relation."""
        return {"kind": "compare", "relation": random.choice(Relation.__args__)}


def _widest(sources: Sequence[TensorType]) -> int:
    finest = common_fraction_bits([source.type for source in sources])
    return max(source.type.width + finest - source.type.fraction_bits for source in sources)
