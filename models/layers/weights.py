"""Weights that training sees as the hardware has them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from hexcoder.fixed_point import FixedPoint
from hexcoder.models.layers.noise import flip_weights
from hexcoder.models.layers.quantisers import (
    few_digit_weights,
    learned_weights,
    quantise_weights,
    straight_through,
)


@dataclass(frozen=True, slots=True)
class Upsets:
    """Flips of stored weight bits while training: the chance of each, and where it comes from."""

    rate: float
    generator: torch.Generator


class QuantisedWeights(nn.Module):
    """Trainable weights of a fixed-point type.

    Parameters
    ----------
    weights : Tensor
        To start from, in real units.
    type_ : FixedPoint
    learned : bool
        Each weight's fraction bits are learned too, within the type.
    values : Tensor, optional
        The only values that a weight may have, ascending.
    """

    mask: Tensor

    def __init__(
        self,
        weights: Tensor,
        type_: FixedPoint,
        *,
        learned: bool = False,
        values: Tensor | None = None,
    ):
        super().__init__()
        self.weight_type, self.values = type_, values
        self.weights = nn.Parameter(weights)
        self.register_buffer("mask", torch.ones_like(weights))
        self.weight_bits = None
        if learned:
            self.weight_bits = nn.Parameter(torch.full_like(weights, type_.fraction_bits))
        self.upsets: Upsets | None = None

    def quantised_weights(self) -> Tensor:
        """Weights as the hardware has them, in real units, shape of the layer's weights."""
        weights, upsets = self._rounded_weights(), self.upsets
        if upsets is None:
            return weights
        type_ = self.weight_type
        integers = torch.round(weights.detach() / type_.step)
        flipped = flip_weights(integers, type_, upsets.rate, upsets.generator)
        return straight_through(weights, flipped * type_.step)

    def _rounded_weights(self) -> Tensor:
        values = self.weights * self.mask
        if self.values is not None:
            return few_digit_weights(values, self.values.to(values.dtype))
        if self.weight_bits is not None:
            return learned_weights(values, self._kept_weight_bits(), self.weight_type)
        return quantise_weights(values, self.weight_type)

    def _kept_weight_bits(self) -> Tensor:
        type_ = self.weight_type
        assert self.weight_bits is not None
        # At the lower bound every value rounds to zero: the weight is not built.
        return self.weight_bits.clamp(-type_.integer_bits, type_.fraction_bits)

    def signed_digits(self) -> Tensor:
        """Smooth estimate of each weight's signed digits, to be minimised beside the loss.

        A weight of n = log2(1 + |w| 2**f) significant bits has n/3 + 4/9 of them on average
        (Reitwiesner, Advances in Computers 1 (1960) 231).
        """
        significant = torch.log2(
            1 + (self.weights * self.mask).abs() * torch.exp2(self.weight_fraction_bits())
        )
        return significant / 3 + 4 / 9 * significant.clamp(max=1)

    def weight_fraction_bits(self) -> Tensor:
        """Of each weight, as they are now."""
        if self.weight_bits is None:
            return torch.full_like(self.weights, self.weight_type.fraction_bits)
        return self._kept_weight_bits()

    def weight_integers(self) -> np.ndarray:
        """int64, in the shape of the weights, at the type's fraction bits."""
        return integers_of(self.quantised_weights(), self.weight_type)


def integers_of(quantised: Tensor, type_: FixedPoint) -> np.ndarray:
    """Values of a type as its integers, int64."""
    return torch.round(quantised.detach() * 2.0**type_.fraction_bits).to(torch.int64).numpy()
