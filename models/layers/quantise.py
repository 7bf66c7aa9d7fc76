"""Values brought to a type between layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from hexcoder.fixed_point import FixedPoint
from hexcoder.models.layers.quantisers import learned_values, quantise_values
from hexcoder.models.layers.symbol import Symbol

Rounding = Literal["floor", "half_up"]
Activation = Literal["relu", "none", "binary"]


def type_of(notation: FixedPoint | str) -> FixedPoint:
    """A type from its notation, such as ``"SQ(3,5)"``."""
    return notation if isinstance(notation, FixedPoint) else FixedPoint.parse(notation)


class Quantise(nn.Module):
    """Rounds values and saturates them to a type; the hardware does the same bit for bit.

    Parameters
    ----------
    type_ : str
        Such as ``"UQ(2,6)"``.
    activation : str
        ``"relu"`` takes what is negative as 0 first. ``"binary"`` gives 1 where a value is at least
        0 and -1 elsewhere, and takes no notice of the type.
    rounding : str
        ``"floor"`` or ``"half_up"``.
    overflow : str
        ``"saturate"`` or ``"wrap"``.
    channels : int, optional
        Size of the last axis: each channel's fraction bits are learned, within the type.
    """

    def __init__(
        self,
        type_: FixedPoint | str,
        *,
        activation: Activation = "none",
        rounding: Rounding = "half_up",
        overflow: Literal["saturate", "wrap"] = "saturate",
        channels: int | None = None,
    ):
        super().__init__()
        self.output_type, self.activation = type_of(type_), activation
        self.rounding: Rounding = rounding
        self.overflow = overflow
        self.kept_bits = None
        if channels is not None and activation != "binary":
            self.kept_bits = nn.Parameter(
                torch.full((channels,), float(self.output_type.fraction_bits))
            )

    def _kept(self) -> Tensor:
        assert self.kept_bits is not None
        return self.kept_bits.clamp(
            1 - self.output_type.integer_bits, self.output_type.fraction_bits
        )

    def widths(self) -> Tensor:
        """Bits of each channel, or of all in one number; with gradients where they are learned."""
        if self.activation == "binary":
            return torch.ones(1)
        if self.kept_bits is None:
            return torch.tensor([float(self.output_type.width)])
        return self._kept() + self.output_type.integer_bits

    def forward(self, values: Tensor | Symbol) -> Tensor | Symbol:
        if isinstance(values, Symbol):
            return self._traced(values)
        if self.activation == "binary":
            return _Sign.apply(values)  # type: ignore[no-any-return]
        if self.activation == "relu":
            values = torch.relu(values)
        if self.kept_bits is None:
            return quantise_values(values, self.output_type, self.rounding, self.overflow)
        return learned_values(values, self._kept(), self.output_type, self.rounding, self.overflow)

    def _traced(self, values: Symbol) -> Symbol:
        name = values.trace.called(self, "quantise")
        if self.activation == "binary":
            return values.node("threshold", name, thresholds=[[0]], start=-1, step=2).made_by(self)
        types: object = str(self.output_type)
        if self.kept_bits is not None:
            kept = torch.round(self._kept().detach()).to(torch.int64).tolist()
            signed, whole = self.output_type.signed, self.output_type.integer_bits
            types = [str(FixedPoint(signed, whole, bits)) for bits in kept]
        return values.node(
            "requantise",
            name,
            type=types,
            rounding=self.rounding,
            overflow=self.overflow,
            minimum=0 if self.activation == "relu" else None,
        ).made_by(self)


class _Sign(torch.autograd.Function):
    """1 or -1; the gradient passes where a value is within -1 to 1 (Hubara et al., 1602.02830)."""

    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, values: Tensor) -> Tensor:
        ctx.save_for_backward(values)
        return torch.where(values >= 0, 1.0, -1.0).to(values.dtype)

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, *gradients: Tensor) -> Tensor:
        (values,) = ctx.saved_tensors  # type: ignore[attr-defined]
        return gradients[0] * (values.abs() <= 1)


class Table(nn.Module):
    """Any function of one value, as a list with its result for every input.

    Parameters
    ----------
    function : callable
        From a float64 tensor to one of the same shape; its gradient trains what lies before it.
    input_type, output_type : str
        Inputs are of the first, results are rounded half up to the second.
    """

    def __init__(
        self,
        function: Callable[[Tensor], Tensor],
        input_type: FixedPoint | str,
        output_type: FixedPoint | str,
    ):
        super().__init__()
        if not callable(function):
            raise TypeError("function must take a tensor and give one")
        self.function = function
        self.input_type, self.output_type = type_of(input_type), type_of(output_type)
        numbers = np.arange(self.input_type.minimum, self.input_type.maximum + 1)
        grid = torch.tensor(numbers * self.input_type.step, dtype=torch.float64)
        with torch.no_grad():
            found = quantise_values(function(grid), self.output_type, "half_up", "saturate")
        self.register_buffer("entries", found, persistent=False)

    entries: Tensor

    def widths(self) -> Tensor:
        """Bits of each result."""
        return torch.tensor([float(self.output_type.width)])

    def forward(self, values: Tensor | Symbol) -> Tensor | Symbol:
        if isinstance(values, Symbol):
            return self._traced(values)
        given = self.input_type
        place = torch.round(values.detach() / given.step).to(torch.int64)
        place = place.clamp(given.minimum, given.maximum) - given.minimum
        found = self.entries.to(values.dtype)[place]
        smooth = self.function(values)
        return smooth + (found - smooth).detach()

    def _traced(self, values: Symbol) -> Symbol:
        given, actual = self.input_type, values.type
        name = values.trace.called(self, "table")
        fits = actual.minimum * actual.step >= given.minimum * given.step
        fits = fits and actual.maximum * actual.step <= given.maximum * given.step
        if actual.fraction_bits != given.fraction_bits or not fits:
            raise TypeError(f"table '{name}' is for {given}; it gets {actual}: quantise before it")
        start = actual.minimum - given.minimum
        entries = self.entries[start : start + (1 << actual.width)]
        integers = torch.round(entries / self.output_type.step).to(torch.int64)
        made = values.node("table", name, tables=integers.tolist(), type=str(self.output_type))
        return made.made_by(self)
