"""A PDK as one small description: where its files are and which cells have a special part."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Annotated

import pydantic
from pydantic import AfterValidator, Field, PositiveFloat

from hexcoder.config import Section
from hexcoder.documents import read_toml
from hexcoder.errors import InputError
from hexcoder.netlist.liberty import is_name
from hexcoder.pdk.scaling import NODES
from hexcoder.sections import validated
from hexcoder.technology import Technology

LAYOUT_PDKS = ("sky130", "gf180mcu")
"""PDKs that flow.layout has cells for."""

_FOLDER = Path(__file__).parent


def _check_name(text: str) -> str:
    if not is_name(text):
        raise ValueError("it must be made of letters, digits, _, -, . and an index in []")
    return text


CellName = Annotated[str, AfterValidator(_check_name)]
"""Of a cell or a pin: it is given to tools, to which other texts may be commands."""


class Corner(Section):
    """One process, voltage and temperature."""

    liberty: str
    voltage_v: PositiveFloat
    temperature_c: float


class AdderCell(Section):
    """A full adder (three inputs) or half adder (two inputs) of the library."""

    cell: CellName
    inputs: tuple[CellName, ...] = Field(min_length=2, max_length=3)
    sum: CellName
    carry: CellName


class GateCell(Section):
    """A cell with one output."""

    cell: CellName
    inputs: tuple[CellName, ...] = Field(min_length=1)
    output: CellName


class AdderGates(Section):
    """A full adder of gates, for a library without such a cell.

    Attributes
    ----------
    xor, nand : GateCell
        Of two inputs.
    or_nand : GateCell
        not ((a or b) and c), inputs in this order.
    """

    xor: GateCell
    nand: GateCell
    or_nand: GateCell


class VoterCell(Section):
    """A cell that gives the inverse of the majority of three bits.

    Attributes
    ----------
    inputs : tuple of three tuples of str
        Pins of each of the three: an and-or-invert gate of three pairs has two for each.
    """

    cell: CellName
    inputs: tuple[tuple[CellName, ...], tuple[CellName, ...], tuple[CellName, ...]]
    output: CellName


class TieCell(Section):
    """A cell that drives a constant."""

    cell: CellName
    output: CellName


class BufferCell(Section):
    """A cell with one input and one output."""

    cell: CellName
    input: CellName
    output: CellName


class Pdk(Section):
    """A process design kit: read one with :func:`load_pdk`.

    Attributes
    ----------
    process, licence : str
        One line each, for reports.
    node_nm : int, optional
        Of :data:`hexcoder.pdk.scaling.NODES`: what the report scales to the ECON-T chip's 65 nm.
    cell_verilog, technology_lef, cell_lef, corners.*.liberty : str
        Files as ``distribution:path``, or a path beside the description.
        The two LEF files are for tools outside; a PDK may have none.
    output_load_ff : float
        Load on each output port, in fF.
    full_adder, adder_gates : AdderCell, AdderGates
        One of the two.
    voter : VoterCell, optional
        For triplicated registers; without one voters are made of gates.
    corners : mapping of name to Corner
        The first is the one that synthesis and power use.
    """

    name: CellName
    process: str
    licence: str
    node_nm: int | None = None
    cell_verilog: str
    technology_lef: str | None = None
    cell_lef: str | None = None
    output_load_ff: PositiveFloat
    corners: Mapping[CellName, Corner] = Field(min_length=1)
    full_adder: AdderCell | None = None
    adder_gates: AdderGates | None = None
    half_adder: AdderCell | None = None
    voter: VoterCell | None = None
    tie_high: TieCell
    tie_low: TieCell
    buffer: BufferCell
    driving_cell: BufferCell
    technology: Technology | None = None
    folder: Path = Field(exclude=True)

    @pydantic.model_validator(mode="after")
    def _has_an_adder(self) -> Pdk:
        if (self.full_adder is None) == (self.adder_gates is None):
            raise ValueError("give either full_adder or adder_gates")
        return self

    @pydantic.field_validator("node_nm")
    @classmethod
    def _is_known(cls, node: int | None) -> int | None:
        if node is not None and node not in NODES:
            raise ValueError(f"must be one of {', '.join(map(str, NODES))}")
        return node

    @property
    def adder(self) -> AdderCell | AdderGates:
        """What full adders are mapped to."""
        found = self.full_adder or self.adder_gates
        assert found is not None
        return found

    @property
    def corner_name(self) -> str:
        """Name of the first corner."""
        return next(iter(self.corners))

    @property
    def corner(self) -> Corner:
        """The first corner."""
        return self.corners[self.corner_name]

    def at(self, corner: str) -> Pdk:
        """The same PDK with one corner alone."""
        return self.model_copy(update={"corners": {corner: self.corners[corner]}})

    @property
    def liberty(self) -> Path:
        """Liberty file of the first corner."""
        return self.file(self.corner.liberty)

    def file(self, location: str) -> Path:
        """Find a file of this PDK.

        Raises
        ------
        InputError
            If it is not there, with the package to install.
        """
        distribution, _, path = location.rpartition(":")
        if not distribution:
            found = self.folder / path
            if not found.is_file():
                raise InputError(f"PDK {self.name}: {found}: no such file")
            return found
        try:
            found = Path(str(metadata.distribution(distribution).locate_file(path)))
        except metadata.PackageNotFoundError:
            found = None
        if found is None or not found.is_file():
            raise InputError(
                f"PDK {self.name}: no file '{path}'; it comes with the Python package "
                f"{distribution}: pip install {distribution}"
            )
        return found


def known_pdks() -> list[str]:
    """Names of the PDKs that hexcoder describes."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def load_pdk(name: str) -> Pdk:
    """Read a PDK's description.

    Parameters
    ----------
    name : str
        One of :func:`known_pdks`, or the path of a TOML file of the same form.

    Raises
    ------
    InputError
        If there is no such PDK, or its description is wrong.
    """
    path = Path(name) if name.endswith(".toml") else _FOLDER / f"{name}.toml"
    if not path.exists():
        raise InputError(
            f"PDK '{name}' is not known: one of {', '.join(known_pdks())}, "
            "or the path of a TOML file that describes one"
        )
    description = read_toml(path, "a PDK is described by a TOML file")
    return validated(Pdk, description | {"folder": path.parent}, str(path))
