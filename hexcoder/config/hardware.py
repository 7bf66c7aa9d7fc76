"""The circuit, how it is checked, and the silicon that it is made in."""

from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from hexcoder.config.types import Count, Section

CodePlace = Literal[
    "sum", "normalised", "carried", "quantised", "fits", "values", "codes", "packed", "chosen"
]
"""Where registers may stand in an encoder that sends frames."""


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
    code_places: tuple[CodePlace, ...] | None = Field(
        default=None,
        max_length=8,
        description="of an encoder that sends frames: behind the parts named, and with 'stages' "
        "at others too",
    )
    interval: Annotated[int, Field(ge=1, le=4096)] | Literal["auto"] = Field(
        default=1,
        description="clocks from one event to the next: above 1 the network's sums take turns on "
        "shared adders, see docs/folding.md; 'auto': of the intervals up to 'most_interval' the "
        "one of the smallest design",
    )
    most_interval: Annotated[int, Field(ge=1, le=4096)] = Field(
        default=64, description="with interval 'auto': least clocks from one event to the next"
    )
    most_latency_ns: PositiveFloat | None = Field(
        default=None,
        description="with interval 'auto': longest time from an event to its answer",
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
    """How hard gen/ looks for shared terms, and in which order it adds."""

    effort: NonNegativeFloat = Field(
        default=1.0,
        description="length of the search, in units of a default run; 0 takes the greedy start",
    )
    seed: Count = 1
    wait: NonNegativeFloat = Field(
        default=100.0,
        description="how long bits of a sum wait for others of their polarity, in delays of a "
        "carry: fewer inverters, but longer paths and more glitches",
    )


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
