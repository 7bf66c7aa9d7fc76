"""Demand against supply: which levels hold a network, and which kind of chip answers in time."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from hexcoder.studies.architecture.demand import Demand
from hexcoder.studies.architecture.platforms.result import Result
from hexcoder.studies.architecture.supply import KINDS, Kind, Level, Supply
from hexcoder.studies.record import Record


class LevelVerdict(Record):
    """A level against a demand. Factors are supply over demand: 1 or more is enough."""

    level: str
    chip: Kind
    on_chip: bool
    fits: bool
    capacity_factor: float | None = Field(description="None: only the area of logic is a limit")
    bandwidth_enough: bool
    bandwidth_factor: float | None = Field(description="None: weights are wiring")
    in_time: bool
    latency_s: float = Field(description="of the chip's floor and the level's first byte, s")
    latency_factor: float | None = Field(description="None: no latency was asked for")
    operations_enough: bool
    operations_factor: float | None = Field(description="None: logic is made for the network")

    @property
    def holds(self) -> bool:
        """Whether nothing excludes it."""
        return self.fits and self.bandwidth_enough and self.in_time and self.operations_enough


class ChipVerdict(Record):
    """A kind of chip against a demand."""

    chip: Kind
    level: str | None = Field(description="the farthest level that holds the network")
    best_latency_s: float | None = Field(description="measured or published, of this network, s")
    in_time: bool | None = Field(description="whether that is in time; None where there is none")

    @property
    def answers(self) -> bool:
        """Whether a level holds the network and no measurement refutes it."""
        return self.level is not None and self.in_time is not False


class Verdict(Record):
    """What the model says of a network."""

    levels: list[LevelVerdict]
    chips: list[ChipVerdict]
    level: str | None = Field(description="the cheapest level that holds it, on a chip in time")
    chip: Kind | None
    on_chip_required: bool = Field(description="no memory off the chip holds it")
    logic_required: bool = Field(description="no CPU and no GPU answers: an FPGA or an ASIC does")


def judge(demand: Demand, supply: Supply, results: Sequence[Result] = ()) -> Verdict:
    """Hold a demand against every level and chip.

    Parameters
    ----------
    demand : Demand
    supply : Supply
    results : sequence of Result
        Of this very network; a chip is refuted where it has some that decide and none is in time.
    """
    levels = [_judge_level(demand, supply, level) for level in supply.levels]
    chips = [_judge_chip(demand, kind, levels, results) for kind in KINDS]
    chosen = next((chip for chip in chips if chip.answers), None)
    return Verdict(
        levels=levels,
        chips=chips,
        level=chosen.level if chosen else None,
        chip=chosen.chip if chosen else None,
        on_chip_required=not any(each.holds and not each.on_chip for each in levels),
        logic_required=not any(
            chip.answers and supply.chip(chip.chip).logic == "instructions" for chip in chips
        ),
    )


def _judge_level(demand: Demand, supply: Supply, level: Level) -> LevelVerdict:
    chip = supply.chip(level.chip)
    latency_s = chip.floor_s + level.latency_s
    capacity = _factor(level.capacity, demand.weight_bytes)
    bandwidth = _factor(level.bandwidth, demand.weight_bytes_per_s)
    latency = _factor(demand.latency_s, latency_s) if latency_s else None
    operations = _factor(chip.operations_per_s, demand.operations_per_s)
    return LevelVerdict(
        level=level.name,
        chip=level.chip,
        on_chip=level.on_chip,
        fits=_enough(capacity),
        capacity_factor=capacity,
        bandwidth_enough=_enough(bandwidth),
        bandwidth_factor=bandwidth,
        in_time=_enough(latency),
        latency_s=latency_s,
        latency_factor=latency,
        operations_enough=_enough(operations),
        operations_factor=operations,
    )


def _factor(supply: float | None, demand: float) -> float | None:
    return None if supply is None or not demand else supply / demand


def _enough(factor: float | None) -> bool:
    return factor is None or factor >= 1


def _judge_chip(
    demand: Demand, kind: Kind, levels: Sequence[LevelVerdict], results: Sequence[Result]
) -> ChipVerdict:
    level = next((each.level for each in levels if each.chip == kind and each.holds), None)
    own = [r for r in results if r.platform == kind and r.decides and r.latency_s is not None]
    return ChipVerdict(
        chip=kind,
        level=level,
        best_latency_s=min((r.latency_s for r in own if r.latency_s is not None), default=None),
        in_time=any(r.in_time(demand.period_s, demand.latency_s) for r in own) if own else None,
    )
