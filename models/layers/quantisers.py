"""Rounding in torch with gradients: what the hardware computes going forward.

Values are in real units (integer times step). Rounding and clipping pass gradients straight
through (Bengio et al., arXiv:1308.3432), except where a value saturates.
"""

import math

import numpy as np
import torch
from torch import Tensor

from hexcoder.digits import digit_count
from hexcoder.fixed_point import FixedPoint
from hexcoder.network.rounding import rounding_mode


def straight_through(values: Tensor, quantised: Tensor) -> Tensor:
    """``quantised`` going forward, the gradient of ``values`` going back."""
    return values + (quantised - values).detach()


def _brought_into(integers: Tensor, target: FixedPoint, overflow: str) -> Tensor:
    """Saturate or wrap integers (as floats) into a type."""
    if overflow == "saturate":
        return integers.clamp(target.minimum, target.maximum)
    span = float(1 << target.width)
    return torch.remainder(integers - target.minimum, span) + target.minimum


def quantise_weights(values: Tensor, type_: FixedPoint) -> Tensor:
    """Nearest value of a type; weights beyond its range are clipped, gradients pass inside it."""
    scale = 2.0**type_.fraction_bits
    clipped = values.clamp(type_.minimum / scale, type_.maximum / scale)
    return straight_through(clipped, torch.round(clipped * scale) / scale)


def learned_weights(values: Tensor, fraction_bits: Tensor, type_: FixedPoint) -> Tensor:
    """Nearest value at each weight's own fraction bits, which get a gradient too.

    The error of rounding shrinks with 2**-f, so the rounded weight changes with f by ln(2) times
    the error (HGQ: Sun et al., arXiv:2405.00645).

    Parameters
    ----------
    values, fraction_bits : Tensors of one shape
        Fraction bits are real numbers; the nearest integer counts.
    type_ : FixedPoint
        Bounds of weight and of fraction bits.
    """
    low, high = type_.minimum * type_.step, type_.maximum * type_.step
    clipped = values.clamp(low, high)
    scale = torch.exp2(torch.round(fraction_bits.detach()))
    inside = torch.minimum(torch.round(clipped * scale), torch.floor(high * scale))
    quantised = (torch.maximum(inside, torch.ceil(low * scale)) / scale).detach()
    slope = (math.log(2) * (clipped - quantised)).detach()
    return straight_through(clipped, quantised) + slope * (fraction_bits - fraction_bits.detach())


def digit_table(type_: FixedPoint, digits: int) -> Tensor:
    """Values of a type with at most so many signed digits, ascending; 1 digit: powers of two."""
    integers = np.arange(type_.minimum, type_.maximum + 1)
    kept = integers[digit_count(integers) <= digits]
    return torch.tensor(kept, dtype=torch.get_default_dtype()) * type_.step


def few_digit_weights(values: Tensor, table: Tensor) -> Tensor:
    """Nearest value of a table from :func:`digit_table`; gradients pass inside its range."""
    clipped = values.clamp(table[0].item(), table[-1].item())
    middles = (table[1:] + table[:-1]) / 2
    return straight_through(clipped, table[torch.bucketize(clipped.detach(), middles)])


def quantise_values(values: Tensor, target: FixedPoint, rounding: str, overflow: str) -> Tensor:
    """Round and saturate or wrap values into a type, as docs/arithmetic.md defines."""
    scale = 2.0**target.fraction_bits
    scaled = values * scale
    if rounding_mode(rounding) == "half_up":
        scaled = scaled + 0.5
    floored = straight_through(values * scale, torch.floor(scaled))
    if overflow == "saturate":
        return _brought_into(floored, target, overflow) / scale
    return straight_through(values, _brought_into(floored.detach(), target, overflow) / scale)


def learned_values(
    values: Tensor, fraction_bits: Tensor, target: FixedPoint, rounding: str, overflow: str
) -> Tensor:
    """As :func:`quantise_values`, at each channel's own fraction bits, which get a gradient too.

    Parameters
    ----------
    values : Tensor (n, channels)
    fraction_bits : Tensor (channels,)
        Real numbers up to ``target.fraction_bits``; the nearest integer counts.
    """
    scale = torch.exp2(torch.round(fraction_bits.detach()))
    half = 0.5 if rounding_mode(rounding) == "half_up" else 0.0
    # Each channel's type has the target's integer bits: its bounds in units of its own step.
    span = 2.0 ** (target.integer_bits - int(target.signed)) * scale
    low, high = (-span if target.signed else torch.zeros_like(span)), span - 1
    floored = torch.floor(values.detach() * scale + half)
    slope = math.log(2) * (values.detach() - floored / scale)
    if overflow == "saturate":
        kept = values.clamp(low / scale, high / scale)
        quantised = torch.minimum(torch.maximum(floored, low), high)
        slope = slope * ((floored >= low) & (floored <= high))
    else:
        kept = values
        quantised = torch.remainder(floored - low, high - low + 1) + low
    return straight_through(kept, quantised / scale) + slope * (
        fraction_bits - fraction_bits.detach()
    )
