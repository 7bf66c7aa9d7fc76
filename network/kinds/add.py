"""Node kind ``add``."""

from collections.abc import Sequence
from random import Random
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from hexcoder.config import Name
from hexcoder.fixed_point import FixedPoint
from hexcoder.network.aligned import broadcast_shape, broadcast_values
from hexcoder.network.layer import Keys, Layer, TensorType

Sign = Literal[1, -1]
Power = Annotated[int, Field(ge=-64, le=64)]


class Add(Layer):
    """Sum of tensors element by element, each with a sign and a power of two."""

    is_cheap: ClassVar[bool] = True
    reads: ClassVar[tuple[int, int]] = (1, 64)

    kind: Literal["add"]
    name: Name
    signs: tuple[Sign, ...] | None = Field(None, description="1 or -1 for each input; all 1")
    shifts: tuple[Power, ...] | None = Field(
        None, description="each input is taken 2**shift times; all 0"
    )

    def factors(self, sources: Sequence[TensorType]) -> tuple[list[int], int]:
        """Integer factor of each input, and the fraction bits of the sum."""
        signs = self.signs or (1,) * len(sources)
        shifts = self.shifts or (0,) * len(sources)
        for key, given in (("signs", signs), ("shifts", shifts)):
            if len(given) != len(sources):
                raise ValueError(f"'{key}' has {len(given)} entries for {len(sources)} inputs")
        points = [
            source.type.fraction_bits - shift for source, shift in zip(sources, shifts, strict=True)
        ]
        finest = max(points)
        return [sign << finest - point for sign, point in zip(signs, points, strict=True)], finest

    def output(self, sources: Sequence[TensorType]) -> TensorType:
        """The narrowest type that holds every sum."""
        factors, finest = self.factors(sources)
        bounds = [
            sorted((factor * source.type.minimum, factor * source.type.maximum))
            for factor, source in zip(factors, sources, strict=True)
        ]
        low, high = (sum(bound[end] for bound in bounds) for end in (0, 1))
        return TensorType.of(broadcast_shape(sources), FixedPoint.holding(low, high, finest))

    def evaluate(self, values: Sequence[np.ndarray], sources: Sequence[TensorType]) -> np.ndarray:
        """Exact."""
        factors, _ = self.factors(sources)
        parts = broadcast_values(values, broadcast_shape(sources))
        return sum(
            (part * factor for part, factor in zip(parts, factors, strict=True)),
            np.zeros((1,), np.int64),
        )

    @classmethod
    def draw(cls, random: Random, sources: Sequence[TensorType]) -> Keys | None:
        """Any signs and small shifts."""
        keys: Keys = {"kind": "add"}
        if random.random() < 0.6:
            keys["signs"] = [random.choice((1, -1)) for _ in sources]
        if random.random() < 0.6:
            keys["shifts"] = [random.randint(-3, 3) for _ in sources]
        return keys
