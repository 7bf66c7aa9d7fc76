"""The design point: one TOML file that every stage reads (docs/config.md)."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    WithJsonSchema,
)

from hexcoder.errors import InputError, first_problem
from hexcoder.fixed_point import FixedPointField

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
Count = Annotated[int, Field(ge=0)]


def _normalise_word(value: object) -> object:
    """Let 'round half up' and 'round-half-up' mean 'round_half_up'."""
    return value.strip().replace(" ", "_").replace("-", "_") if isinstance(value, str) else value


Rounding = Annotated[Literal["floor", "round_half_up"], BeforeValidator(_normalise_word)]
Overflow = Annotated[Literal["saturate", "wrap"], BeforeValidator(_normalise_word)]
Activation = Annotated[Literal["relu", "none"], BeforeValidator(_normalise_word)]


def _as_pair(value: object) -> object:
    return [value, value] if isinstance(value, int) and not isinstance(value, bool) else value


_POSITIVE = {"type": "integer", "minimum": 1}
_COUNT = {"type": "integer", "minimum": 0}


def _pair_of(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item, "minItems": 2, "maxItems": 2}


Pair = Annotated[
    tuple[PositiveInt, PositiveInt],
    BeforeValidator(_as_pair),
    WithJsonSchema({"anyOf": [_POSITIVE, _pair_of(_POSITIVE)]}),
]
"""Rows and columns; one number means both."""


def _as_padding(value: object) -> object:
    """Padding as one number, as [rows, columns], or as [[top, bottom], [left, right]]."""
    value = _as_pair(value)
    return [_as_pair(side) for side in value] if isinstance(value, (list, tuple)) else value


Sides = tuple[tuple[Count, Count], tuple[Count, Count]]
Padding = Annotated[
    Sides | Literal["same", "valid"],
    BeforeValidator(_as_padding),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": ["same", "valid"]},
                _COUNT,
                _pair_of({"anyOf": [_COUNT, _pair_of(_COUNT)]}),
            ]
        }
    ),
]
"""Zeros round an image: 'same', 'valid', a number, [rows, columns] or all four sides."""


class Section(BaseModel):
    """A part of a file of ours: immutable, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Data(Section):
    """Where events come from and which are kept back from training."""

    events: str = Field(default="generated", description="'generated' or a CSV file")
    count: PositiveInt = Field(default=20_000, description="events to generate")
    seed: Count = 1
    held_out: float = Field(default=0.2, gt=0, lt=1, description="fraction kept for evaluation")


class ConvolutionShape(Section):
    """A 2-D convolution to be trained."""

    kind: Literal["conv2d"]
    name: Name | None = None
    filters: PositiveInt
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
    outputs: PositiveInt
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

    hidden: tuple[PositiveInt, ...] = (512, 512)


class Network(Section):
    """Shape of the autoencoder."""

    input_shape: tuple[PositiveInt, PositiveInt, PositiveInt] = (4, 4, 3)
    input_type: FixedPointField
    layers: tuple[LayerShape, ...] = Field(min_length=1)
    decoder: Decoder = Decoder()


class Quantisation(Section):
    """What holds for every layer that does not say otherwise."""

    weight_type: FixedPointField
    bias_type: FixedPointField
    rounding: Rounding = "floor"
    overflow: Overflow = "saturate"


class Training(Section):
    """How the autoencoder is trained."""

    loss: Literal["telescope", "sinkhorn"] = "sinkhorn"
    epochs: PositiveInt = 30
    least_steps: Count = Field(
        default=0, description="optimiser steps; more epochs where events are few"
    )
    batch_size: PositiveInt = 256
    learning_rate: PositiveFloat = 2e-3
    weight_decay: float = Field(default=1e-4, ge=0)
    seed: Count = 1
    augment: bool = Field(default=True, description="the six symmetries of the sensor")
    sinkhorn_blur: PositiveFloat = Field(default=0.3, description="units of half a pitch")
    sinkhorn_iterations: PositiveInt = 20


class Pipeline(Section):
    """Where registers stand."""

    input: bool = True
    layers: bool = Field(default=True, description="after each layer but the last")
    output: bool = True
    energies: bool = Field(
        default=False, description="the 48 energies where they enter module encoder"
    )


class Verification(Section):
    """How much `make sim` checks; `make verify` checks a million vectors."""

    vectors: PositiveInt = 100_000
    netlist_vectors: PositiveInt = 20_000
    gate_level_vectors: Count = Field(default=200, description="with the PDK's own cell models")
    seed: Count = 1


class Clock(Section):
    """Constraints for synthesis and timing."""

    period_ns: PositiveFloat = 25.0
    uncertainty_ns: float = Field(default=0.25, ge=0)
    input_delay_ns: float = Field(default=2.0, ge=0)
    output_delay_ns: float = Field(default=2.0, ge=0)


class Silicon(Section):
    """Which process, and how power is measured."""

    pdk: str = "nangate45"
    wire_load: str | None = Field(default=None, description="a wire-load model of the Liberty file")
    power_events: PositiveInt = 3200


class Config(Section):
    """A design point."""

    name: Name
    data: Data = Data()
    network: Network
    quantisation: Quantisation
    training: Training = Training()
    pipeline: Pipeline = Pipeline()
    verification: Verification = Verification()
    clock: Clock = Clock()
    silicon: Silicon = Silicon()


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not valid TOML: {error}") from None
    except FileNotFoundError:
        raise InputError(
            f"{path}: no such file; a config is a TOML file such as configs/econ_t.toml"
        ) from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder; a config is a TOML file") from None


def load_config(path: Path | str, events: str | None = None) -> Config:
    """Read a design point.

    Parameters
    ----------
    path : path of a TOML file
    events : str, optional
        Takes the place of ``data.events``, as ``make all EVENTS=...`` asks.

    Raises
    ------
    InputError
        One line with file, key, value and what would be valid.
    """
    path = Path(path)
    try:
        config = Config.model_validate(_read_toml(path))
    except pydantic.ValidationError as error:
        raise InputError(first_problem(error, str(path))) from None
    if events:
        data = config.data.model_copy(update={"events": events})
        config = config.model_copy(update={"data": data})
    return config
