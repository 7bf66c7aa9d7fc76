"""What the cell factory has to know of a process: one description each, in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from klayout import db

from hexcoder.errors import InputError
from hexcoder.pdk.rules import Rules
from hexcoder.pdk.stack import Layer, Stack

SLEWS_NS = (0.01, 0.05, 0.15, 0.4, 1.0)
"""Of an input, between 20 and 80 % of the supply. Clocks have no slower ones."""


@dataclass(frozen=True, slots=True)
class Corner:
    """Process, supply and temperature; ``slowness`` is the time that outputs get to settle.

    ``sections`` are those of the file of models.
    """

    name: str
    sections: tuple[str, ...]
    volts: float
    celsius: float
    slowness: float = 1.0


@dataclass(frozen=True)
class CellStyle:
    """How c4m-flexcell draws, in um.

    Etesian places on one pitch in x and y and rounds the row height up to a multiple of it: the
    row has to be a multiple of the grid. ``pins_um`` is the part of a row's height where a cell's
    own pins take the track beside it.
    """

    row_um: float
    grid_um: float
    rail_um: float
    well_edge_um: float
    least_width_um: float
    pins_um: tuple[float, float]


@dataclass(frozen=True)
class AdderDrawing:
    """The drawing of a full adder, in um; see :mod:`hexcoder.pdk.cells.full_adder_worker`.

    Attributes
    ----------
    width, cut, gate : float
        Of the cell, of a contact's side, of a column of poly.
    gates : tuple
        Columns of poly from the left: place and net.
    sides : tuple
        Diffusions beside them, strip by strip: place and net. Those named supply, series and
        either are one net of n and another of p.
    diffusion, implant : mapping
        Lower and upper edge on the side of n and of p.
    beyond_side, beyond_gate : float
        Diffusion beyond the last contacts, poly beyond diffusion.
    cuts : mapping
        Heights of the cuts on a diffusion, by n or p and by kind of net.
    pads : tuple
        Cuts on poly: place and net.
    pad : tuple of float
        Half of the width and of the height of poly round them.
    wires : tuple
        Of the cell's metal: net and box.
    pins : mapping
        Boxes where a cut to the next metal may stand on any track.
    """

    width: float
    cut: float
    gate: float
    gates: tuple[tuple[float, str], ...]
    sides: tuple[tuple[tuple[float, str], ...], ...]
    diffusion: Mapping[str, tuple[float, float]]
    implant: Mapping[str, tuple[float, float]]
    beyond_side: float
    beyond_gate: float
    cuts: Mapping[str, Mapping[str, tuple[float, ...]]]
    pads: tuple[tuple[float, float, str], ...]
    pad: tuple[float, float]
    wires: tuple[tuple[str, float, float, float, float], ...]
    pins: Mapping[str, tuple[float, float, float, float]]


@dataclass(frozen=True)
class Process:
    """A process whose cells are drawn and measured here.

    Attributes
    ----------
    name : str
        Of the PDK's description.
    package, module : str
        Distribution of the generator's technology, and its Python package.
    style : CellStyle
    primitives : mapping of str to str
        The technology's names of nmos, pmos, active, poly, contact, metal, n_implant, p_implant.
    layers : mapping of str to Layer
        nwell, diffusion, tap, poly, contact, metal, n_implant, p_implant.
    labels : Layer
        Names of the cells' pins.
    wire_ff : mapping of str to (float, float)
        Capacitance of poly and metal to the substrate by area, fF/um2, and by perimeter, fF/um.
    contact_ohm : mapping of str to float
        A contact on the diffusion of nfet and of pfet.
    models : str
        File of the transistors' models in the package's distribution.
    transistors : mapping of str to str
        Model of nfet and of pfet.
    corners : mapping of str to Corner
    routed_ff : mapping of int to float
        Mean capacitance of routed wires by fanout, in fF.
    routed_slope_ff : float
        For each further pin.
    slowest_ns : float
        Longest transition that cells are measured with, between 20 and 80 % of the supply; the
        limit on transitions of all nets but the clock's.
    finish_cell : callable
        Adds to a drawn cell, given its width and height in um, what the generator leaves out.
        Returns the widths of P transistors before and after, in um, where it changes them.
    finish_block : callable
        The same for a block of finished cells.
    stack : Stack
    rules : Rules
    adder : AdderDrawing, optional
        Without one full adders are made of gates.
    variant : str, optional
        Folder of the foundry's rules as open_pdks names it, with these metals.
    deck_options : mapping of str to str
        What public rule decks of KLayout are told of the metals.
    """

    name: str
    package: str
    module: str
    style: CellStyle
    primitives: Mapping[str, str]
    layers: Mapping[str, Layer]
    labels: Layer
    wire_ff: Mapping[str, tuple[float, float]]
    contact_ohm: Mapping[str, float]
    models: str
    transistors: Mapping[str, str]
    corners: Mapping[str, Corner]
    routed_ff: Mapping[int, float]
    routed_slope_ff: float
    slowest_ns: float
    finish_cell: Callable[[db.Layout, db.Cell, float, float], dict[float, float]]
    finish_block: Callable[[db.Layout, db.Cell], None]
    stack: Stack
    rules: Rules
    adder: AdderDrawing | None = None
    variant: str | None = None
    deck_options: Mapping[str, str] = field(default_factory=dict)

    @property
    def slews_ns(self) -> tuple[float, ...]:
        """Transitions of inputs that cells are measured with."""
        return (*SLEWS_NS, self.slowest_ns)

    @property
    def packages(self) -> tuple[str, ...]:
        """What the drawn cells come from."""
        return ("c4m-flexcell", self.package, "PDKMaster", "pdkmaster-io-coriolis", "klayout")

    def model_lines(self, corner: Corner) -> list[str]:
        """Of a deck for ngspice: the foundry's transistor models at a corner."""
        version(self.package)
        path = metadata.distribution(self.package).locate_file(self.models)
        return [f'.lib "{Path(str(path))}" {section}' for section in corner.sections]


def version(package: str) -> str:
    """Of an installed package.

    Raises
    ------
    InputError
        If it is not installed.
    """
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        raise InputError(f"{package} is not installed: pip install 'hexcoder[layout]'") from None
