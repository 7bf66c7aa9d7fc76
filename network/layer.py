"""What every kind of layer says of itself, and a layer with what comes in and goes out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np
from pydantic import Field, PositiveInt, model_validator

from hexcoder.config import Name, Section
from hexcoder.fixed_point import FixedPoint, FixedPointField

MOST_ELEMENTS = 1 << 20
"""Elements of the largest tensor."""
MOST_AXES = 8

Shape = tuple[int, ...]
"""Of a chain of layers (row, column, channel) or (elements,)."""


Keys: TypeAlias = dict[str, Any]
"""Keys and values of a layer in network.json."""


class TensorType(Section):
    """Shape and type of a tensor; an image is (row, column, channel)."""

    shape: tuple[PositiveInt, ...] = Field(min_length=1, max_length=MOST_AXES)
    type: FixedPointField

    @model_validator(mode="after")
    def _is_small_enough(self) -> TensorType:
        check_size(self.shape)
        return self

    @classmethod
    def of(cls, shape: Sequence[int], type_: FixedPoint) -> TensorType:
        """A tensor inside a network: its type may be wider than a file may give.

        Raises
        ------
        ValueError
            If it has no element, or more than can be built.
        """
        if 0 in shape:
            raise ValueError(f"a tensor of shape {list(shape)} has no element")
        check_size(tuple(shape))
        return cls.model_construct(shape=tuple(int(size) for size in shape), type=type_)

    @property
    def elements(self) -> int:
        """How many there are."""
        return math.prod(self.shape)


def check_size(shape: Shape) -> None:
    """Raise ValueError if a tensor has more elements than can be built."""
    if math.prod(shape) > MOST_ELEMENTS:
        raise ValueError(
            f"a tensor of shape {list(shape)} has {math.prod(shape)} elements; "
            f"at most {MOST_ELEMENTS} are supported"
        )


class Layer(Section):
    """Base of the kinds: one class in a file of its own in network/kinds/.

    Its docstring, keys, shapes and arithmetic are all that parser, schema, golden model and tests
    know of a kind; gen/lowering/ has a file of the same name with its gates.
    """

    is_wiring: ClassVar[bool] = False
    """Elements go on as they are: there is nothing to build."""
    is_cheap: ClassVar[bool] = False
    """Works element by element: it is built together with what it reads."""
    reads: ClassVar[tuple[int, int]] = (1, 1)
    """Least and greatest number of tensors that it reads."""

    inputs: tuple[Name, ...] | None = Field(
        None, description="in a graph: names of the tensors that it reads; in a chain not given"
    )
    if TYPE_CHECKING:
        # Keys of every kind; declared here they would move to the front of the file.
        kind: Any
        name: Any

    def output(self, sources: Sequence[TensorType]) -> TensorType:
        """Shape and type of what goes out.

        Raises
        ------
        ValueError
            Where the layer does not take ``sources``, or its own keys do not fit.
        """
        raise NotImplementedError

    def needed_bits(self, sources: Sequence[TensorType]) -> int:
        """Bits of the widest value that the golden model computes.

        Networks that need more than 62 are refused.
        """
        return max([source.type.width for source in sources], default=1)

    def evaluate(self, values: Sequence[np.ndarray], sources: Sequence[TensorType]) -> np.ndarray:
        """The layer on a batch, exact: int64 (n, *shape) of each source, any layout after."""
        raise NotImplementedError

    def parameters(self) -> int:
        """Numbers that say what it computes: weights, biases, constants."""
        keys = ("weights", "biases", "values")
        return sum(np.size(getattr(self, key)) for key in keys if getattr(self, key, None))

    @classmethod
    def draw(cls, random: Random, sources: Sequence[TensorType]) -> Keys | None:
        """Keys of any such layer for ``sources``; None where it does not take them."""
        raise NotImplementedError


class ChainLayer(Layer):
    """A kind that reads one tensor, and that version 1 of the file has too."""

    def output_shape(self, shape: Shape) -> Shape:
        """Shape after this layer; raises as :meth:`output`."""
        raise NotImplementedError

    def output_type_of(self, source: FixedPoint) -> FixedPoint:
        """Type after this layer."""
        raise NotImplementedError

    def sum_bits(self, shape: Shape, source: FixedPoint) -> int:
        """As :meth:`needed_bits`, from an input's shape and type."""
        del shape
        return source.width

    def golden(self, values: np.ndarray, source: FixedPoint) -> np.ndarray:
        """As :meth:`evaluate`, of int64 (n, *shape) of type ``source``."""
        raise NotImplementedError

    @classmethod
    def draw_keys(cls, random: Random, shape: Shape) -> Keys | None:
        """As :meth:`draw`, for an input of ``shape``."""
        raise NotImplementedError

    def output(self, sources: Sequence[TensorType]) -> TensorType:
        (source,) = sources
        return TensorType.of(self.output_shape(source.shape), self.output_type_of(source.type))

    def needed_bits(self, sources: Sequence[TensorType]) -> int:
        return self.sum_bits(sources[0].shape, sources[0].type)

    def evaluate(self, values: Sequence[np.ndarray], sources: Sequence[TensorType]) -> np.ndarray:
        return self.golden(values[0], sources[0].type).reshape(len(values[0]), -1)

    @classmethod
    def draw(cls, random: Random, sources: Sequence[TensorType]) -> Keys | None:
        return cls.draw_keys(random, sources[0].shape)


class LayerContext(Section):
    """A layer with what comes into it and goes out of it.

    Parameters
    ----------
    name : str
        That of Verilog and results: :func:`hexcoder.network.names.name_in_results`.
    sources : tuple of str
        What it reads: names of other contexts or of the network's inputs.
    inputs : tuple of TensorType
        Of each source.
    """

    name: str
    layer: Layer = Field(exclude=True)
    sources: tuple[str, ...]
    inputs: tuple[TensorType, ...]
    output: TensorType

    @property
    def input_shape(self) -> Shape:
        """Of what it reads first."""
        return self.inputs[0].shape

    @property
    def input_type(self) -> FixedPoint:
        """Of what it reads first."""
        return self.inputs[0].type

    @property
    def output_shape(self) -> Shape:
        """Shape of what goes out."""
        return self.output.shape

    @property
    def output_type(self) -> FixedPoint:
        """Type of what goes out."""
        return self.output.type

    def golden(self, *values: np.ndarray) -> np.ndarray:
        """The layer on a batch: int64 (n, *shape) of each source to int64 (n, *output_shape)."""
        result = self.layer.evaluate(values, self.inputs)
        return result.reshape(len(result), *self.output_shape)
