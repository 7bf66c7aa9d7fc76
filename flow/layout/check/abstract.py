"""The LEF of a block against its drawing: what a designer routes to has to be there."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from klayout import db

from hexcoder.pdk.stack import Stack

SHOWN = 8
_PIN = "PIN"
"""Property that KLayout's reader of LEF gives a pin's shapes."""


@dataclass(frozen=True, slots=True)
class Abstract:
    """Whether a LEF says of a block what is drawn.

    Attributes
    ----------
    pins : int
        Ports in the LEF, supplies included.
    faults : tuple of str
        The first ports that are not where the LEF has them, or not in it, a line each.
    """

    pins: int
    passed: bool
    faults: tuple[str, ...]


def check_abstract(lef: Path, gds: Path, top: str, stack: Stack) -> Abstract:
    """Hold each pin of a LEF against metal and labels of the drawn block.

    A pin's shapes have to be metal of the block, one of them with the label of its name, and each
    label has to be of a pin.

    Parameters
    ----------
    lef, gds : Path
    top : str
        Cell and macro.
    stack : Stack
    """
    options = db.LoadLayoutOptions()
    options.lefdef_config.pin_property_name = _PIN
    options.lefdef_config.read_lef_with_def = False
    said, drawn = db.Layout(), db.Layout()
    said.read(str(lef), options)
    drawn.read(str(gds))
    macro = said.cell(top)
    if macro is None:
        return Abstract(0, passed=False, faults=(f"no macro '{top}' in {lef.name}",))
    faults: list[str] = []
    shapes = {metal.name: _pins(said, macro, metal.lef) for metal in stack.metals}
    labels = {metal.name: _labels(drawn, top, metal.gds[0], stack) for metal in stack.metals}
    names = {name for pins in shapes.values() for name in pins}
    for metal in stack.metals:
        layer = drawn.layer(*metal.gds)
        scale = said.dbu / drawn.dbu
        for name, boxes in shapes[metal.name].items():
            for box in boxes:
                here = db.Box(*(round(edge * scale) for edge in _edges(box)))
                metals = db.Region(db.RecursiveShapeIterator(drawn, drawn.cell(top), layer, here))
                if not (db.Region(here) - metals).is_empty():
                    faults.append(f"{name}: no whole {metal.name} at {box.to_dtype(said.dbu)}")
    for name in sorted(names):
        if not any(
            any(box.contains(point) for box in shapes[metal].get(name, ()))
            for metal, found in labels.items()
            for point in found.get(name, ())
        ):
            faults.append(f"{name}: no label of it is in its shapes")
    for name in sorted({name for found in labels.values() for name in found} - names):
        faults.append(f"{name}: drawn, and no pin of the LEF")
    return Abstract(len(names), passed=not faults, faults=tuple(faults[:SHOWN]))


def _edges(box: db.Box) -> tuple[int, int, int, int]:
    return box.left, box.bottom, box.right, box.top


def _pins(said: db.Layout, macro: db.Cell, layer: str) -> Mapping[str, list[db.Box]]:
    """Boxes by pin on a layer, in the LEF's unit."""
    found: dict[str, list[db.Box]] = {}
    for index in said.layer_indexes():
        if said.get_info(index).name == f"{layer}.PIN":
            for shape in macro.shapes(index).each():
                found.setdefault(str(shape.property(_PIN)), []).append(shape.bbox())
    return found


def _labels(drawn: db.Layout, top: str, layer: int, stack: Stack) -> Mapping[str, list[db.Point]]:
    """Places of the block's own labels on a layer."""
    found: dict[str, list[db.Point]] = {}
    for shape in drawn.cell(top).shapes(drawn.layer(layer, stack.label_datatype)).each():
        if shape.is_text():
            at = shape.text.trans.disp
            found.setdefault(shape.text_string, []).append(db.Point(at.x, at.y))
    return found
