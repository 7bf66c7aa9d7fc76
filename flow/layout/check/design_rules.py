"""Design rules of a process that digital blocks touch, checked by KLayout."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from klayout import db

from hexcoder.pdk.process import Process
from hexcoder.pdk.rules import Drawing, Rule

GRID_UM = 0.005
"""Every edge lies on it."""


def check_design_rules(gds: Path, process: Process) -> list[Rule]:
    """Check a layout; all rules, with zero counts too."""
    drawing = Drawing(gds, process.rules)
    rules: list[Rule] = []
    for name in process.rules.conductors:
        rules += _conductor(drawing, name)
    for name in process.rules.cuts:
        rules += _cut(drawing, name)
    rules += process.rules.special(drawing)
    rules.append(_grid(drawing))
    rules += _floating(drawing, process)
    rules += [_density(drawing, name) for name in process.rules.most_dense]
    return rules


def _conductor(drawing: Drawing, name: str) -> Iterator[Rule]:
    rules, shapes = drawing.rules.conductors[name], drawing.regions[name]
    metrics = db.Region.Euclidian
    yield drawing.rule(f"{name}.width", shapes.width_check(drawing.units(rules.width)))
    if rules.spacing:
        spacing = shapes.space_check(drawing.units(rules.spacing), False, metrics)
        yield drawing.rule(f"{name}.spacing", spacing)
    if rules.area:
        least = round(rules.area / drawing.layout.dbu**2)
        yield drawing.rule(f"{name}.area", shapes.with_area(0, least, False))


def _cut(drawing: Drawing, name: str) -> Iterator[Rule]:
    rules = drawing.rules.cuts[name]
    shapes = drawing.region(rules.layer)
    size = drawing.units(rules.size)
    square = shapes.rectangles().with_bbox_width(size, False).with_bbox_height(size, False)
    yield drawing.rule(f"{name}.size", shapes - square)
    spacing = shapes.space_check(drawing.units(rules.spacing), False, db.Region.Euclidian)
    yield drawing.rule(f"{name}.spacing", spacing)
    for metal, everywhere, somewhere in rules.enclosures:
        region, least = drawing.regions[metal], drawing.units(everywhere)
        yield drawing.rule(f"{name}.enclosed.{metal}", shapes.sized(least) - region)
        if somewhere > everywhere:
            more = drawing.units(somewhere)
            flat = shapes.interacting(shapes.sized(more, least, 2) - region)
            tall = shapes.interacting(shapes.sized(least, more, 2) - region)
            yield drawing.rule(f"{name}.enclosed_twice.{metal}", flat & tall)


def _grid(drawing: Drawing) -> Rule:
    """Over all layers."""
    step = drawing.units(GRID_UM)
    found = db.EdgePairs()
    for layer in (*drawing.rules.conductors.values(), *drawing.rules.cuts.values()):
        found += drawing.region(layer.layer).grid_check(step, step)
    return drawing.rule(f"{drawing.rules.grid} (grid of 5 nm)", found)


def _floating(drawing: Drawing, process: Process) -> Iterator[Rule]:
    """Pieces of a metal that no cut joins to another, and no pin is on."""
    stack = process.stack
    for metal, cuts in zip(stack.metals[1:], pairwise([*stack.cuts, None]), strict=True):
        joined = drawing.region((metal.gds[0], stack.pin_datatype))
        for cut in filter(None, cuts):
            joined += drawing.region(cut.gds)
        shapes = drawing.regions[metal.name]
        yield drawing.rule(f"{metal.name}.x (floating)", shapes.not_interacting(joined))


def _density(drawing: Drawing, name: str) -> Rule:
    box = drawing.top.bbox()
    if drawing.regions[name].area() <= drawing.rules.most_dense[name] * box.area():
        return Rule(f"{name}.density", 0, ())
    return drawing.rule(f"{name}.density", db.Region(box))
