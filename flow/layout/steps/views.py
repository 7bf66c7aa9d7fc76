"""Step: LEF, DEF and CDL of the block, and whether the LEF is of what is drawn."""

from dataclasses import asdict

from hexcoder.documents import read_json
from hexcoder.flow.layout.block import LaidOut, placed, ports
from hexcoder.flow.layout.check.abstract import check_abstract
from hexcoder.flow.layout.steps.reads import DRAWN, FINAL
from hexcoder.flow.layout.views.cdl import write_cdl
from hexcoder.flow.layout.views.def_file import write_def
from hexcoder.flow.layout.views.lef import write_lef
from hexcoder.metrics.layout import AbstractCheck, AbstractMetrics
from hexcoder.pdk.cells.drawn import TERMINALS, drawn_cells
from hexcoder.pdk.cells.terminals import read_terminals
from hexcoder.steps.step import Progress, Step

CLOCK = "clk"


def write_views(block: LaidOut, progress: Progress) -> AbstractMetrics:
    """Write them, and hold the LEF against the drawing."""
    cells, folder = drawn_cells(block.process), block.folder / "views"
    folder.mkdir(exist_ok=True)
    wiring, names = block.view(placed).wiring, block.view(ports)
    sizes = read_json(cells / "cells.json")
    heights = {name: round(size["height_um"] * 1000) for name, size in sizes.items()}
    gates = read_terminals(cells / TERMINALS).gates
    lef = folder / f"{block.top}.lef"
    write_lef(wiring, names, gates, CLOCK, lef)
    write_def(wiring, names, heights, folder / f"{block.top}.def")
    write_cdl(wiring, list(names), cells / "cells.spice", folder / f"{block.top}.cdl")
    found = check_abstract(lef, block.view(placed).gds, block.top, block.process.stack)
    return AbstractMetrics(abstract_check=AbstractCheck(**asdict(found)))


VIEWS = Step(
    "layout.views", write_views, AbstractMetrics, reads=(*FINAL, *DRAWN), writes=("views/",)
)
