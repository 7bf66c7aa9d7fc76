"""Draw the sky130 cells: python -m pdk.sky130.cells_worker FOLDER.

The cells come from c4m-flexcell by way of c4m-pdk-sky130; the full adder is hexcoder's, in their
frame (pdk.sky130.full_adder_worker). Their licence is copyleft, so they are drawn anew on each
machine and nothing of them is kept in hexcoder. A process of its own: PDKMaster takes half a
gigabyte, and its modules are imported nowhere else.

Writes ``cells.gds``, finished by pdk.sky130.finishing, ``cells.spice`` (transistors as drawn),
``cells.json`` (size and pins of each) and the package ``coriolis`` with what place and route reads.
"""

import asyncio
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

FINISHED = "hexcoder: all cells drawn"

# Etesian places on one pitch in x and y and rounds the row height up to a multiple of it: 7 x 0.80
# keeps rows on their rails, the package's own 0.76 does not.
ROW_UM = 5.60
GRID_UM = 0.80

LABELS = 67, 5
"""GDS layer and datatype of the pins' names."""

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


def _library() -> Any:
    from c4m.flexcell import factory
    from c4m.pdk.sky130 import stdcell
    from c4m.pdk.sky130.pdkmaster import tech
    from pdkmaster.design import library

    from hexcoder.pdk.sky130 import full_adder_worker

    _wait_longer()
    primitives: Any = tech.primitives
    canvas = factory.StdCellCanvas(
        tech=tech,
        nmos=primitives["nfet_01v8"],
        nmos_min_w=0.84,
        pmos=primitives["pfet_01v8"],
        pmos_min_w=0.84,
        cell_height=ROW_UM,
        cell_horplacement_grid=GRID_UM,
        m1_vssrail_width=0.95,
        m1_vddrail_width=0.95,
        well_edge_height=2.7,
    )
    cells = library.RoutingGaugeLibrary(
        name="StdCellLib", tech=tech, routinggauge=canvas.routinggauge
    )
    cell_factory = stdcell.StdCellFactory(lib=cells, canvas=canvas)
    cell_factory.add_default()
    cell_factory.new_cell(cell_class=full_adder_worker.FullAdder, name=full_adder_worker.NAME)
    return cells


def main(folder: Path) -> None:
    """Draw all cells into a folder that is there."""
    from c4m.pdk.sky130.pdkmaster import gds_layers, tech
    from c4m.pdk.sky130.spice import netlistfab
    from klayout import db
    from pdkmaster.io.coriolis.export import CoriolisExportSpec, FileExporter
    from pdkmaster.io.klayout import export2db

    from hexcoder.pdk.sky130.finishing import finish_cell, narrowed

    cells = _library()
    specification = CoriolisExportSpec(globalnets=tuple(_SUPPLIES), net_direction_cb=direction)
    exporter = FileExporter(tech=tech, gds_layers=gds_layers, spec=specification)
    package = folder / "coriolis_cells"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "techno.py").write_text(exporter())
    (package / "cells.py").write_text(exporter(cells))
    layout = export2db(cells, gds_layers=gds_layers, cell_name=None, merge=True)
    pin_mask = tech.primitives["li"].pin.mask
    netlists, sizes, widths = [], {}, {}
    for cell in cells.cells:
        if cell.name == "Gallery":
            continue
        drawn = layout.cell(cell.name)
        for port in cell.circuit.ports:
            for shape in cell.layout.filter_polygons(net=port, mask=pin_mask, split=True):
                centre = shape.bounds.center
                text = db.DText(port.name, db.DTrans(centre.x, centre.y))
                drawn.shapes(layout.layer(*LABELS)).insert(text)
        netlists.append(netlistfab.export_circuit(cell.circuit))
        sizes[cell.name] = {
            "width_um": round(cell.layout.boundary.right, 4),
            "height_um": ROW_UM,
            "pins": {port.name: direction(port.name) for port in cell.circuit.ports},
        }
        width = sizes[cell.name]["width_um"]
        widths[cell.name] = finish_cell(layout, drawn, width, ROW_UM)
    layout.write(str(folder / "cells.gds"))
    (folder / "cells.spice").write_text(narrowed("\n".join(netlists), widths))
    (folder / "cells.json").write_text(json.dumps(sizes, indent=1) + "\n")
    print(FINISHED, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
