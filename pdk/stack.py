"""A process's metals and the cuts between them, for routing, parasitics and antenna rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

Layer = tuple[int, int]
"""GDS layer and datatype."""


@dataclass(frozen=True, slots=True)
class Metal:
    """A metal, in um. Tracks, widths and spacing are those of routing.

    Attributes
    ----------
    name : str
        In wiring and metrics.
    gds : Layer
    tool, lef : str
        Its name in the generator's technology, and in the foundry's LEF.
    direction : str
        Of its wires.
    offset, pitch, width : float
        Of its tracks.
    across : float
        A wire's width against the grain.
    spacing : float
    least_um2 : float
        Area of a piece.
    least_run_um : float
        Of a wire between cuts, where their pads alone are less than a piece.
    sheet_ohm : float
    thickness_um : float
        0 where no antenna rule looks at its sides.
    """

    name: str
    gds: Layer
    tool: str
    lef: str
    direction: Literal["Horizontal", "Vertical"]
    offset: float
    pitch: float
    width: float
    across: float
    spacing: float
    least_um2: float
    sheet_ohm: float
    thickness_um: float = 0.0
    least_run_um: float = 0.0


@dataclass(frozen=True, slots=True)
class Cut:
    """A cut between a metal and the next, in um; enclosures horizontally and vertically."""

    name: str
    gds: Layer
    tool: str
    size: float
    spacing: float
    ohm: float
    below: tuple[float, float]
    above: tuple[float, float]

    @property
    def landing_nm(self) -> int:
        """Half of the height of metal below that it stands on."""
        return round(1000 * (self.size / 2 + self.below[1]))


@dataclass(frozen=True)
class Field:
    """Capacitances between layers; see :mod:`hexcoder.flow.layout.capacitance`.

    Layers are ``devices`` and the metals, from the bottom up.

    Attributes
    ----------
    devices : mapping of str to Layer
        What cells draw below the metals: diffusion, poly.
    area_af : mapping of str to tuple of float
        Of a metal, aF/um2 to the substrate and to each layer below, from the bottom up.
    down_af : mapping of str to tuple of float
        Of its edge, aF/um to the same.
    up_af : mapping of str to tuple of float
        Of a layer's edge, aF/um to the layers above, from the next one on.
    beside_af : mapping of str to (float, float)
        Of an edge to another one of its layer: aF and um of k / (s + s0), an um of length.
    reach_um : float
        How far an edge's field goes.
    narrowing : float
        It leaves the part (2 / pi) atan(m d) within a distance d; m is so much of the two layers'
        capacitance by area, in 1/um.
    """

    devices: Mapping[str, Layer]
    area_af: Mapping[str, tuple[float, ...]]
    down_af: Mapping[str, tuple[float, ...]]
    up_af: Mapping[str, tuple[float, ...]]
    beside_af: Mapping[str, tuple[float, float]]
    reach_um: float = 8.0
    narrowing: float = 0.02


@dataclass(frozen=True)
class Stack:
    """Metals from the one of the cells' pins and rails to the one of the straps; cuts between them.

    Attributes
    ----------
    pin_datatype, label_datatype : int
        Of a metal's GDS layer: a port's shape and its name.
    antenna_ratio : float
        Side area of a metal over the gates it is joined to by that and lower metals, at most.
    antenna_by_diode : (tuple of float, tuple of float)
        Areas of diffusion in um2 joined to it, and the ratio allowed with each.
    antenna_diode_factor : float
        Area of gates that an area of diffusion counts for besides.
    strap_width_um, strap_pitch_um : float
        Of the straps of power; from one of vdd to the next of vss.
    strap_reach_um : float
        How far beside its strap a stack of cuts may stand.
    """

    metals: tuple[Metal, ...]
    cuts: tuple[Cut, ...]
    field: Field
    pin_datatype: int
    label_datatype: int
    antenna_ratio: float
    antenna_by_diode: tuple[tuple[float, ...], tuple[float, ...]]
    strap_width_um: float
    strap_pitch_um: float
    strap_reach_um: float
    antenna_diode_factor: float = 0.0

    @cached_property
    def by_name(self) -> Mapping[str, Metal]:
        """Metals by their names."""
        return {metal.name: metal for metal in self.metals}

    @cached_property
    def cut_by_name(self) -> Mapping[str, Cut]:
        """Cuts by their names."""
        return {cut.name: cut for cut in self.cuts}

    def antenna_limit(self, gate_um2: float, diffusion_um2: float) -> float:
        """Side area of a metal over the gates it is joined to, at most."""
        allowed = float(np.interp(diffusion_um2, *self.antenna_by_diode))
        return allowed * ((gate_um2 + self.antenna_diode_factor * diffusion_um2) / gate_um2)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Metals from the bottom up."""
        return tuple(metal.name for metal in self.metals)

    @cached_property
    def cut_names(self) -> tuple[str, ...]:
        """Cuts from the bottom up."""
        return tuple(cut.name for cut in self.cuts)

    @property
    def pins(self) -> str:
        """The metal of the cells' pins and rails; no wires are routed on it."""
        return self.names[0]

    @property
    def straps(self) -> str:
        """The metal of the straps of power; no wires are routed on it."""
        return self.names[-1]

    @property
    def routed(self) -> tuple[str, ...]:
        """Metals of wires: the first is horizontal, and they alternate."""
        return self.names[1:-1]

    @cached_property
    def gds(self) -> Mapping[str, Layer]:
        """GDS layers of metals and cuts, from the bottom up."""
        layers: dict[str, Layer] = {}
        for metal, cut in zip(self.metals, self.cuts, strict=False):
            layers |= {metal.name: metal.gds, cut.name: cut.gds}
        return layers | {self.straps: self.metals[-1].gds}

    @cached_property
    def joined_by(self) -> Mapping[str, tuple[str, str]]:
        """Of each cut the metal below and the one above."""
        pairs = zip(self.names, self.names[1:], strict=False)
        return dict(zip(self.cut_names, pairs, strict=True))
