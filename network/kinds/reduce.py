"""Node kind ``reduce``."""

from collections.abc import Sequence
from random import Random
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, PositiveInt

from hexcoder.config import Name
from hexcoder.fixed_point import FixedPoint
from hexcoder.network.layer import Keys, Layer, Shape, TensorType
from hexcoder.network.windows import Windows, pads, whole

NOTHING = -(1 << 62)
"""Stands for padding, which no maximum takes."""


class Reduce(Layer):
    """Sum, greatest or least of a tensor's elements, over axes or over windows.

    Over ``axes`` these axes go. With ``window`` it is pooling: windows move over the axes in front
    of the channels. Padding counts as 0 in a sum and not at all in a maximum or minimum.
    """

    is_cheap: ClassVar[bool] = True

    kind: Literal["reduce"]
    name: Name
    operation: Literal["sum", "max", "min"]
    axes: tuple[Annotated[int, Field(ge=0)], ...] | None = Field(
        None, description="without it and 'window' all axes, which gives one element"
    )
    window: tuple[PositiveInt, ...] | None = None
    stride: tuple[PositiveInt, ...] | None = None
    padding: tuple[tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]], ...] | None = (
        None
    )

    def groups(self, shape: Shape) -> tuple[np.ndarray, Shape]:
        """Elements that each output is made of, int64 (outputs, n), -1 for padding; the shape."""
        if self.window is not None:
            if self.axes is not None:
                raise ValueError("'axes' and 'window' do not go together")
            axes = len(self.window)
            stride = self.window if self.stride is None else whole(self.stride, axes, "stride")
            windows = Windows(self.window, stride, (1,) * axes, pads(self.padding, axes))
            positions = windows.positions(shape)
            numbers = windows.numbers(shape).reshape(-1, int(np.prod(self.window)))
            if self.operation != "sum" and (numbers < 0).all(axis=1).any():
                raise ValueError("a window lies wholly in padding: it has no element")
            return numbers, (*positions, shape[-1])
        if self.stride is not None or self.padding is not None:
            raise ValueError("'stride' and 'padding' are those of a 'window'")
        axes = tuple(range(len(shape))) if self.axes is None else self.axes
        if len(set(axes)) != len(axes) or not all(axis < len(shape) for axis in axes):
            raise ValueError(f"'axes' {list(axes)} are not axes of {list(shape)}")
        kept = tuple(axis for axis in range(len(shape)) if axis not in axes)
        numbers = np.arange(int(np.prod(shape))).reshape(shape).transpose(*kept, *axes)
        outputs = tuple(shape[axis] for axis in kept) or (1,)
        return numbers.reshape(int(np.prod(outputs)), -1), outputs

    def output(self, sources: Sequence[TensorType]) -> TensorType:
        """Of a sum the narrowest type that holds it, else the input's."""
        (source,) = sources
        numbers, shape = self.groups(source.shape)
        type_ = source.type
        if self.operation == "sum":
            counts = (numbers >= 0).sum(axis=1)
            low = min(int(counts.max()) * type_.minimum, 0 if (counts == 0).any() else 1)
            type_ = FixedPoint.holding(
                min(low, int(counts.min()) * type_.minimum),
                int(counts.max()) * type_.maximum,
                type_.fraction_bits,
            )
        return TensorType.of(shape, type_)

    def needed_bits(self, sources: Sequence[TensorType]) -> int:
        return sources[0].type.width + sources[0].elements.bit_length()

    def evaluate(self, values: Sequence[np.ndarray], sources: Sequence[TensorType]) -> np.ndarray:
        """Exact."""
        numbers, _ = self.groups(sources[0].shape)
        filling = {"sum": 0, "max": NOTHING, "min": -NOTHING}[self.operation]
        count = len(values[0])
        padded = np.concatenate(
            [values[0].reshape(count, -1), np.full((count, 1), filling, np.int64)], axis=1
        )
        return getattr(padded[:, numbers], self.operation)(axis=2)

    @classmethod
    def draw(cls, random: Random, sources: Sequence[TensorType]) -> Keys | None:
        """Over some axes, or over windows."""
        shape = sources[0].shape
        keys: Keys = {"kind": "reduce", "operation": random.choice(["sum", "max", "min"])}
        if random.random() < 0.5 and len(shape) in (2, 3):
            size = [random.randint(1, side) for side in shape[:-1]]
            keys["window"] = size
            if random.random() < 0.5:
                keys["stride"] = [random.randint(1, 2) for _ in size]
                keys["padding"] = [[random.randint(0, side - 1), 0] for side in size]
        elif random.random() < 0.8:
            axes = random.sample(range(len(shape)), random.randint(1, len(shape)))
            keys["axes"] = axes
        return keys
