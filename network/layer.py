"""What every kind of layer says of itself, and a layer with what comes in and goes out."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np
from pydantic import Field

from hexcoder.config import Section
from hexcoder.fixed_point import FixedPoint, FixedPointField

Shape = tuple[int, ...]
"""(row, column, channel) of an image, or (elements,)."""


Keys: TypeAlias = dict[str, Any]
"""Keys and values of a layer in network.json."""


class Layer(Section):
    """Base of the kinds: one class in a file of its own in network/kinds/.

    Its docstring, keys, shapes and arithmetic are all that parser, schema, golden model and tests
    know of a kind; gen/lowering/ has a file of the same name with its gates.
    """

    is_wiring: ClassVar[bool] = False
    """Elements go on as they are, in their order: there is nothing to build."""

    if TYPE_CHECKING:
        # Keys of every kind; declared here they would move to the front of the file.
        kind: Any
        name: Any

    def output_shape(self, shape: Shape) -> Shape:
        """Shape after this layer.

        Raises
        ------
        ValueError
            Where the layer does not take an input of ``shape``, or its own keys do not fit.
        """
        raise NotImplementedError

    def output_type_of(self, source: FixedPoint) -> FixedPoint:
        """Type after this layer."""
        raise NotImplementedError

    def sum_bits(self, shape: Shape, source: FixedPoint) -> int:
        """Bits of the widest value that the golden model computes, from an input's shape and type.

        Networks that need more than 62 are refused.
        """
        return source.width

    def golden(self, values: np.ndarray, source: FixedPoint) -> np.ndarray:
        """The layer on a batch, exact: int64 (n, *shape) of type ``source``, any layout after."""
        raise NotImplementedError

    @classmethod
    def draw(cls, random: Random, shape: Shape) -> Keys | None:
        """Keys of any such layer for an input of ``shape``; None where it does not take one."""
        raise NotImplementedError


class LayerContext(Section):
    """A layer with what comes into it and goes out of it."""

    name: str
    layer: Layer = Field(exclude=True)
    input_shape: Shape
    input_type: FixedPointField
    output_shape: Shape
    output_type: FixedPointField

    def golden(self, values: np.ndarray) -> np.ndarray:
        """The layer on a batch: int64 (n, *input_shape) to int64 (n, *output_shape)."""
        return self.layer.golden(values, self.input_type).reshape(len(values), *self.output_shape)
