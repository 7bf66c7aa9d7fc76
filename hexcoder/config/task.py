"""Networks for any inputs and answers: classifiers, regressors, encoders, trees and others."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PositiveFloat, PositiveInt, model_validator

from hexcoder.config.network import FlattenShape, Width
from hexcoder.config.types import Name, Section
from hexcoder.fixed_point import FixedPoint, FixedPointField

Small = Annotated[int, Field(ge=1, le=64)]


def _weights(value: Any) -> Any:
    return value if value in ("binary", "ternary") else FixedPoint.parse(value)


WeightType = Annotated[
    Any,
    BeforeValidator(lambda value: value if isinstance(value, FixedPoint) else _weights(str(value))),
]
"""A type, or 'binary' (-1 and 1) or 'ternary' (-1, 0 and 1)."""


class _Sums(Section):
    name: Name | None = None
    activation: Literal["relu", "none", "binary"] = "relu"
    output_type: FixedPointField = Field(
        default=FixedPoint(True, 2, 0), description="of no account where activation is 'binary'"
    )
    weight_type: WeightType | None = None
    bias_type: FixedPointField | None = None

    @model_validator(mode="after")
    def _has_a_type(self) -> _Sums:
        if self.activation != "binary" and "output_type" not in self.model_fields_set:
            raise ValueError("'output_type' is missing")
        return self


class TaskDense(_Sums):
    """Sums over the last axis."""

    kind: Literal["dense"]
    outputs: Width


class TaskConvolution(_Sums):
    """Windows over one axis (conv1d) or two (conv2d) in front of the channels."""

    kind: Literal["conv1d", "conv2d"]
    filters: Width
    kernel: tuple[Small, ...] = Field(min_length=1, max_length=2)
    stride: tuple[Small, ...] | None = Field(default=None, min_length=1, max_length=2)
    padding: Literal["same", "valid"] = "same"

    @model_validator(mode="after")
    def _sides(self) -> TaskConvolution:
        axes = 1 if self.kind == "conv1d" else 2
        for key, given in (("kernel", self.kernel), ("stride", self.stride)):
            if given is not None and len(given) != axes:
                raise ValueError(f"'{key}' has {len(given)} entries; {self.kind} takes {axes}")
        return self


class TaskPool(Section):
    """Greatest or sum of each window."""

    kind: Literal["max_pool", "sum_pool"]
    name: Name | None = None
    window: tuple[Small, ...] = Field(min_length=1, max_length=2)
    stride: tuple[Small, ...] | None = Field(default=None, min_length=1, max_length=2)


class TaskFlatten(FlattenShape):
    """All axes as one."""


class TaskThermometer(Section):
    """Numbers as bits that say which thresholds they reach."""

    kind: Literal["thermometer"]
    name: Name | None = None
    bits: Small = Field(
        description="of each element: at quantiles of what is trained on, or evenly over the type "
        "of the sums before it"
    )


class TaskFloatCode(Section):
    """Numbers of the input as the bits of a float code."""

    kind: Literal["float_code"]
    name: Name | None = None
    exponent_bits: Annotated[int, Field(ge=1, le=5)]
    mantissa_bits: Annotated[int, Field(ge=1, le=8)]


class TaskTables(Section):
    """Truth tables of bits."""

    kind: Literal["tables"]
    name: Name | None = None
    outputs: Width
    fan_in: Annotated[int, Field(ge=1, le=8)] = Field(default=4, description="inputs of a table")
    candidates: PositiveInt | None = Field(
        default=None, description="wires that an input may choose from in training; all by default"
    )
    learn: Literal["differences", "relaxed", "network"] = Field(
        default="differences", description="how entries are learned (docs/training.md#tables)"
    )


class TaskGroupSum(Section):
    """Ones of each group of bits, counted."""

    kind: Literal["group_sum"]
    name: Name | None = None
    groups: Width
    fraction_bits: Annotated[int, Field(ge=0, le=16)] = Field(
        default=0, description="a bit counts 2**-fraction_bits"
    )
    centred: bool = Field(default=False, description="half of a group's bits are taken off")


TaskLayer = Annotated[
    TaskDense
    | TaskConvolution
    | TaskPool
    | TaskFlatten
    | TaskThermometer
    | TaskFloatCode
    | TaskTables
    | TaskGroupSum,
    Field(discriminator="kind"),
]


LOSSES = {
    "classifier": "cross-entropy",
    "regressor": "squared error",
    "anomaly": "reconstruction",
    "encoder": "sinkhorn",
}
"""What training makes small, by 'network.kind'."""


class Task(Section):
    """A network with inputs and answers of its own (docs/own_networks.md)."""

    kind: Literal["classifier", "regressor", "anomaly", "encoder"]
    input_shape: tuple[PositiveInt, ...] = Field(min_length=1, max_length=3)
    input_type: FixedPointField
    standardise: bool = Field(
        default=True, description="inputs minus their mean, over their standard deviation"
    )
    layers: tuple[TaskLayer, ...] = Field(default=(), max_length=64)
    architecture: Literal["interaction_network", "garnet", "variational"] | None = Field(
        default=None, description="a module of models/architectures/ in place of layers"
    )
    decoder: tuple[Width, ...] = Field(
        default=(256, 256), max_length=8, description="hidden layers of an encoder's decoder"
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Task:
        if bool(self.layers) == (self.architecture is not None):
            raise ValueError("give 'layers' or 'architecture'")
        if self.kind == "anomaly" and self.architecture != "variational":
            raise ValueError("kind 'anomaly' needs architecture = 'variational'")
        return self


class BoostedTrees(Section):
    """Trees that XGBoost trains (docs/own_networks.md#trees)."""

    kind: Literal["trees"]
    input_shape: tuple[PositiveInt] = Field(description="features")
    input_type: FixedPointField
    trees: Annotated[int, Field(ge=1, le=1000)] = Field(default=20, description="rounds")
    depth: Annotated[int, Field(ge=1, le=12)] = Field(default=4, description="most splits in a row")
    learning_rate: PositiveFloat = 0.3
    leaf_fraction_bits: Annotated[int, Field(ge=0, le=24)] = Field(
        default=8, description="leaves are rounded to so many"
    )
