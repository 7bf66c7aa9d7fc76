"""Metal that closes notches and widens necks between shapes of one net."""

from collections import defaultdict
from collections.abc import Iterator

from klayout import db

from hexcoder.flow.layout.repair.rerouting import Rerouting
from hexcoder.flow.layout.wiring import Box
from hexcoder.pdk.rules import Conductor

ROUNDS = 4
WINDOW = 600
"""Around a notch, in nm: what is farther is not changed."""


def fill_notches(block: Rerouting) -> int:
    """Fill where wires and cuts' metal of one net leave too little space or width between them.

    Returns
    -------
    int
        Boxes that were drawn.
    """
    drawn = 0
    shapes: dict[str, db.Region] = defaultdict(db.Region)
    for boxes in block.wiring.wires.values():
        for box in boxes:
            if box.layer in block.stack.routed:
                shapes[box.layer].insert(db.Box(*box[1:]))
    conductors = block.process.rules.conductors
    for layer, region in shapes.items():
        for _ in range(ROUNDS):
            region.merge()
            added = [box for box in _patches(layer, conductors[layer], region) if _draw(block, box)]
            if not added:
                break
            drawn += len(added)
            for box in added:
                region.insert(db.Box(*box[1:]))
    return drawn


def _patches(layer: str, rules: Conductor, region: db.Region) -> Iterator[Box]:
    space, width = round(rules.spacing * 1000), round(rules.width * 1000)
    for marker in region.space_check(space, False, db.Region.Euclidian).each():
        part = region & db.Region(marker.bbox().enlarged(WINDOW))
        # Closing: what is nearer than the least space grows together.
        closed = part.sized((space - 1) // 2).merged().sized(-((space - 1) // 2))
        for piece in (closed - part).decompose_trapezoids_to_region().each():
            box = piece.bbox()
            yield Box(layer, box.left, box.bottom, box.right, box.top)
    for marker in region.width_check(width, False, db.Region.Euclidian).each():
        box = marker.bbox()
        # A neck gets a patch as wide as a wire must be.
        dx, dy = (max(0, (width - size + 1) // 2) for size in (box.width(), box.height()))
        yield Box(layer, box.left - dx, box.bottom - dy, box.right + dx, box.top + dy)


def _draw(block: Rerouting, box: Box) -> bool:
    """Draw a patch that touches one net and comes near to no other."""
    owners = block.shapes.touching(box)
    if len(owners) != 1:
        return False
    (net,) = owners
    if not net or block.shapes.near(box, net):
        return False
    block.draw(net, [box])
    return True
