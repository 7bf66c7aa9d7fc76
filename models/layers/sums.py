"""Dense layers and convolutions with a quantiser behind them."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Literal, TypedDict, Unpack

import torch
from torch import Tensor, nn

from hexcoder.config import Quantisation
from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.models.layers.quantise import Activation, Quantise, Rounding, type_of
from hexcoder.models.layers.quantisers import digit_table, quantise_weights
from hexcoder.models.layers.symbol import Symbol
from hexcoder.models.layers.weights import QuantisedWeights, integers_of
from hexcoder.network.integers import int_array
from hexcoder.network.kinds.linear import Linear as LinearNode

VALUES = {"binary": (-1.0, 1.0), "ternary": (-1.0, 0.0, 1.0)}
"""Weights that are no fixed-point type."""
Learned = Collection[Literal["weights", "activations"]]


class Settings(TypedDict, total=False):
    """What layers of one network have in common; what it means is said at :class:`Dense`."""

    weight_type: FixedPoint | str
    bias_type: FixedPoint | str | None
    learned: Learned
    weight_digits: int | None
    rounding: Rounding
    overflow: Literal["saturate", "wrap"]


class Keys(Settings, total=False):
    """Keys that layers with weights share."""

    activation: Activation


def settings_of(
    quantisation: Quantisation,
    weight_type: FixedPoint | str | None = None,
    bias_type: FixedPoint | None = None,
) -> Settings:
    """Of a config's section 'quantisation'; a layer's own types take the place of its."""
    learned: list[Literal["weights", "activations"]] = []
    for name in quantisation.learned:
        if name == "products":
            raise InputError("key 'quantisation.learned' = 'products': of encoders alone")
        learned.append(name)
    return Settings(
        weight_type=weight_type or quantisation.weight_type,
        bias_type=bias_type or quantisation.bias_type,
        learned=learned,
        weight_digits=quantisation.weight_digits,
        rounding="half_up" if quantisation.rounding == "round_half_up" else "floor",
        overflow=quantisation.overflow,
    )


class _Sums(QuantisedWeights):
    """Sums of inputs times weights, plus biases, then a quantiser."""

    def __init__(
        self,
        shape: Sequence[int],
        output_type: FixedPoint | str,
        *,
        activation: Activation = "relu",
        weight_type: FixedPoint | str = "SQ(1,5)",
        bias_type: FixedPoint | str | None = "SQ(4,6)",
        learned: Learned = (),
        weight_digits: int | None = None,
        rounding: Rounding = "half_up",
        overflow: Literal["saturate", "wrap"] = "saturate",
    ):
        only = VALUES.get(str(weight_type))
        type_ = FixedPoint(True, 2, 0) if only else type_of(weight_type)
        fan_in = math.prod(shape[:-1])
        scale = 1.0 if only else min(math.sqrt(2 / fan_in), type_.maximum * type_.step)
        values = None
        if only:
            values = torch.tensor(only)
        elif weight_digits is not None:
            values = digit_table(type_, weight_digits)
        super().__init__(
            torch.empty(*shape).uniform_(-1, 1) * scale * math.sqrt(3 if not only else 1),
            type_,
            learned="weights" in learned and not only,
            values=values,
        )
        self.bias_type = None if bias_type is None else type_of(bias_type)
        self.biases = None if bias_type is None else nn.Parameter(torch.zeros(shape[-1]))
        channels = shape[-1] if "activations" in learned else None
        self.quantise = Quantise(
            output_type,
            activation=activation,
            rounding=rounding,
            overflow=overflow,
            channels=channels,
        )

    def rows(self, values: Tensor) -> Tensor:
        """What enters each sum: (..., terms)."""
        return values

    def keys(self) -> dict[str, object]:
        """Keys of the node beside its weights."""
        return {}

    def forward(self, values: Tensor | Symbol) -> Tensor | Symbol:
        if isinstance(values, Symbol):
            return self._traced(values)
        weights = self.quantised_weights()
        total = self.rows(values) @ weights.reshape(-1, weights.shape[-1])
        if self.biases is not None and self.bias_type is not None:
            total = total + quantise_weights(self.biases, self.bias_type)
        return self.quantise(total)

    def _traced(self, values: Symbol) -> Symbol:
        keys = self.keys()
        if self.biases is not None and self.bias_type is not None:
            kept = quantise_weights(self.biases, self.bias_type)
            keys["biases"] = integers_of(kept, self.bias_type)
            keys["bias_fraction_bits"] = self.bias_type.fraction_bits
        trace, name = values.trace, values.trace.called(self, "sums")
        made = values.node(
            "linear",
            f"{name}_sums",
            weights=self.weight_integers(),
            fraction_bits=self.weight_type.fraction_bits,
            **keys,
        )
        self._tell(values, made)
        trace.names[id(self.quantise)] = name
        found = self.quantise(made)
        assert isinstance(found, Symbol)
        return found

    def _tell(self, values: Symbol, made: Symbol) -> None:
        """Say which elements meet which weights, for the cost in gates."""
        node = made.trace.builder.node(made.name)
        assert isinstance(node, LinearNode)
        outside = int_array(node.weights).shape[-1]
        sums, _, _ = node.sums(made.trace.builder.tensors[values.name])
        elements = sums.elements[::outside]
        # An absent element has no width: it stands behind all others.
        slots = [*values.slots, NO_SLOT]
        made.trace.sums.append((self, torch.tensor(slots).numpy()[elements]))


NO_SLOT = 1 << 40
"""Stands for padding."""


class Dense(_Sums):
    """Sums over the last axis: (n, ..., inputs) to (n, ..., outputs).

    Parameters
    ----------
    inputs, outputs : int
    output_type : str
        Type of the results, such as ``"UQ(2,5)"``.
    activation : str
        ``"relu"``, ``"none"``, or ``"binary"`` for 1 and -1.
    weight_type : str
        A type, or ``"binary"`` (-1 and 1) or ``"ternary"`` (-1, 0 and 1).
    bias_type : str or None
        None: no biases.
    learned : "weights", "activations"
        Fraction bits that are learned within the types: of each weight, of each output channel.
    weight_digits : int, optional
        Most signed digits of a weight: 1 allows powers of two.
    rounding, overflow : str
        As of :class:`Quantise`.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        output_type: FixedPoint | str,
        **settings: Unpack[Keys],
    ):
        super().__init__((inputs, outputs), output_type, **settings)


class Convolution(_Sums):
    """Windows that move over the axes in front of the channels: (n, ..., inputs).

    Parameters
    ----------
    inputs, outputs : int
        Channels, which are the last axis.
    kernel : tuple of int
        One side for (n, position, channel), two for (n, row, column, channel).
    stride : tuple of int
    padding : tuple of (int, int)
        Zeros before and behind each axis.
    output_type, activation, weight_type, bias_type, learned, weight_digits, rounding, overflow
        As of :class:`Dense`.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: Sequence[int],
        output_type: FixedPoint | str,
        *,
        stride: Sequence[int] | None = None,
        padding: Sequence[tuple[int, int]] | None = None,
        **settings: Unpack[Keys],
    ):
        super().__init__((*kernel, inputs, outputs), output_type, **settings)
        self.kernel = tuple(kernel)
        self.stride = tuple(stride or (1,) * len(self.kernel))
        self.padding = tuple(padding or ((0, 0),) * len(self.kernel))

    def rows(self, values: Tensor) -> Tensor:
        """(n, *positions, taps x channels)."""
        return windows(values, self.kernel, self.stride, self.padding).flatten(1 + len(self.kernel))

    def keys(self) -> dict[str, object]:
        """Stride and padding."""
        return {"stride": self.stride, "padding": self.padding}


def windows(
    values: Tensor,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[tuple[int, int]],
    filling: float = 0.0,
) -> Tensor:
    """Windows of (n, *axes, channel): (n, *positions, *taps, channel)."""
    sides = [side for pair in reversed(padding) for side in pair]
    values = nn.functional.pad(values, [0, 0, *sides], value=filling)
    axes = len(kernel)
    for axis in range(axes):
        values = values.unfold(1 + axis, kernel[axis], stride[axis])
    # (n, *positions, channel, *taps)
    order = [*range(1 + axes), *range(2 + axes, 2 + 2 * axes), 1 + axes]
    return values.permute(order)


class Pool(nn.Module):
    """Greatest or sum of each window, channel by channel.

    Parameters
    ----------
    operation : str
        ``"max"`` or ``"sum"``. A mean over a power of two is a sum times a constant.
    window : tuple of int
        One or two sides.
    stride : tuple of int, optional
        Default: the window.
    """

    def __init__(
        self,
        operation: Literal["max", "sum"],
        window: Sequence[int],
        stride: Sequence[int] | None = None,
    ):
        super().__init__()
        if operation not in ("max", "sum"):
            raise ValueError(f"operation '{operation}': valid are 'max' and 'sum'")
        self.operation, self.window = operation, tuple(window)
        self.stride = tuple(stride or window)

    def forward(self, values: Tensor | Symbol) -> Tensor | Symbol:
        if isinstance(values, Symbol):
            return values.node(
                "reduce",
                values.trace.called(self, "pool"),
                operation=self.operation,
                window=self.window,
                stride=self.stride,
            )
        found = windows(values, self.window, self.stride, ((0, 0),) * len(self.window))
        axes = tuple(range(1 + len(self.window), 1 + 2 * len(self.window)))
        return found.amax(axes) if self.operation == "max" else found.sum(axes)
