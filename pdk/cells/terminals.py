"""Gates and diffusions that each pin of a drawn cell is joined to, for antenna rules."""

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from klayout import db

from hexcoder.pdk.cells.extraction import DrawnCell, read_cells
from hexcoder.pdk.process import Process


@dataclass(frozen=True, slots=True)
class Terminals:
    """Of each cell's pin, as (cell, pin): area of gates and of diffusions, in um2."""

    gates: dict[tuple[str, str], float]
    diffusions: dict[tuple[str, str], float]


def read_terminals(path: Path) -> Terminals:
    """Load what :func:`write_terminals` wrote."""
    text = json.loads(path.read_text())
    return Terminals(*({(cell, pin): area for cell, pin, area in rows} for rows in text))


def write_terminals(process: Process, gds: Path, path: Path) -> None:
    """Measure gates and diffusions of all pins of the drawn cells; some seconds."""
    gates: dict[tuple[str, str], float] = defaultdict(float)
    diffusions: dict[tuple[str, str], float] = defaultdict(float)
    for name, cell in read_cells(process, gds).items():
        for transistor in cell.transistors:
            gates[name, transistor.gate] += transistor.width * transistor.length
        for net, area in _diffusions(cell).items():
            diffusions[name, net] += area
    layout = db.Layout()
    layout.read(str(gds))
    for cell in layout.each_cell():
        if cell.name.startswith("diode"):
            shapes = db.Region(cell.begin_shapes_rec(layout.layer(*process.layers["diffusion"])))
            diffusions[cell.name, "i"] = shapes.area() * layout.dbu**2
    rows = [[[*key, area] for key, area in found.items()] for found in (gates, diffusions)]
    path.write_text(json.dumps(rows))


def _diffusions(cell: DrawnCell) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for transistor in cell.transistors:
        found[transistor.source[0]] += transistor.source_area
        found[transistor.drain[0]] += transistor.drain_area
    return found
