"""Step: pictures of the block."""

from hexcoder.documents import read_json
from hexcoder.flow.layout.block import LaidOut, owner_of, placed
from hexcoder.flow.layout.picture import (
    draw_clock_tree,
    draw_congestion,
    draw_layout,
    draw_placement,
    write_layer_file,
)
from hexcoder.flow.layout.steps.reads import DRAWN
from hexcoder.pdk.cells.drawn import drawn_cells
from hexcoder.steps.reads import File, Package
from hexcoder.steps.step import Progress, Step

ZOOM_UM = 30.0


def draw(block: LaidOut, progress: Progress) -> None:
    """Draw cells by layer of the network, the clock's tree, congestion, and the drawn shapes."""
    drawn, folder = block.view(placed), block.folder
    cells = read_json(drawn_cells(block.process) / "cells.json")
    widths = {name: cell["width_um"] for name, cell in cells.items()}
    draw_placement(drawn.wiring, block.view(owner_of), widths, folder / "placement.png")
    draw_clock_tree(drawn.wiring, folder / "clock_tree.png")
    draw_congestion(drawn.wiring, folder / "congestion.png")
    draw_layout(drawn.gds, block.process, folder / "layout.png")
    draw_layout(drawn.gds, block.process, folder / "zoom.png", part_um=ZOOM_UM)
    write_layer_file(drawn.gds, block.process, folder / "layout.lyp")


PICTURES = Step(
    "layout.pictures",
    draw,
    reads=(*DRAWN, File("asic/netlist.json"), Package("klayout"), Package("matplotlib")),
    writes=(
        "placement.png",
        "clock_tree.png",
        "congestion.png",
        "layout.png",
        "zoom.png",
        "layout.lyp",
    ),
)
