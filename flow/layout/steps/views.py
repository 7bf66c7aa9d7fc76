"""Step: LEF, DEF and CDL of the block."""

from hexcoder.documents import read_json
from hexcoder.flow.layout.block import LaidOut, placed, ports
from hexcoder.flow.layout.steps.reads import DRAWN, FINAL
from hexcoder.flow.layout.views.cdl import write_cdl
from hexcoder.flow.layout.views.def_file import write_def
from hexcoder.flow.layout.views.lef import write_lef
from hexcoder.pdk.cells.drawn import TERMINALS, drawn_cells
from hexcoder.pdk.cells.terminals import read_terminals
from hexcoder.steps.step import Progress, Step

CLOCK = "clk"


def write_views(block: LaidOut, progress: Progress) -> None:
    """Write them."""
    cells, folder = drawn_cells(block.process), block.folder / "views"
    folder.mkdir(exist_ok=True)
    wiring, names = block.view(placed).wiring, block.view(ports)
    sizes = read_json(cells / "cells.json")
    heights = {name: round(size["height_um"] * 1000) for name, size in sizes.items()}
    gates = read_terminals(cells / TERMINALS).gates
    write_lef(wiring, names, gates, CLOCK, folder / f"{block.top}.lef")
    write_def(wiring, names, heights, folder / f"{block.top}.def")
    write_cdl(wiring, list(names), cells / "cells.spice", folder / f"{block.top}.cdl")


VIEWS = Step("layout.views", write_views, reads=(*FINAL, *DRAWN), writes=("views/",))
