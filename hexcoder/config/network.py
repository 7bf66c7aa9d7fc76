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
from hexcoder.fixed_point import FixedPoint, FixedPointField

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


class CodedDecoder(Section):
    """The decoder runs off the detector, in float: its size is free."""

    hidden: tuple[Width, ...] = Field(default=(512, 512), max_length=16)


class Decoder(CodedDecoder):
    """The decoder of an encoder of layers."""

    kind: Literal["mlp", "lista"] = Field(
        default="mlp", description="'lista': unrolled recovery through an encoder of one layer"
    )
    conditions: tuple[Literal["sum", "layer", "position"], ...] = Field(
        default=("sum",), description="what the decoder is told beside the latents"
    )


class Network(Section):
    """Shape of the autoencoder."""

    kind: Literal["autoencoder"] = "autoencoder"
    input_shape: tuple[PositiveInt, PositiveInt, PositiveInt] = (4, 4, 3)
    input_type: FixedPointField
    layers: tuple[LayerShape, ...] = Field(min_length=1, max_length=64)
    decoder: Decoder = Decoder()


class Coded(Section):
    """An adaptive code in place of layers: quantised cells in prefix codes (docs/codec.md)."""

    kind: Literal["coded"]
    frame_bits: int = Field(
        default=153, ge=32, le=1024, description="bits of a frame; n links carry 32 n - 7"
    )
    fraction_bits: int = Field(
        default=10, ge=4, le=16, description="of the normalised charge of a cell"
    )
    residue_bits: int = Field(
        default=4, ge=2, le=12, description="fraction bits of a step that go on to the next cell"
    )
    cells: Literal[1, 2, 4] = Field(
        default=1, description="cells of a symbol: one, a pair, a 2x2 group"
    )
    direct: Literal[2, 4, 8, 16] = Field(
        default=8, description="values of a cell that are a class of their own"
    )
    longest: int = Field(
        default=9, ge=2, le=16, description="bit length at which a cell's last class begins"
    )
    word_bits: int = Field(default=12, ge=2, le=16, description="bits of the longest code word")
    modes: int = Field(default=16, ge=1, le=64, description="most pairs of a step and a table")
    steps: int = Field(default=12, ge=1, le=64, description="most different steps")
    step_tables: int = Field(default=2, ge=1, le=8, description="most tables of a step")
    decoder: CodedDecoder = Field(
        default=CodedDecoder(), description="hidden = [] decodes without a network"
    )


class ClassicalMethod(Section):
    """A fixed algorithm in place of a network (docs/classical.md)."""

    kind: Literal["best_choice", "threshold", "super_trigger_cells"]
    kept: int | None = Field(
        default=None, ge=1, le=48, description="most trigger cells that are sent"
    )
    threshold_adc: int | None = Field(
        default=None, ge=0, lt=1 << 22, description="least energy that is sent"
    )


class Imported(Section):
    """A network that another tool trained (docs/import.md), or a network.json."""

    kind: Literal["imported"]
    model: str = Field(description="file of the model, or a network.json")
    input_type: FixedPointField | None = Field(
        default=None, description="type of inputs that the model does not quantise itself"
    )
    samples: str | None = Field(
        default=None, description="npz with the model's 'inputs', and its answers to compare"
    )


class Quantisation(Section):
    """What holds for every layer that does not say otherwise."""

    weight_type: FixedPointField = FixedPoint.parse("SQ(1,5)")
    bias_type: FixedPointField = FixedPoint.parse("SQ(1,5)")
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
