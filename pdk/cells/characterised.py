"""What is measured of a cell, and at which points."""

from dataclasses import dataclass, field

from hexcoder.pdk.cells.functions import FULL_ADDER

LOADS_FF = (0.5, 2.0, 6.0, 15.0, 40.0, 100.0)
"""Of a cell of drive 1; others in proportion."""
ADDER_LOADS_FF = (*LOADS_FF, 200.0)
"""Of the full adder, whose outputs have inverters of their own: at the others' last load it is far
from the longest transition.
"""

CONSTRAINT_SLEWS_NS = (0.01, 0.15, 0.6)
"""Where setup and hold are measured; data have the process' longest one besides."""

DRIVES = {"x0": 0.5, "x1": 1.0, "x2": 2.0, "x4": 4.0}

Table = list[list[float]]


def drive_name(cell: str) -> str:
    """End of a cell's name that says its strength."""
    return cell.rsplit("_", 1)[1]


def drive_of(cell: str) -> float:
    """Strength of a cell, by its name."""
    return DRIVES[drive_name(cell)]


def loads_name(cell: str) -> str:
    """Cells of the same name here are measured at the same loads."""
    return f"{drive_name(cell)}_adder" if cell == FULL_ADDER else drive_name(cell)


def loads_of(cell: str) -> list[float]:
    """Loads at which a cell is measured, in fF."""
    loads = ADDER_LOADS_FF if cell == FULL_ADDER else LOADS_FF
    return [load * drive_of(cell) for load in loads]


@dataclass
class Arc:
    """Tables by slew and load, for the output's rise and fall: ns and fJ."""

    output: str
    related: str
    sense: str
    kind: str = "combinational"
    delay: dict[str, Table] = field(default_factory=dict)
    transition: dict[str, Table] = field(default_factory=dict)
    energy: dict[str, Table] = field(default_factory=dict)


@dataclass
class Constraint:
    """Setup or hold tables by the slews of clock and data, for the data's rise and fall: ns."""

    kind: str
    tables: dict[str, Table] = field(default_factory=dict)


@dataclass
class Characterised:
    """All that was measured of a cell: fF, nW by state, arcs."""

    name: str
    capacitance: dict[str, float] = field(default_factory=dict)
    leakage: list[tuple[str, float]] = field(default_factory=list)
    arcs: list[Arc] = field(default_factory=list)
    constraints: list[Constraint] = field(default_factory=list)
    pin_energy: dict[str, dict[str, list[float]]] = field(default_factory=dict)


EDGES = ("rise", "fall")


def table(values: list[float], rows: int) -> Table:
    """Values in rows."""
    width = len(values) // rows
    return [values[row * width : (row + 1) * width] for row in range(rows)]
