"""Spare buffers that no net was handed to.

The router puts them on the clock's tree, where they would switch with every clock and do nothing.
"""

from collections import defaultdict
from pathlib import Path

from hexcoder.documents import read_json
from hexcoder.flow.layout.repair.rip_up import without_wrong
from hexcoder.flow.layout.wiring import BLANK, SUPPLIES, Box, Instance, Wiring

FILLERS = ("fill_w4", "fill_w2", "fill")
"""The widest first."""


def drop_spares(wiring: Wiring, cells: Path) -> int:
    """Put fillers in the places of buffers that drive nothing, dead branches too; in place.

    Parameters
    ----------
    cells : Path
        ``cells.json`` of the drawn cells.

    Returns
    -------
    int
        How many.
    """
    sizes = read_json(cells)
    kinds = {instance.name: instance.cell for instance in wiring.instances}
    dead = _dead(wiring, kinds, sizes)
    boxes = {}
    kept: list[Instance] = []
    for instance in wiring.instances:
        if instance.name not in dead:
            kept.append(instance)
            continue
        size = sizes[instance.cell]
        width, height = round(size["width_um"] * 1000), round(size["height_um"] * 1000)
        bottom = instance.y - height if instance.flipped else instance.y
        boxes[instance.name] = (instance.x, bottom, instance.x + width, bottom + height)
        kept += _fillers(instance, width, sizes)
    wiring.instances[:] = kept
    # What joins a wire to the pin of a cell.
    joining = (wiring.stack.pins, wiring.stack.cut_names[0])
    for net in [net for net in wiring.pins if net not in SUPPLIES]:
        gone = [pin.instance for pin in wiring.pins[net] if pin.instance in dead]
        if not gone:
            continue
        wiring.pins[net] = [pin for pin in wiring.pins[net] if pin.instance not in dead]
        if not wiring.pins[net]:
            del wiring.pins[net]
            wiring.wires.pop(net, None)
            continue
        places = [boxes[name] for name in gone]
        left = [
            box
            for box in wiring.wires[net]
            if box.layer not in joining or not any(_inside(box, place) for place in places)
        ]
        # What led to the pins goes too.
        pins = [pin.box for pin in wiring.pins[net]]
        wiring.wires[net] = without_wrong(left, pins, wiring.stack, lambda _: False)
    for net in SUPPLIES:
        wiring.pins[net] = [pin for pin in wiring.pins[net] if pin.instance not in dead]
    return len(dead)


def _dead(wiring: Wiring, kinds: dict[str, str], sizes: dict[str, dict]) -> set[str]:
    """Buffers of which no cell that is alive, and no port, reads the output."""
    readers: dict[str, set[str]] = defaultdict(set)
    drives: dict[str, list[str]] = defaultdict(list)
    for net, pins in wiring.pins.items():
        if net in SUPPLIES:
            continue
        for pin in pins:
            kind = kinds.get(pin.instance)
            if kind is None or sizes[kind]["pins"].get(pin.pin) != "out":
                readers[net].add(pin.instance)
            else:
                drives[pin.instance].append(net)
    dead: set[str] = set()
    while True:
        found = {
            name
            for name, kind in kinds.items()
            if name not in dead
            and kind.startswith("buf")
            and not any(_alive(readers[net], dead, kinds) for net in drives[name])
        }
        if not found:
            return dead
        dead |= found


def _alive(readers: set[str], dead: set[str], kinds: dict[str, str]) -> bool:
    return any(
        name not in dead and not (name in kinds and BLANK.match(kinds[name])) for name in readers
    )


def _fillers(instance: Instance, width: int, sizes: dict[str, dict]) -> list[Instance]:
    made, x = [], instance.x
    for cell in FILLERS:
        size = round(sizes[cell]["width_um"] * 1000)
        while width >= size:
            name = f"filled_{instance.name}_{len(made)}"
            made.append(Instance(name, cell, x, instance.y, instance.flipped))
            x, width = x + size, width - size
    return made


def _inside(box: Box, place: tuple[int, int, int, int]) -> bool:
    left, bottom, right, top = place
    return left <= box.left and bottom <= box.bottom and box.right <= right and box.top <= top
