"""Tensors brought to one binary point."""

from collections.abc import Sequence

import numpy as np

from hexcoder.fixed_point import FixedPoint
from hexcoder.network.layer import Shape, TensorType


def common_fraction_bits(types: Sequence[FixedPoint]) -> int:
    """Fraction bits of the finest type."""
    return max(type_.fraction_bits for type_ in types)


def hull(types: Sequence[FixedPoint]) -> FixedPoint:
    """The narrowest type that holds every value of some types."""
    finest = common_fraction_bits(types)
    low = min(type_.minimum << finest - type_.fraction_bits for type_ in types)
    high = max(type_.maximum << finest - type_.fraction_bits for type_ in types)
    return FixedPoint.holding(low, high, finest)


def brought_to(values: np.ndarray, source: FixedPoint, fraction_bits: int) -> np.ndarray:
    """Integers of a type with more fraction bits."""
    return values << (fraction_bits - source.fraction_bits)


def broadcast_shape(sources: Sequence[TensorType]) -> Shape:
    """Shape of tensors combined element by element, as numpy has it: ValueError if none."""
    shapes = [source.shape for source in sources]
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        shown = " and ".join(str(list(shape)) for shape in shapes)
        raise ValueError(f"shapes {shown} do not go together element by element") from None


def broadcast_values(values: Sequence[np.ndarray], shape: Shape) -> list[np.ndarray]:
    """Batches (n, *own shape) with axes of one in front, so that they go together."""
    return [
        value.reshape(value.shape[0], *(1,) * (len(shape) - value.ndim + 1), *value.shape[1:])
        for value in values
    ]
