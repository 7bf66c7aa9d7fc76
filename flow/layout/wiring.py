"""A placed and routed block as plain shapes: instances of cells, and boxes of metal by net.

All that follows routing works on these: repair, power straps, parasitics, the GDS and its checks.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from klayout import db

from hexcoder.flow.layout.names import bit_name
from hexcoder.pdk.process import Process
from hexcoder.pdk.processes import process_of
from hexcoder.pdk.stack import Stack

GRID_NM = 5
"""On which every edge of a mask lies."""

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
    """Metal that routing must reach: of a cell's pin, or of a port (no instance)."""

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
    pdk : str
        Name of its process.
    instances : list of Instance
    wires : dict of str to list of Box
        Routed metal and cuts of each net; what cells draw themselves is not among them.
    pins : dict of str to list of Pin
    """

    top: str
    width: int
    height: int
    pdk: str
    instances: list[Instance] = field(default_factory=list)
    wires: dict[str, list[Box]] = field(default_factory=lambda: defaultdict(list))
    pins: dict[str, list[Pin]] = field(default_factory=lambda: defaultdict(list))

    @property
    def process(self) -> Process:
        """Whose cells it is made of."""
        return process_of(self.pdk)

    @property
    def stack(self) -> Stack:
        """The process's metals and cuts."""
        return self.process.stack

    def write(self, path: Path) -> None:
        """Save as JSON."""
        path.write_text(
            json.dumps(
                {
                    "top": self.top,
                    "die_nm": [self.width, self.height],
                    "pdk": self.pdk,
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
        width, height = text["die_nm"]
        wiring = cls(text["top"], width, height, text["pdk"])
        wiring.instances = [Instance(*values) for values in text["instances"]]
        for net, boxes in text["wires"].items():
            wiring.wires[net] = [Box(*values) for values in boxes]
        for net, pins in text["pins"].items():
            wiring.pins[net] = [Pin(name, pin, Box(*box)) for name, pin, box in pins]
        return wiring


def cell_boxes(cells: Path, stack: Stack, layers: Iterable[str]) -> dict[str, list[Box]]:
    """What each cell draws on some layers, as boxes in nm.

    Parameters
    ----------
    cells : Path
        ``cells.gds``.
    stack : Stack
        The process's.
    layers : iterable of str
    """
    layout = db.Layout()
    layout.read(str(cells))
    nm = round(layout.dbu * 1000)
    numbers = {**stack.gds, **stack.field.devices}
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


def joined(boxes: list[Box], stack: Stack) -> list[set[Box]]:
    """Groups of boxes that touch, on a metal or through a cut."""
    between = stack.joined_by
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
                or second.layer in between.get(first.layer, ())
                or first.layer in between.get(second.layer, ())
            )
            if joins:
                parent[root(b)] = root(a)
    groups: dict[int, set[Box]] = defaultdict(set)
    for number, box in enumerate(boxes):
        groups[root(number)].add(box)
    return list(groups.values())


def write_gds(wiring: Wiring, cells: Path, path: Path) -> None:
    """Draw the block with the cells it uses; ports carry pin shapes and names."""
    layout, stack = db.Layout(), wiring.stack
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
            draw(stack.gds[box.layer], box)
    for net, pins in wiring.pins.items():
        for pin in pins:
            if pin.instance:
                continue
            layer = stack.gds[pin.box.layer]
            draw(layer, pin.box)
            draw((layer[0], stack.pin_datatype), pin.box)
            centre = db.Trans(
                round((pin.box.left + pin.box.right) / 2 * nm),
                round((pin.box.bottom + pin.box.top) / 2 * nm),
            )
            label = top.shapes(layout.layer(layer[0], stack.label_datatype))
            label.insert(db.Text(bit_name(net), centre))
    wiring.process.finish_block(layout, top)
    drop_floating(layout, top, stack)
    for cell in list(layout.top_cells()):
        if cell.name != wiring.top:
            cell.prune_cell()
    layout.write(str(path))


def drop_floating(layout: db.Layout, top: db.Cell, stack: Stack) -> None:
    """Take out pieces of metal that no cut joins to anything and no pin is on."""

    def region(layer: tuple[int, int]) -> db.Region:
        return db.Region(top.begin_shapes_rec(layout.layer(*layer))).merged()

    for metal, cuts in zip(stack.metals[1:], pairwise([*stack.cuts, None]), strict=True):
        joined = region((metal.gds[0], stack.pin_datatype))
        for cut in filter(None, cuts):
            joined += region(cut.gds)
        floating = region(metal.gds).not_interacting(joined)
        if not floating.is_empty():
            shapes = top.shapes(layout.layer(*metal.gds))
            kept = db.Region(shapes) - floating
            shapes.clear()
            shapes.insert(kept)
