"""Pictures of a layout: cells by layer of the network, and the drawn shapes by KLayout."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hexcoder.flow.layout.owners import FILLER
from hexcoder.flow.layout.wiring import Box, Wiring
from hexcoder.pdk.process import Process

_CELL_COLOURS = {"diffusion": 0xBFD8A8, "tap": 0x9CC4C9, "poly": 0xD08C80}
_METALS = (
    (0xA9A0C0, 5), (0x3B6FB0, 9), (0xB0428F, 11), (0x1E8A6E, 8), (0xC98A12, 4), (0x444444, 3),
)  # fmt: skip
"""Colour of each metal from the bottom up, and KLayout's number of the fill pattern."""

SIDE, DPI = 5.0, 210
"""Of a picture, in inches: its text stays legible at a phone's width."""

COLOURS = ("#b5432a", "#1f4e79", "#3d8361", "#c98a12", "#7d5ba6", "#4fa3a5", "#8c564b", "#777777")


def draw_placement(
    wiring: Wiring, owner: Mapping[str, str], outlines: Mapping[str, float], picture: Path
) -> None:
    """Save a PNG of the cells, coloured by the part of the design that they belong to.

    Parameters
    ----------
    wiring : Wiring
    owner : mapping of str to str
        Part of each instance; fillers stay white.
    outlines : mapping of str to float
        Width of each cell in um; the height of all is the row's.
    picture : Path
    """
    from matplotlib.collections import PatchCollection
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch, Rectangle

    row = wiring.process.style.row_um
    cells: dict[str, list[Rectangle]] = {}
    for instance in wiring.instances:
        part = owner[instance.name]
        if part != FILLER:
            y = instance.y / 1000 - (row if instance.flipped else 0.0)
            place = Rectangle((instance.x / 1000, y), outlines[instance.cell], row)
            cells.setdefault(part, []).append(place)
    width, height = wiring.width / 1000, wiring.height / 1000
    figure = Figure(figsize=(SIDE, SIDE * height / width + 0.8), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    parts = sorted(cells, key=lambda part: -len(cells[part]))
    for number, part in enumerate(parts):
        colour = COLOURS[number % len(COLOURS)]
        axes.add_collection(PatchCollection(cells[part], facecolor=colour, linewidth=0))
    legend = [
        Patch(color=COLOURS[n % len(COLOURS)], label=f"{part} ({len(cells[part]):,})")
        for n, part in enumerate(parts)
    ]
    axes.add_patch(Rectangle((0, 0), width, height, fill=False, linewidth=0.8))
    axes.set(xlim=(-5, width + 5), ylim=(-5, height + 5), aspect="equal")
    axes.set(xlabel="um", ylabel="um")
    figure.legend(handles=legend, loc="outside lower center", ncols=2, frameon=False)
    figure.savefig(picture)


def draw_clock_tree(wiring: Wiring, picture: Path, clock: str = "clk") -> None:
    """Save a PNG of the clock's wires: a colour for each level of its tree."""
    from matplotlib.collections import PatchCollection
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch, Rectangle

    levels: dict[int, list[Rectangle]] = {}
    for net, boxes in wiring.wires.items():
        if net == clock or net.startswith(f"{clock}_root"):
            # clk, clk_root_0, clk_root_bl_0, clk_root_bl_tr_0: a part of the name for each level.
            level = net.count("_")
            for box in boxes:
                if box.layer in wiring.stack.routed:
                    corner = (box.left / 1000, box.bottom / 1000)
                    size = (box.right - box.left) / 1000, (box.top - box.bottom) / 1000
                    levels.setdefault(level, []).append(Rectangle(corner, *size))
    width, height = wiring.width / 1000, wiring.height / 1000
    figure = Figure(figsize=(SIDE, SIDE * height / width + 0.8), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    legend = []
    for number, level in enumerate(sorted(levels)):
        colour = COLOURS[number % len(COLOURS)]
        wide = max(0.4, 2.0 - 0.4 * number)
        shapes = PatchCollection(levels[level], facecolor=colour, edgecolor=colour, linewidth=wide)
        axes.add_collection(shapes)
        legend.append(Patch(color=colour, label="root" if number == 0 else f"level {number}"))
    axes.add_patch(Rectangle((0, 0), width, height, fill=False, linewidth=0.8))
    axes.set(xlim=(-5, width + 5), ylim=(-5, height + 5), aspect="equal")
    axes.set(xlabel="um", ylabel="um")
    figure.legend(handles=legend, loc="outside lower center", ncols=4, frameon=False)
    figure.savefig(picture)


def draw_congestion(wiring: Wiring, picture: Path, tile_nm: int = 8000) -> None:
    """Save a PNG of how much of the routed metals is in use, tile by tile."""
    from matplotlib.figure import Figure

    columns, rows = -(-wiring.width // tile_nm), -(-wiring.height // tile_nm)
    metals = wiring.stack.routed
    used = {metal: np.zeros((rows, columns)) for metal in metals}
    for boxes in wiring.wires.values():
        for box in boxes:
            if box.layer in used:
                _add(used[box.layer], box, tile_nm)
    figure = Figure(figsize=(SIDE, SIDE), dpi=DPI, layout="constrained")
    image = None
    extent = (0.0, wiring.width / 1000, 0.0, wiring.height / 1000)
    for axes, metal in zip(figure.subplots(2, 2).flat, metals, strict=True):
        share = 100 * used[metal] / tile_nm**2
        image = axes.imshow(share, origin="lower", extent=extent, cmap="magma_r", vmin=0, vmax=70)
        axes.set_title(f"{metal}: {share.mean():.0f} % of the area", fontsize=9)
        axes.tick_params(labelsize=7)
    assert image is not None
    figure.colorbar(image, ax=figure.axes, label="area in use, %", shrink=0.6)
    figure.savefig(picture)


def _add(used: np.ndarray, box: Box, tile: int) -> None:
    rows, columns = used.shape
    for j in range(max(0, box.bottom // tile), min(rows - 1, box.top // tile) + 1):
        for i in range(max(0, box.left // tile), min(columns - 1, box.right // tile) + 1):
            width = min(box.right, (i + 1) * tile) - max(box.left, i * tile)
            height = min(box.top, (j + 1) * tile) - max(box.bottom, j * tile)
            used[j, i] += max(width, 0) * max(height, 0)


def draw_layout(
    gds: Path,
    process: Process,
    picture: Path,
    pixels: int = 1200,
    part_um: float | None = None,
) -> None:
    """Save a PNG of the drawn shapes.

    Parameters
    ----------
    gds, picture : Path
    process : Process
    pixels : int
        Width and height.
    part_um : float, optional
        Side of a square in the middle that is shown; the whole by default.
    """
    from klayout import db, lay

    view = lay.LayoutView()
    view.set_config("background-color", "#ffffff")
    view.set_config("grid-visible", "false")
    view.set_config("text-visible", "false")
    view.load_layout(str(gds), False)
    _show_layers(view, process)
    view.max_hier()
    view.zoom_fit()
    if part_um is not None:
        centre, half = view.box().center(), part_um / 2
        view.zoom_box(db.DBox(centre.x - half, centre.y - half, centre.x + half, centre.y + half))
    view.save_image(str(picture), pixels, pixels)


def _show_layers(view: Any, process: Process) -> None:
    from klayout import lay

    view.clear_layers()
    shown_layers = [
        *((name, process.layers[name], colour, 0) for name, colour in _CELL_COLOURS.items()),
        *(
            (metal.name, metal.gds, *look)
            for metal, look in zip(process.stack.metals, _METALS, strict=True)
        ),
    ]
    for name, (layer, datatype), colour, pattern in shown_layers:
        shown = lay.LayerPropertiesNode()
        shown.name = f"{name} {layer}/{datatype}"
        shown.source_layer, shown.source_datatype = layer, datatype
        shown.fill_color = shown.frame_color = colour
        shown.dither_pattern = pattern
        shown.width = 1
        view.insert_layer(view.end_layers(), shown)


def write_layer_file(gds: Path, process: Process, path: Path) -> None:
    """Write KLayout's layer properties for the layout: ``klayout layout.gds -l layout.lyp``."""
    from klayout import lay

    view = lay.LayoutView()
    view.load_layout(str(gds), False)
    _show_layers(view, process)
    view.save_layer_props(str(path))
