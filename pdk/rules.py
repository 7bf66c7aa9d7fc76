"""Design rules that digital blocks touch, as data of a process, and a drawing to check them on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from klayout import db

from hexcoder.pdk.stack import Layer

SHOWN = 8


@dataclass(frozen=True, slots=True)
class Rule:
    """Violations of one rule: how many, and the boxes of the first in um."""

    name: str
    count: int
    places: tuple[tuple[float, float, float, float], ...]


@dataclass(frozen=True, slots=True)
class Conductor:
    """Least width, spacing and area of a layer's pieces, in um and um2; 0 where there is none."""

    layer: Layer
    width: float
    spacing: float
    area: float = 0.0


@dataclass(frozen=True, slots=True)
class CutRule:
    """Size and spacing in um; ``enclosures``: metal, on all sides, on two opposite sides."""

    layer: Layer
    size: float
    spacing: float
    enclosures: tuple[tuple[str, float, float], ...] = ()


@dataclass(frozen=True)
class Rules:
    """The rules of a process.

    Attributes
    ----------
    conductors : mapping of str to Conductor
    cuts : mapping of str to CutRule
    grid : str
        Name of the rule that every edge lies on a grid of 5 nm.
    most_dense : mapping of str to float
        Share of the block that a metal may cover; the least share is a matter of the chip's fill.
    special : callable
        What is the process's own: contacts, implants and wells.
    """

    conductors: Mapping[str, Conductor]
    cuts: Mapping[str, CutRule]
    grid: str
    most_dense: Mapping[str, float]
    special: Callable[[Drawing], Iterator[Rule]]


class Drawing:
    """A layout's layers, merged, and tests that rules are made of; lengths in um."""

    def __init__(self, gds: Path, rules: Rules):
        self.layout = db.Layout()
        self.layout.read(str(gds))
        self.rules = rules
        (self.top,) = self.layout.top_cells()
        self.regions = {name: self.region(c.layer) for name, c in rules.conductors.items()}

    def region(self, layer: Layer) -> db.Region:
        """All shapes of a layer."""
        return db.Region(self.top.begin_shapes_rec(self.layout.layer(*layer))).merged()

    def units(self, length: float) -> int:
        """A length in the layout's units."""
        return round(length / self.layout.dbu)

    def rule(self, name: str, found: db.Region | db.EdgePairs) -> Rule:
        """A rule with what was found to break it."""
        places = []
        for number, shape in enumerate(found.each()):
            if number == SHOWN:
                break
            box = shape.bbox().to_dtype(self.layout.dbu)
            places.append((box.left, box.bottom, box.right, box.top))
        return Rule(name, found.count(), tuple(places))

    def apart(self, name: str, one: db.Region, other: db.Region, least: float) -> Rule:
        """Two layers keep a distance."""
        metrics = db.Region.Euclidian
        return self.rule(name, one.separation_check(other, self.units(least), False, metrics))

    def beyond(self, name: str, one: db.Region, other: db.Region, least: float) -> Rule:
        """Where a layer crosses the edge of another, it goes on."""
        metrics = db.Region.Projection
        return self.rule(name, one.enclosing_check(other, self.units(least), False, metrics))

    def inside(self, name: str, one: db.Region, other: db.Region, least: float) -> Rule:
        """A layer lies in another, which reaches beyond it."""
        return self.rule(name, one.sized(self.units(least)) - other)
