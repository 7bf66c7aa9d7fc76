"""What a tensor of a foreign model is while it is read: known, an input, or integers of ours."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from hexcoder.models.importers.quantising import Quantiser
from hexcoder.models.importers.real import Real


@dataclass(frozen=True)
class Known:
    """A constant: its values, and where it was quantised its integers and their scale."""

    values: np.ndarray
    integers: np.ndarray | None = None
    scale: np.ndarray | None = None

    def mapped(self, values: np.ndarray, like: np.ndarray | None = None) -> Known:
        """The same after its elements have moved; ``like`` are their numbers."""
        if self.integers is None or self.scale is None or like is None:
            return Known(values)
        integers = self.integers.ravel()[like]
        scale = np.broadcast_to(self.scale, self.integers.shape).ravel()[like]
        return Known(values, integers, scale)


@dataclass(frozen=True)
class Unquantised:
    """An input of real numbers in front of its first quantiser: ``factor * x + constant``.

    Parameters
    ----------
    name : str
    shape : tuple of int
        Of the model's input, without the batch.
    numbers : int array
        Which element of the input each element is.
    factor, constant : float
    """

    name: str
    shape: tuple[int, ...]
    numbers: np.ndarray
    factor: float = 1.0
    constant: float = 0.0

    def affine(self, factor: float, constant: float) -> Unquantised:
        """The same times a factor, plus a constant."""
        return replace(
            self, factor=self.factor * factor, constant=self.constant * factor + constant
        )


@dataclass(frozen=True)
class Quantised:
    """What ONNX's QuantizeLinear gives: integers that DequantizeLinear will give their scale.

    Parameters
    ----------
    source : Known, Unquantised or Real
        What is quantised.
    quantiser : Quantiser
        Without its zero point, which its bounds hold.
    zero_point : int
    name : str
        Of the operator.
    """

    source: Known | Unquantised | Real
    quantiser: Quantiser
    zero_point: int
    name: str

    def clipped(self, low: float, high: float) -> Quantised:
        """The same within bounds of the integers with their zero point."""
        made = replace(
            self.quantiser,
            low=max(self.quantiser.low, math.ceil(max(low, -(2**40))) - self.zero_point),
            high=min(self.quantiser.high, math.floor(min(high, 2**40)) - self.zero_point),
        )
        if made.low > made.high:
            raise ValueError(f"no integer lies from {low} to {high}")
        return replace(self, quantiser=made)


Value = Known | Unquantised | Real | Quantised


def shape_of(value: Value) -> tuple[int, ...]:
    """Shape of a tensor with its batch of 1; of a constant its own."""
    if isinstance(value, Known):
        return value.values.shape
    if isinstance(value, Quantised):
        return shape_of(value.source)
    return (1, *(value.numbers.shape if isinstance(value, Unquantised) else value.shape))


class InputTypeNeededError(Exception):
    """An input meets something else than a quantiser: its type has to be given."""
