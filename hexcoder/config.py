"""The design point: one TOML file that every stage reads (docs/config.md)."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
import tomli_w
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from hexcoder.errors import InputError, first_problem
from hexcoder.fixed_point import FixedPointField
from hexcoder.technology import Technology

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
    generated: Count = Field(
        default=0, description="generated events to train on beside those of a file"
    )
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
    conditions: tuple[Literal["sum", "layer", "position"], ...] = Field(
        default=("sum",), description="what the decoder is told beside the latents"
    )


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


class Pruning(Section):
    """Which weights become zero in training (Zhu and Gupta, arXiv:1710.01878)."""

    method: Literal["magnitude", "gradient"] = "magnitude"
    sparsity: float = Field(gt=0, lt=1, description="share of each layer's weights")
    start: float = Field(default=0.1, ge=0, lt=1, description="share of training before it")
    end: float = Field(default=0.6, gt=0, le=1, description="then only fine-tuning is left")

    @model_validator(mode="after")
    def _in_order(self) -> Pruning:
        if self.start >= self.end:
            raise ValueError(f"'start' = {self.start} must be below 'end' = {self.end}")
        return self


class Teacher(Section):
    """A trained autoencoder whose reconstruction is a second target (Hinton et al., 1503.02531)."""

    folder: str = Field(description="build/<config> of a larger or finer network")
    weight: float = Field(default=0.3, gt=0, le=1, description="its share of the loss")


class Training(Section):
    """How the autoencoder is trained."""

    loss: Literal["telescope", "sinkhorn", "combined"] = "sinkhorn"
    telescope_weight: PositiveFloat = Field(
        default=10.0, description="of the telescope loss beside Sinkhorn's in 'combined'"
    )
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
    sinkhorn_final_blur: PositiveFloat | None = Field(
        default=None, description="reached at the end, geometrically; default: no change"
    )
    sinkhorn_iterations: PositiveInt = 20
    initial: Literal["random", "dirac"] = Field(
        default="random", description="'dirac': each filter starts by passing one channel on"
    )
    average: float = Field(
        default=0.0, ge=0, lt=1, description="decay a step of a running average of all weights"
    )
    generated_share: float = Field(
        default=0.5, ge=0, lt=1, description="part of a batch, where data.generated adds events"
    )
    adder_cost: float = Field(
        default=0.0, ge=0, description="half pitches that a thousand adder bits may cost"
    )
    flip_rate: float = Field(
        default=0.0, ge=0, lt=0.5, description="chance that a stored bit of a weight is flipped"
    )
    weights: str | None = Field(
        default=None, description="folder of a trained autoencoder to use as it is"
    )
    pruning: Pruning | None = None
    teacher: Teacher | None = None


class Pipeline(Section):
    """Where registers stand."""

    input: bool = True
    layers: bool = Field(default=True, description="after each layer but the last")
    output: bool = True
    stages: Annotated[int, Field(ge=1, le=256)] | Literal["auto"] | None = Field(
        default=None,
        description="stages of logic, cut where the fewest bits cross, in place of registers after "
        "layers; 'auto': as few as meet the clock",
    )
    even: bool = Field(
        default=False,
        description="with a number of 'stages': of the same length, in place of the fewest "
        "registers",
    )
    energies: bool = Field(
        default=False, description="the 48 energies where they enter module encoder"
    )
    sum: bool | Literal["auto"] = Field(
        default="auto",
        description="the energies and their sum, before they are normalised; 'auto': where sum and "
        "normalisation together miss the clock",
    )


class Compiler(Section):
    """How hard gen/ looks for shared terms."""

    effort: NonNegativeFloat = Field(
        default=1.0,
        description="length of the search, in units of a default run; 0 takes the greedy start",
    )
    seed: Count = 1


class Chip(Section):
    """Whether weights lie in registers, and how these are loaded and protected (docs/chip.md)."""

    weights: Literal["fixed", "loadable"] = Field(
        default="fixed", description="in gates, or in registers that I2C writes and reads"
    )
    update: Literal["flag", "shadow"] = Field(
        default="flag",
        description="'flag': events are invalid while registers are loaded; 'shadow': a second set "
        "of registers is loaded and taken over between two events",
    )
    triplicated: bool = Field(default=True, description="three copies of every register, voted")


class Verification(Section):
    """How much `make sim` checks; `make verify` checks a million vectors."""

    vectors: PositiveInt = 100_000
    netlist_vectors: PositiveInt = 20_000
    gate_level_vectors: Count = Field(default=200, description="with the PDK's own cell models")
    configurations: Count = Field(
        default=4, description="sets of registers drawn for a chip with loadable weights"
    )
    formal: bool = Field(
        default=False,
        description="prove in `make asic` that the netlist is its RTL; `make verify` always does",
    )
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
    glitch_events: Count = Field(
        default=100, description="consecutive events simulated with delays, so that glitches count"
    )
    layout: bool = Field(
        default=True, description="`make asic` goes on to the layout if the PDK has cells for it"
    )


class Librelane(Section):
    """What the flow by LibreLane is told."""

    standard_cells: str | None = Field(default=None, description="cell library; the PDK's default")
    core_utilization: float = Field(default=45.0, gt=0, le=100, description="%")
    full_adder_cells: bool = Field(
        default=True, description="the library's full adder where the compiler has one"
    )
    variables: dict[str, Any] = Field(
        default={}, description="further variables of LibreLane, which checks them"
    )


class SearchDimension(Section):
    """A key of the config that the search chooses: out of ``choices``, or from low to high."""

    key: str = Field(description="dotted path; layers by name: network.layers.conv.filters")
    choices: tuple[Any, ...] | None = Field(default=None, min_length=1)
    low: int | float | None = Field(default=None, description="whole if low and high both are")
    high: int | float | None = None
    step: int | float | None = Field(default=None, gt=0)
    log: bool = False

    @pydantic.model_validator(mode="after")
    def _choices_or_range(self) -> SearchDimension:
        if (self.choices is None) == (self.low is None or self.high is None):
            raise ValueError("give either choices or both low and high")
        if self.choices is not None and (self.low, self.high, self.step) != (None, None, None):
            raise ValueError("choices go without low, high and step")
        if self.low is not None and self.high is not None:
            if self.low >= self.high:
                raise ValueError(f"low = {self.low} must be less than high = {self.high}")
            if self.log and (self.low <= 0 or self.step is not None):
                raise ValueError("log needs low above 0 and no step")
            if all(isinstance(end, int) for end in (self.low, self.high)) and isinstance(
                self.step, float
            ):
                raise ValueError("step must be whole where low and high are")
        return self


class SearchVariant(Section):
    """A named part of a config, whose keys take the place of the base config's."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: Name


class SearchConstraints(Section):
    """What a trial must keep to be on the front."""

    most_bits_per_event: PositiveInt | None = None
    most_adder_bits: PositiveFloat | None = None


class SearchCluster(Section):
    """Jobs of a batch system, one trial at a time each."""

    workers: PositiveInt = Field(default=8, description="jobs")
    threads: PositiveInt = Field(default=2, description="cores of a job")
    memory: str = "4GB"
    disk: str = Field(default="4GB", description="HTCondor only")
    walltime: str = Field(default="08:00:00", description="SLURM only")
    queue: str | None = Field(default=None, description="SLURM's partition")
    account: str | None = Field(default=None, description="SLURM only")
    interface: str | None = Field(default=None, description="network interface, such as ib0")
    setup: tuple[str, ...] = Field(default=(), description="shell lines before the worker")
    directives: tuple[str, ...] = Field(default=(), description="as in a submit file")


class Search(Section):
    """Multi-objective search: EMD against adder bits (docs/search.md)."""

    trials: PositiveInt = 48
    seed: Count = 1
    sampler: Literal["nsga2", "tpe", "random", "grid"] = "nsga2"
    population: int = Field(default=12, ge=2, description="of NSGA-II; random trials before TPE")
    reference_emd: PositiveFloat = Field(default=2.0, description="of the hypervolume")
    reference_adder_bits: float = Field(default=1e5, gt=1, description="of the hypervolume")
    space: tuple[SearchDimension, ...] = ()
    variants: tuple[SearchVariant, ...] = ()
    constraints: SearchConstraints = SearchConstraints()
    cluster: SearchCluster = SearchCluster()

    @pydantic.model_validator(mode="after")
    def _something_to_search(self) -> Search:
        if not self.space and not self.variants:
            raise ValueError("give search.space or search.variants: there is nothing to search")
        for what, names in (
            ("space.key", [dimension.key for dimension in self.space]),
            ("variants.name", [variant.name for variant in self.variants]),
        ):
            for name in names:
                if names.count(name) > 1:
                    raise ValueError(f"search.{what} '{name}' stands there twice")
        return self


class Config(Section):
    """A design point."""

    name: Name
    data: Data = Data()
    network: Network
    quantisation: Quantisation
    training: Training = Training()
    pipeline: Pipeline = Pipeline()
    compiler: Compiler = Compiler()
    chip: Chip = Chip()
    technology: dict[str, PositiveFloat] = Field(
        default={}, description="single values in place of those of the PDK's table"
    )
    verification: Verification = Verification()
    clock: Clock = Clock()
    silicon: Silicon = Silicon()
    librelane: Librelane = Librelane()
    search: Search | None = None

    @field_validator("technology")
    @classmethod
    def _in_the_table(cls, values: dict[str, float]) -> dict[str, float]:
        known = Technology.model_fields
        for name in values:
            if name not in known:
                raise ValueError(f"'{name}' is not known here; one of {', '.join(known)}")
        return values


_FAMILIES = {"sky130A": "sky130", "sky130B": "sky130"}
"""What a flow outside calls a process that the embedded flow has too."""


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


def config_text(config: Config) -> str:
    """Write a config as TOML; keys without a value stay out, because TOML has no null."""
    return tomli_w.dumps(config.model_dump(mode="json", exclude_none=True))


def load_config(path: Path | str, events: str | None = None, pdk: str | None = None) -> Config:
    """Read a design point.

    Parameters
    ----------
    path : path of a TOML file
    events : str, optional
        Takes the place of ``data.events``, as ``make all EVENTS=...`` asks.
    pdk : str, optional
        Takes the place of ``silicon.pdk``, as ``make all PDK=...`` asks. The config's name gets it
        at its end, so that the results of several processes stand side by side.

    Raises
    ------
    InputError
        One line with file, key, value and what would be valid.
    """
    path = Path(path)
    values = _read_toml(path)
    pdk = _FAMILIES.get(pdk, pdk) if pdk else None
    try:
        config = Config.model_validate(values)
        if pdk and pdk != config.silicon.pdk:
            values["silicon"] = values.get("silicon", {}) | {"pdk": pdk}
            suffix = re.sub(r"\W+", "_", Path(pdk).stem if pdk.endswith(".toml") else pdk)
            values["name"] = f"{config.name}_{suffix}"
            config = Config.model_validate(values)
    except pydantic.ValidationError as error:
        raise InputError(first_problem(error, str(path))) from None
    if events:
        data = config.data.model_copy(update={"events": events})
        config = config.model_copy(update={"data": data})
    return config
