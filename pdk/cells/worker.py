"""Draw the cells of a process: python -m hexcoder.pdk.cells.worker PROCESS FOLDER.

The cells come from c4m-flexcell by way of the process's package; the full adder is hexcoder's, in
their frame (pdk.cells.full_adder_worker). Their licence is copyleft, so they are drawn anew on each
machine and nothing of them is kept in hexcoder. A process of its own: PDKMaster takes half a
gigabyte, and its modules are imported nowhere else.

Writes ``cells.gds``, finished by the process, ``cells.spice`` (transistors as drawn),
``cells.json`` (size and pins of each) and the package ``coriolis`` with what place and route reads.
"""

import asyncio
import json
import math
import re
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hexcoder.pdk.cells.functions import FULL_ADDER
from hexcoder.pdk.process import Process
from hexcoder.pdk.processes import process_of

FINISHED = "hexcoder: all cells drawn"

GRID_UM = 0.005
"""Of masks, for both processes."""

_SUPPLIES = {"vdd": "supply", "vss": "ground"}
_OUTPUTS = ("q", "nq", "one", "zero", "sum", "carry")


def direction(pin: str) -> str:
    """What a pin of a cell is for, by its name."""
    if pin in _SUPPLIES:
        return _SUPPLIES[pin]
    return "clock" if pin == "clk" else "out" if pin in _OUTPUTS else "in"


PATIENCE = 120.0
"""Seconds that the search for a cell may take by the wall clock, in place of the generator's 1."""


def _wait_longer() -> None:
    """Let the generator wait longer: on a loaded machine a second of the wall clock is nothing."""
    from c4m.flexcell import activecolumnscell

    # The one place where it waits with a limit of its own.
    wait = activecolumnscell.asyncio.wait

    async def patient(tasks: Any, *, timeout: float | None = None, **options: Any) -> Any:
        return await wait(tasks, timeout=timeout and max(timeout, PATIENCE), **options)

    activecolumnscell.asyncio = SimpleNamespace(
        **{name: getattr(asyncio, name) for name in dir(asyncio)} | {"wait": patient}
    )


def _library(process: Process) -> Any:
    from c4m.flexcell import factory
    from pdkmaster.design import library

    from hexcoder.pdk.cells import full_adder_worker

    _wait_longer()
    technology = import_module(f"{process.module}.pdkmaster")
    tech, style = technology.tech, process.style
    canvas = factory.StdCellCanvas(
        tech=tech,
        nmos=tech.primitives[process.primitives["nmos"]],
        nmos_min_w=style.least_width_um,
        pmos=tech.primitives[process.primitives["pmos"]],
        pmos_min_w=style.least_width_um,
        cell_height=style.row_um,
        cell_horplacement_grid=style.grid_um,
        m1_vssrail_width=style.rail_um,
        m1_vddrail_width=style.rail_um,
        well_edge_height=style.well_edge_um,
    )
    cells = library.RoutingGaugeLibrary(
        name="StdCellLib", tech=tech, routinggauge=canvas.routinggauge
    )
    cell_factory = factory.StdCellFactory(
        lib=cells, cktfab=technology.cktfab, layoutfab=technology.layoutfab, canvas=canvas
    )
    cell_factory.add_default()
    if process.adder:
        cell_factory.new_cell(
            cell_class=full_adder_worker.FullAdder,
            name=FULL_ADDER,
            process=process,
            drawing=process.adder,
        )
    return cells


def main(process: Process, folder: Path) -> None:
    """Draw all cells into a folder that is there."""
    from klayout import db
    from pdkmaster.io.coriolis.export import CoriolisExportSpec, FileExporter
    from pdkmaster.io.klayout import export2db

    technology = import_module(f"{process.module}.pdkmaster")
    netlistfab = import_module(f"{process.module}.spice").netlistfab
    tech, gds_layers = technology.tech, technology.gds_layers
    height = process.style.row_um
    cells = _library(process)
    specification = CoriolisExportSpec(globalnets=tuple(_SUPPLIES), net_direction_cb=direction)
    exporter = FileExporter(tech=tech, gds_layers=gds_layers, spec=specification)
    package = folder / "coriolis_cells"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "techno.py").write_text(exporter())
    (package / "cells.py").write_text(on_grid(exporter(cells)))
    layout = export2db(cells, gds_layers=gds_layers, cell_name=None, merge=True)
    pin_mask = tech.primitives[process.primitives["metal"]].pin.mask
    netlists, sizes, widths = [], {}, {}
    for cell in cells.cells:
        if cell.name == "Gallery":
            continue
        drawn = layout.cell(cell.name)
        for port in cell.circuit.ports:
            for shape in cell.layout.filter_polygons(net=port, mask=pin_mask, split=True):
                centre = shape.bounds.center
                text = db.DText(port.name, db.DTrans(centre.x, centre.y))
                drawn.shapes(layout.layer(*process.labels)).insert(text)
        netlists.append(netlistfab.export_circuit(cell.circuit))
        sizes[cell.name] = {
            "width_um": round(cell.layout.boundary.right, 4),
            "height_um": height,
            "pins": {port.name: direction(port.name) for port in cell.circuit.ports},
        }
        widths[cell.name] = process.finish_cell(layout, drawn, sizes[cell.name]["width_um"], height)
    layout.write(str(folder / "cells.gds"))
    (folder / "cells.spice").write_text(narrowed("\n".join(netlists), widths))
    (folder / "cells.json").write_text(json.dumps(sizes, indent=1) + "\n")
    print(FINISHED, flush=True)


def on_grid(source: str) -> str:
    """Exported cells with what is centred in a cell of odd width moved down to the grid of masks.

    A wire is given by its axis and its width.
    """

    def moved(found: re.Match[str]) -> str:
        axis, width = float(found[1]), float(found[2])
        steps = (axis - width / 2) / GRID_UM
        if abs(steps - round(steps)) < 0.1:
            return found[0]
        axis += (math.floor(steps) - steps) * GRID_UM
        return f"u({axis:.4f}), u({found[2]})"

    return _WIRE.sub(moved, source)


def narrowed(spice: str, widths: Mapping[str, Mapping[float, float]]) -> str:
    """A netlist of the cells' circuits with the widths of their P transistors as drawn.

    Parameters
    ----------
    widths : mapping of str to mapping of float to float
        By cell the widths before and after finishing, in um.
    """
    cell, lines = "", []
    for line in spice.splitlines():
        words = line.split()
        if words[:1] == [".subckt"]:
            cell = words[1]
        found = _WIDTH.search(line)
        if "pfet" in line and found:
            before = round(float(found[1]) * 1e6, 4)
            drawn = widths.get(cell, {}).get(before, before)
            line = line.replace(found[0], f"w={drawn * 1e-6:.6g}")
        lines.append(line)
    return "\n".join(lines) + "\n"


_WIRE = re.compile(r"u\((\d+\.\d{4,})\), u\((\d+\.\d+)\)")
_WIDTH = re.compile(r"\bw=(\S+)")


if __name__ == "__main__":
    main(process_of(sys.argv[1]), Path(sys.argv[2]))
