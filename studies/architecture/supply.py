"""Memories and chips: what holds weights, how fast it gives them, and how soon."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from hexcoder.documents import read_toml
from hexcoder.sections import Section, validated

Kind: TypeAlias = Literal["cpu", "gpu", "fpga", "asic"]
KINDS: tuple[Kind, ...] = ("cpu", "gpu", "fpga", "asic")
"""Kinds of chips, the cheapest to use first."""

SHIPPED = Path(__file__).with_name("supply.toml")
_WHAT = "memories are a TOML file with [[levels]] (docs/architecture.md)"

Text = Annotated[str, Field(min_length=1)]


class Chip(Section):
    """A kind of chip.

    Attributes
    ----------
    floor_s : float
        Least time from an event to its answer, whatever the program, s.
    operations_per_s : float, optional
        Peak of multiplications and additions; none where logic is made for the network.
    """

    name: Kind
    logic: Literal["instructions", "reconfigurable", "custom"]
    floor_s: NonNegativeFloat
    operations_per_s: PositiveFloat | None = None
    source: Text


class Level(Section):
    """A level of memory, of ``units`` equal parts that are read at once."""

    name: Text
    chip: Kind
    on_chip: bool
    units: PositiveInt = 1
    capacity_bytes: PositiveFloat | Literal["area"] = Field(description="of a unit")
    bandwidth_bytes_per_s: PositiveFloat | Literal["wiring"] = Field(description="of a unit")
    latency_s: NonNegativeFloat = Field(description="of the first byte")
    derivation: str = ""
    source: Text

    @property
    def capacity(self) -> float | None:
        """Bytes of all units; None where only the area of logic is a limit."""
        return None if self.capacity_bytes == "area" else self.units * self.capacity_bytes

    @property
    def bandwidth(self) -> float | None:
        """Bytes a second of all units; None where weights are wiring, which is not read."""
        if self.bandwidth_bytes_per_s == "wiring":
            return None
        return self.units * self.bandwidth_bytes_per_s


class Supply(Section):
    """Chips, and levels from the farthest to the nearest."""

    chips: tuple[Chip, ...] = ()
    levels: tuple[Level, ...] = Field(min_length=1)

    def chip(self, name: Kind) -> Chip:
        """The chip of a kind."""
        return next(chip for chip in self.chips if chip.name == name)

    def extended(self, other: Supply) -> Supply:
        """With another file's chips and levels: those of a known name in its place.

        A new level is the nearest of its chip.
        """
        chips = {chip.name: chip for chip in (*self.chips, *other.chips)}
        levels = {level.name: level for level in (*self.levels, *other.levels)}
        ordered = sorted(levels.values(), key=lambda level: KINDS.index(level.chip))
        return Supply(chips=tuple(chips.values()), levels=tuple(ordered))


def read_supply(path: Path | None = None) -> Supply:
    """The shipped memories, extended by a user's file.

    Raises
    ------
    InputError
        If the file is not there, or a key is missing, unknown or out of its range.
    """
    shipped = validated(Supply, read_toml(SHIPPED, _WHAT), str(SHIPPED))
    if path is None:
        return shipped
    return shipped.extended(validated(Supply, read_toml(path, _WHAT), str(path)))
