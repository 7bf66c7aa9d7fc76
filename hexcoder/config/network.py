"""The autoencoder: its shape and its arithmetic."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PositiveInt, model_validator

from hexcoder.config.types import (
    Activation,
    Name,
    Overflow,
    Padding,
    Pair,
    Rounding,
    Section,
)
from hexcoder.fixed_point import FixedPointField

Width = Annotated[int, Field(ge=1, le=4096)]
"""Channels or neurons of a layer that is trained."""


class ConvolutionShape(Section):
    """A 2-D convolution to be trained."""

    kind: Literal["conv2d"]
    name: Name | None = None
    filters: Width
    kernel: Pair = (3, 3)
    stride: Pair = (1, 1)
    padding: Padding = "same"
    activation: Activation = "relu"
    output_type: FixedPointField
    weight_type: FixedPointField | None = None
    bias_type: FixedPointField | None = None
    product_type: FixedPointField | None = None


class DenseShape(Section):
    """A dense layer to be trained."""

    kind: Literal["dense"]
    name: Name | None = None
    outputs: Width
    activation: Activation = "relu"
    output_type: FixedPointField
    weight_type: FixedPointField | None = None
    bias_type: FixedPointField | None = None
    product_type: FixedPointField | None = None


class FlattenShape(Section):
    """Row, column, channel order; no arithmetic."""

    kind: Literal["flatten"]
    name: Name | None = None


LayerShape = Annotated[ConvolutionShape | DenseShape | FlattenShape, Field(discriminator="kind")]


class Decoder(Section):
    """The decoder runs off the detector, in float: its size is free."""

    hidden: tuple[Width, ...] = Field(default=(512, 512), max_length=8)
    conditions: tuple[Literal["sum", "layer", "position"], ...] = Field(
        default=("sum",), description="what the decoder is told beside the latents"
    )


class Network(Section):
    """Shape of the autoencoder."""

    input_shape: tuple[PositiveInt, PositiveInt, PositiveInt] = (4, 4, 3)
    input_type: FixedPointField
    layers: tuple[LayerShape, ...] = Field(min_length=1, max_length=64)
    decoder: Decoder = Decoder()


class Quantisation(Section):
    """What holds for every layer that does not say otherwise."""

    weight_type: FixedPointField
    bias_type: FixedPointField
    rounding: Rounding = "floor"
    overflow: Overflow = "saturate"
    learned: tuple[Literal["weights", "activations", "products"], ...] = Field(
        default=(), description="widths to learn within the types, see training.adder_cost"
    )
    weight_digits: PositiveInt | None = Field(
        default=None, description="most signed digits of a weight; 1 for powers of two"
    )

    @model_validator(mode="after")
    def _one_grid(self) -> Quantisation:
        if self.weight_digits and "weights" in self.learned:
            raise ValueError("'weight_digits' and learned 'weights' exclude each other; drop one")
        return self
