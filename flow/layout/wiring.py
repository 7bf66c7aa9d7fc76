"""A placed and routed block as plain shapes: instances of cells, and boxes of metal by net.

All that follows routing works on these: repair, power straps, parasitics, the GDS and its checks.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from klayout import db

from hexcoder.pdk.sky130.finishing import PIN_DATATYPE, finish_block

GDS_LAYERS = {
    "li": (67, 20),
    "mcon": (67, 44),
    "m1": (68, 20),
    "via": (68, 44),
    "m2": (69, 20),
    "via2": (69, 44),
    "m3": (70, 20),
    "via3": (70, 44),
    "m4": (71, 20),
    "via4": (71, 44),
    "m5": (72, 20),
}
"""Metals and the cuts between them, from the bottom up: GDS layer and datatype."""

DEVICE_LAYERS = {"active": (65, 20), "poly": (66, 20)}
"""What cells draw below the metals."""

METAL_STACK = tuple(GDS_LAYERS)[::2]
CUTS = tuple(GDS_LAYERS)[1::2]
_JOINED_BY = {cut: METAL_STACK[number : number + 2] for number, cut in enumerate(CUTS)}

GRID_NM = 5
"""On which every edge of a mask lies (rule x.1b)."""

LABEL_DATATYPE = 5
"""Of the metal's GDS layer: a port's name (SkyWater's layer table)."""

SUPPLIES = ("vdd", "vss")

BLANK = re.compile(r"^(fill|tie|decap|diode)")
"""Cells that are no part of the netlist."""


class Box(NamedTuple):
    """A rectangle on a layer, in nm."""

    layer: str
    left: int
    bottom: int
    right: int
    top: int


class Instance(NamedTuple):
    """A cell; its origin in nm, ``flipped`` about the x axis first."""

    name: str
    cell: str
    x: int
    y: int
    flipped: bool


class Pin(NamedTuple):
    """Metal that routing must reach: of a cell's pin (on li), or of a port (no instance)."""

    instance: str
    pin: str
    box: Box


@dataclass(slots=True)
class Wiring:
    """A block.

    Attributes
    ----------
    top : str
    width, height : int
        Of the die, in nm; the origin is its lower left corner.
    instances : list of Instance
    wires : dict of str to list of Box
        Routed metal and cuts of each net; what cells draw themselves is not among them.
    pins : dict of str to list of Pin
    """

    top: str
    width: int
    height: int
    instances: list[Instance] = field(default_factory=list)
    wires: dict[str, list[Box]] = field(default_factory=lambda: defaultdict(list))
    pins: dict[str, list[Pin]] = field(default_factory=lambda: defaultdict(list))

    def write(self, path: Path) -> None:
        """Save as JSON."""
        path.write_text(
            json.dumps(
                {
                    "top": self.top,
                    "die_nm": [self.width, self.height],
                    "instances": self.instances,
                    "wires": self.wires,
                    "pins": self.pins,
                }
            )
        )

    @classmethod
    def read(cls, path: Path) -> Wiring:
        """Load what :meth:`write` saved."""
        text = json.loads(path.read_text())
        wiring = cls(text["top"], *text["die_nm"])
        wiring.instances = [Instance(*values) for values in text["instances"]]
        for net, boxes in text["wires"].items():
            wiring.wires[net] = [Box(*values) for values in boxes]
        for net, pins in text["pins"].items():
            wiring.pins[net] = [Pin(name, pin, Box(*box)) for name, pin, box in pins]
        return wiring


def cell_boxes(cells: Path, layers: Iterable[str]) -> dict[str, list[Box]]:
    """What each cell draws on some layers, as boxes in nm.

    Parameters
    ----------
    cells : Path
        ``cells.gds``.
    layers : iterable of str
    """
    layout = db.Layout()
    layout.read(str(cells))
    nm = round(layout.dbu * 1000)
    numbers = GDS_LAYERS | DEVICE_LAYERS
    found: dict[str, list[Box]] = {}
    for cell in layout.each_cell():
        boxes = found[cell.name] = []
        for layer in layers:
            region = db.Region(cell.begin_shapes_rec(layout.layer(*numbers[layer])))
            for shape in region.merged().decompose_trapezoids_to_region().each():
                box = shape.bbox()
                boxes.append(
                    Box(layer, box.left * nm, box.bottom * nm, box.right * nm, box.top * nm)
                )
    return found


def placed(box: Box, instance: Instance) -> Box:
    """A cell's box where its instance stands."""
    low, high = (-box.top, -box.bottom) if instance.flipped else (box.bottom, box.top)
    return Box(
        box.layer,
        box.left + instance.x,
        low + instance.y,
        box.right + instance.x,
        high + instance.y,
    )


def joined(boxes: list[Box]) -> list[set[Box]]:
    """Groups of boxes that touch, on a metal or through a cut."""
    parent = list(range(len(boxes)))

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    order = sorted(range(len(boxes)), key=lambda number: boxes[number].left)
    for place, a in enumerate(order):
        for b in order[place + 1 :]:
            if boxes[b].left > boxes[a].right:
                break
            first, second = boxes[a], boxes[b]
            if first.bottom > second.top or second.bottom > first.top:
                continue
            joins = (
                first.layer == second.layer
                or second.layer in _JOINED_BY.get(first.layer, ())
                or first.layer in _JOINED_BY.get(second.layer, ())
            )
            if joins:
                parent[root(b)] = root(a)
    groups: dict[int, set[Box]] = defaultdict(set)
    for number, box in enumerate(boxes):
        groups[root(number)].add(box)
    return list(groups.values())


def write_gds(wiring: Wiring, cells: Path, path: Path) -> None:
    """Draw the block with the cells it uses; ports carry pin shapes and names."""
    layout = db.Layout()
    layout.read(str(cells))
    used = {instance.cell for instance in wiring.instances}
    indices = {name: layout.cell(name).cell_index() for name in used}
    top = layout.create_cell(wiring.top)
    nm = 1 / (layout.dbu * 1000)
    for instance in wiring.instances:
        turn = db.Trans.M0 if instance.flipped else db.Trans.R0
        trans = db.Trans(turn, round(instance.x * nm), round(instance.y * nm))
        top.insert(db.CellInstArray(indices[instance.cell], trans))

    def draw(layer: tuple[int, int], box: Box) -> None:
        # Repairs may end between two places of the grid.
        low = (edge // GRID_NM * GRID_NM for edge in (box.left, box.bottom))
        high = (-(-edge // GRID_NM) * GRID_NM for edge in (box.right, box.top))
        shape = db.Box(*(round(edge * nm) for edge in (*low, *high)))
        top.shapes(layout.layer(*layer)).insert(shape)

    for boxes in wiring.wires.values():
        for box in boxes:
            draw(GDS_LAYERS[box.layer], box)
    for net, pins in wiring.pins.items():
        for pin in pins:
            if pin.instance:
                continue
            layer = GDS_LAYERS[pin.box.layer]
            draw(layer, pin.box)
            draw((layer[0], PIN_DATATYPE), pin.box)
            centre = db.Trans(
                round((pin.box.left + pin.box.right) / 2 * nm),
                round((pin.box.bottom + pin.box.top) / 2 * nm),
            )
            label = top.shapes(layout.layer(layer[0], LABEL_DATATYPE))
            label.insert(db.Text(net, centre))
    finish_block(layout, top)
    for cell in list(layout.top_cells()):
        if cell.name != wiring.top:
            cell.prune_cell()
    layout.write(str(path))
