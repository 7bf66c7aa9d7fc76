"""Numbers as bits that say which thresholds they reach."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hexcoder.fixed_point import FixedPoint
from hexcoder.models.layers.priced import Priced
from hexcoder.models.layers.quantise import type_of
from hexcoder.models.layers.symbol import Symbol

COMPARATOR = 0.085
"""Gates of a comparison with a constant, in full adders for each bit of the number.

From areas of trained networks in Nangate45, several thresholds sharing what they compare.
"""


class Thermometer(Priced):
    """Bits 1 where an element is at least a threshold, 0 elsewhere: (n, ...) to (n, bits).

    The gradient passes where an element is within a threshold's window, which is the distance of
    the thresholds of that element (1 where it has one threshold).

    Parameters
    ----------
    levels : float array (elements, bits)
        Thresholds of each element, flattened; the next value of the type counts.
    type_ : str
        Of the elements.
    """

    def __init__(self, levels: np.ndarray | Sequence[Sequence[float]], type_: FixedPoint | str):
        super().__init__()
        self.type = type_of(type_)
        rows = np.asarray(levels, np.float64)
        if rows.ndim != 2 or not rows.size:
            raise ValueError(f"levels have shape {list(rows.shape)}; give (elements, bits)")
        rows = np.ceil(np.sort(rows, axis=1) / self.type.step) * self.type.step
        self.elements, bits = rows.shape
        self.places = np.repeat(np.arange(self.elements), bits)
        span = (rows[:, -1] - rows[:, 0]) / max(bits - 1, 1)
        windows = np.where(span > 0, span, 1.0)[self.places]
        self.register_buffer("levels", torch.tensor(rows.ravel()).float())
        self.register_buffer("windows", torch.tensor(windows).float())

    levels: Tensor
    windows: Tensor

    @classmethod
    def at_quantiles(cls, values: np.ndarray, bits: int, type_: FixedPoint | str) -> Thermometer:
        """So many thresholds for each element, with equally many samples between neighbours.

        Where an element mostly has its least value, as an empty cell has 0, the samples above it
        count alone.

        Parameters
        ----------
        values : float array (n, ...)
            Values of the type, such as samples to train on.
        bits : int
        """
        type_ = type_of(type_)
        flat = np.asarray(values, np.float64).reshape(len(values), -1)
        grid = np.rint(flat / type_.step).clip(type_.minimum, type_.maximum) * type_.step
        return cls(np.stack([_quantiles(column, bits) for column in grid.T]), type_)

    @classmethod
    def over_range(cls, elements: int, bits: int, type_: FixedPoint | str) -> Thermometer:
        """So many thresholds for each element, at equal distances over the type's range."""
        type_ = type_of(type_)
        shares = np.arange(1, bits + 1) / (bits + 1)
        row = (type_.minimum + shares * (1 << type_.width)) * type_.step
        return cls(np.tile(row, (elements, 1)), type_)

    @property
    def bits(self) -> int:
        """How many come out."""
        return len(self.places)

    def price(self, used: Tensor, alive: Tensor) -> tuple[Tensor, Tensor]:
        """Comparators of the bits that are used, in full adders; every element is read."""
        return COMPARATOR * self.type.width * used.sum(), torch.ones(self.elements)

    def forward(self, values: Any) -> Any:
        flat = values.flatten(1)
        if flat.shape[1] != self.elements:
            raise TypeError(f"thermometer of {self.elements} elements; it gets {flat.shape[1]}")
        if isinstance(flat, Symbol):
            return self._traced(flat)
        return _Reaches.apply(flat[:, self.places], self.levels, self.windows)

    def _traced(self, flat: Symbol) -> Symbol:
        name = flat.trace.called(self, "thermometer")
        step = flat.type.step
        integers = [[math.ceil(level / step)] for level in self.levels.tolist()]
        spread = flat.moved(self.places[None], f"{name}_spread")
        made = spread.node("threshold", name, thresholds=integers)
        flat.trace.gates.append((self, flat.name, made.name))
        return made


def _quantiles(values: np.ndarray, bits: int) -> np.ndarray:
    above = values[values > values.min()]
    # Otherwise one threshold at least would be the least value, which every sample reaches.
    if len(values) - len(above) < len(values) / (bits + 1):
        return np.quantile(values, np.arange(1, bits + 1) / (bits + 1))
    if not len(above):
        return np.full(bits, values.min())
    return np.quantile(above, (np.arange(bits) + 0.5) / bits)


class _Reaches(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: torch.autograd.function.FunctionCtx, values: Tensor, levels: Tensor, windows: Tensor
    ) -> Tensor:
        ctx.save_for_backward(values, levels, windows)
        return (values >= levels).to(values.dtype)

    @staticmethod
    def backward(
        ctx: torch.autograd.function.FunctionCtx, *gradients: Tensor
    ) -> tuple[Tensor, None, None]:
        values, levels, windows = ctx.saved_tensors  # type: ignore[attr-defined]
        inside = (values - levels).abs() <= windows
        return gradients[0] * inside / (2 * windows).to(values.dtype), None, None
