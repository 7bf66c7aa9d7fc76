"""Layer kind ``flatten``."""

from random import Random
from typing import ClassVar, Literal

import numpy as np

from hexcoder.config import Name
from hexcoder.fixed_point import FixedPoint
from hexcoder.network.layer import ChainLayer, Keys, Shape


class Flatten(ChainLayer):
    """Image to vector in row, column, channel order; no arithmetic."""

    is_wiring: ClassVar[bool] = True

    kind: Literal["flatten"]
    name: Name | None = None

    def output_shape(self, shape: Shape) -> Shape:
        """(elements,)."""
        return (int(np.prod(shape)),)

    def output_type_of(self, source: FixedPoint) -> FixedPoint:
        """The input's."""
        return source

    def golden(self, values: np.ndarray, source: FixedPoint) -> np.ndarray:
        """The elements in their order."""
        return values

    @classmethod
    def draw_keys(cls, random: Random, shape: Shape) -> Keys | None:
        """Of any shape."""
        return {"kind": "flatten"}
