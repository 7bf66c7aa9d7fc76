"""Layers with weights: exact sums of products, then activation and output type."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from hexcoder.config import Activation, Name, Overflow, Rounding
from hexcoder.fixed_point import FixedPoint, FixedPointField
from hexcoder.network.exact import exact_product
from hexcoder.network.layer import ChainLayer, Keys, LayerContext, Shape
from hexcoder.network.quantise import quantise


class WeightedLayer(ChainLayer):
    """Keys and arithmetic that layers with weights share."""

    if TYPE_CHECKING:
        weights: Any

    name: Name | None = None
    weight_type: FixedPointField
    biases: list[int] | None = None
    bias_type: FixedPointField | None = None
    product_type: FixedPointField | None = Field(
        None, description="each product cut to it (floor, then wrap) before the sum"
    )
    activation: Activation = "none"
    output_type: FixedPointField
    output_fraction_bits: list[int] | None = Field(
        None, description="fraction bits that each output channel keeps; the lower ones are zero"
    )
    rounding: Rounding = "floor"
    overflow: Overflow = "saturate"

    def rows(self, values: np.ndarray) -> np.ndarray:
        """What enters each sum: a batch int64 (n, *shape) to (sums, inputs)."""
        raise NotImplementedError

    def matrix(self) -> np.ndarray:
        """Weight of each input of a sum in each channel: int64 (inputs, channels)."""
        raise NotImplementedError

    def output_type_of(self, source: FixedPoint) -> FixedPoint:
        """Type after this layer, whatever comes in."""
        return self.output_type

    def weight_array(self) -> np.ndarray:
        """Weights as int64, in the shape of the file."""
        return np.array(self.weights, dtype=np.int64)

    def channel_types(self, channels: int) -> tuple[FixedPoint, ...]:
        """Type of each output channel: ``output_type`` with the fraction bits that it keeps."""
        type_ = self.output_type
        kept = self.output_fraction_bits or [type_.fraction_bits] * channels
        return tuple(FixedPoint(type_.signed, type_.integer_bits, bits) for bits in kept)

    def product_fraction_bits(self, source: FixedPoint) -> int:
        """Fraction bits of a product, after the cut to ``product_type`` if there is one."""
        if self.product_type is not None:
            return self.product_type.fraction_bits
        return source.fraction_bits + self.weight_type.fraction_bits

    def sum_fraction_bits(self, source: FixedPoint) -> int:
        """Fraction bits of the exact sum of products and bias."""
        bits = self.product_fraction_bits(source)
        return max(bits, self.bias_type.fraction_bits) if self.bias_type is not None else bits

    def bias_array(self, outputs: int) -> np.ndarray:
        """Biases as int64, shape (outputs,); zeros where there are none."""
        return np.array(self.biases if self.biases is not None else [0] * outputs, dtype=np.int64)

    def sum_bits(self, shape: Shape, source: FixedPoint) -> int:
        """Bits of the exact sum, of products of any weights, brought to the output's point."""
        type_ = self.product_type
        product_bits = type_.width if type_ else source.width + self.weight_type.width
        align = self.sum_fraction_bits(source)
        bits = product_bits + align - self.product_fraction_bits(source)
        if self.bias_type is not None:
            bits = max(bits, self.bias_type.width + align - self.bias_type.fraction_bits)
        widened = max(0, self.output_type.fraction_bits - align)
        return bits + int(np.prod(shape)).bit_length() + 1 + widened

    def golden(self, values: np.ndarray, source: FixedPoint) -> np.ndarray:
        """Sums, biases, activation, and each channel in its own type."""
        matrix = self.matrix()
        channels = matrix.shape[1]
        fraction_bits = self.sum_fraction_bits(source)
        total = self._sum_of_products(self.rows(values), matrix, source)
        total <<= fraction_bits - self.product_fraction_bits(source)
        if self.bias_type is not None:
            total += self.bias_array(channels) << (fraction_bits - self.bias_type.fraction_bits)
        if self.activation == "relu":
            total = np.maximum(total, 0)
        result = np.empty_like(total)
        types = np.array(self.channel_types(channels), dtype=object)
        for type_ in dict.fromkeys(types):
            chosen = types == type_
            kept = quantise(total[:, chosen], fraction_bits, type_, self.rounding, self.overflow)
            result[:, chosen] = kept << (self.output_type.fraction_bits - type_.fraction_bits)
        return result

    def _sum_of_products(
        self, rows: np.ndarray, matrix: np.ndarray, source: FixedPoint
    ) -> np.ndarray:
        """Sum over inputs of input times weight, each product cut first where the layer says so."""
        if self.product_type is None:
            return exact_product(rows, matrix)
        fraction_bits = source.fraction_bits + self.weight_type.fraction_bits
        total = np.zeros((len(rows), matrix.shape[1]), dtype=np.int64)
        for element in range(matrix.shape[0]):
            products = rows[:, element, None] * matrix[element]
            total += quantise(products, fraction_bits, self.product_type, "floor", "wrap")
        return total

    def _check(self, shape: Shape, channels: int) -> None:
        """Refuse weights of another shape, and what does not fit so many channels."""
        _check_integers("weights", self.weights, shape, self.weight_type)
        if (self.biases is None) != (self.bias_type is None):
            raise ValueError("'biases' and 'bias_type' go together; give both or neither")
        if self.biases is not None and self.bias_type is not None:
            _check_integers("biases", self.biases, (channels,), self.bias_type)
        kept, type_ = self.output_fraction_bits, self.output_type
        if kept is None:
            return
        if len(kept) != channels:
            raise ValueError(
                f"'output_fraction_bits' has {len(kept)} entries; the layer has {channels} channels"
            )
        least = 1 - type_.integer_bits
        for channel, bits in enumerate(kept):
            if not least <= bits <= type_.fraction_bits:
                raise ValueError(
                    f"'output_fraction_bits'[{channel}] = {bits}; output type {type_} allows "
                    f"{least} to {type_.fraction_bits}"
                )


class WeightedContext(LayerContext):
    """A layer with weights, and what comes into it and goes out of it."""

    # Contexts are not changed.
    layer: WeightedLayer = Field(exclude=True)  # pyright: ignore[reportIncompatibleVariableOverride]


def _check_integers(key: str, values: Any, shape: Shape, type_: FixedPoint) -> None:
    """Refuse weights of the wrong shape, of a wrong kind, or outside their type."""
    try:
        array = np.array(values, dtype=object)
    except ValueError:
        raise ValueError(f"'{key}' is ragged; its shape must be {list(shape)}") from None
    if array.shape != shape:
        raise ValueError(f"'{key}' has shape {list(array.shape)}; it must be {list(shape)}")
    for index, value in np.ndenumerate(array):
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError(f"'{key}'{list(index)} = {value!r} is not an integer")
        if not type_.minimum <= value <= type_.maximum:
            raise ValueError(
                f"'{key}'{list(index)} = {value} does not fit {type_}; "
                f"valid are {type_.minimum} to {type_.maximum}"
            )


def draw_type(random: Random, *, largest: int = 16) -> FixedPoint:
    """Any type of at most so many bits, its point inside or a little outside of them."""
    width = random.randint(1, largest)
    fraction_bits = random.randint(-2, width + 2)
    return FixedPoint(random.random() < 0.5, width - fraction_bits, fraction_bits)


def draw_integers(random: Random, shape: Shape, type_: FixedPoint) -> Any:
    """Integers over a whole type: dense, sparse or only extremes; nested lists."""
    style = random.choice(["dense", "sparse", "extreme"])
    numbers = np.random.default_rng(random.randint(0, 2**32 - 1))
    values = numbers.integers(type_.minimum, type_.maximum + 1, shape)
    if style == "sparse":
        values = np.where(numbers.random(shape) < 0.7, np.clip(0, type_.minimum, None), values)
    if style == "extreme":
        values = numbers.choice([type_.minimum, type_.maximum], shape)
    return values.tolist()


def draw_keys(random: Random, shape: Shape, channels: int) -> Keys:
    """Keys of any layer with weights of ``shape``."""
    weight_type, output_type = draw_type(random), draw_type(random)
    keys: Keys = {
        "weight_type": str(weight_type),
        "weights": draw_integers(random, shape, weight_type),
        "activation": random.choice(["relu", "none"]),
        "output_type": str(output_type),
        "rounding": random.choice(["floor", "round_half_up"]),
        "overflow": random.choice(["saturate", "wrap"]),
    }
    if random.random() < 0.5:
        bias_type = draw_type(random)
        keys |= {
            "bias_type": str(bias_type),
            "biases": draw_integers(random, (channels,), bias_type),
        }
    if random.random() < 0.25:
        least, most = 1 - output_type.integer_bits, output_type.fraction_bits
        keys["output_fraction_bits"] = [random.randint(least, most) for _ in range(channels)]
    if random.random() < 0.25:
        keys["product_type"] = str(draw_type(random))
    return keys
