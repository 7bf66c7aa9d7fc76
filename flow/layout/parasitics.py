"""Resistance and capacitance of routed wires, as SPEF (IEEE 1481).

Each net becomes a tree of resistors along the middles of its boxes and through its cuts; loops are
cut at their largest resistor. Sheet and contact resistances are the process's
(:class:`hexcoder.pdk.stack.Stack`). A net's capacitance on a layer (flow/layout/capacitance.py) is
spread over its wires there by their lengths.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from hexcoder.flow.layout.capacitance import wire_capacitances
from hexcoder.flow.layout.names import bit_name
from hexcoder.flow.layout.wiring import SUPPLIES, Box, Pin, Wiring
from hexcoder.pdk.stack import Stack


class Place(NamedTuple):
    """A node of a net: a point of a metal, in nm."""

    layer: str
    x: int
    y: int


@dataclass(slots=True)
class NetTree:
    """A net's parasitics.

    Attributes
    ----------
    farads : dict of Place to float
        To ground, in fF.
    ohms : list of tuple
        Two places and the resistance between them.
    pins : dict of Pin to Place
    """

    farads: dict[Place, float] = field(default_factory=lambda: defaultdict(float))
    ohms: list[tuple[Place, Place, float]] = field(default_factory=list)
    pins: dict[Pin, Place] = field(default_factory=dict)

    @property
    def total_ff(self) -> float:
        """Sum of the capacitances."""
        return sum(self.farads.values())


def _touch(a: Box, b: Box) -> tuple[int, int] | None:
    left, right = max(a.left, b.left), min(a.right, b.right)
    low, high = max(a.bottom, b.bottom), min(a.top, b.top)
    if left > right or low > high:
        return None
    return (left + right) // 2, (low + high) // 2


def _contained(boxes: list[Box]) -> list[Box]:
    """Without the boxes that lie within another."""
    kept: list[Box] = []
    for box in sorted(set(boxes), key=lambda b: (b.left - b.right) * (b.top - b.bottom)):
        if not any(
            k.left <= box.left and box.right <= k.right
            and k.bottom <= box.bottom and box.top <= k.top
            for k in kept
        ):  # fmt: skip
            kept.append(box)
    return kept


def net_tree(
    boxes: Iterable[Box], pins: Iterable[Pin], farads: Mapping[str, float], stack: Stack
) -> NetTree:
    """Parasitics of one net.

    Parameters
    ----------
    boxes : iterable of Box
        Metal and cuts that routing drew.
    pins : iterable of Pin
    farads : mapping of str to float
        Capacitance of the wires of each layer, in fF.
    stack : Stack
        The process's.
    """
    metals: dict[str, list[Box]] = defaultdict(list)
    cuts: set[Box] = set()
    for box in boxes:
        if box.layer in stack.cut_by_name:
            cuts.add(box)
        else:
            metals[box.layer].append(box)
    pins = list(pins)
    for pin in pins:
        metals[pin.box.layer].append(pin.box)
    tree = NetTree()
    edges: list[tuple[float, Place, Place]] = []
    pads = {pin.box for pin in pins if pin.instance}
    on: dict[str, list[tuple[Box, set[Place]]]] = {
        layer: [(box, set()) for box in _contained(here)] for layer, here in metals.items()
    }
    for layer, here in on.items():
        for number, (box, places) in enumerate(here):
            for other, others in here[number + 1 :]:
                at = _touch(box, other)
                if at:
                    places.add(Place(layer, *at))
                    others.add(Place(layer, *at))
    for cut in cuts:
        ends = []
        x, y = (cut.left + cut.right) // 2, (cut.bottom + cut.top) // 2
        for layer in stack.joined_by[cut.layer]:
            place = Place(layer, x, y)
            ends.append(place)
            for box, places in on.get(layer, ()):
                if _touch(box, cut):
                    places.add(place)
        edges.append((stack.cut_by_name[cut.layer].ohm, ends[0], ends[1]))
    for pin in pins:
        middle = Place(
            pin.box.layer,
            (pin.box.left + pin.box.right) // 2,
            (pin.box.bottom + pin.box.top) // 2,
        )
        tree.pins[pin] = middle
        for box, places in on[pin.box.layer]:
            if _touch(box, pin.box):
                places.add(middle)
    for layer, here in on.items():
        spread: list[tuple[Place, float]] = []
        for box, places in here:
            # A cell's pin is in the cell's own parasitics.
            if box in pads:
                edges += _along(box, places, 0.0)
                continue
            edges += _along(box, places, stack.by_name[layer].sheet_ohm)
            length = max(box.right - box.left, box.top - box.bottom)
            spread += [(place, length / len(places)) for place in places]
        total = sum(share for _, share in spread)
        for place, share in spread:
            tree.farads[place] += farads.get(layer, 0.0) * share / total
    _grow(tree, edges)
    return tree


def _along(box: Box, places: set[Place], sheet: float) -> list[tuple[float, Place, Place]]:
    flat = box.right - box.left >= box.top - box.bottom
    across = min(box.right - box.left, box.top - box.bottom)
    line = sorted(places, key=lambda place: (place.x, place.y) if flat else (place.y, place.x))
    found = []
    for a, b in pairwise(line):
        length = abs(b.x - a.x) if flat else abs(b.y - a.y)
        found.append((sheet * length / across, a, b))
    return found


def _grow(tree: NetTree, edges: list[tuple[float, Place, Place]]) -> None:
    """Keep the edges of a tree; places without resistance between them become one."""
    joined: dict[Place, Place] = {}

    def root(place: Place) -> Place:
        while joined.get(place, place) != place:
            joined[place] = joined.get(joined[place], joined[place])
            place = joined[place]
        return place

    kept = []
    for ohm, a, b in sorted(edges):
        ends = root(a), root(b)
        if ends[0] == ends[1]:
            continue
        joined[ends[1]] = ends[0]
        kept.append((ohm, a, b))
    same: dict[Place, Place] = {}

    def alias(place: Place) -> Place:
        while place in same:
            place = same[place]
        return place

    for ohm, a, b in kept:
        if ohm == 0.0:
            same[alias(b)] = alias(a)
    tree.ohms = [(alias(a), alias(b), ohm) for ohm, a, b in kept if ohm]
    farads, tree.farads = tree.farads, defaultdict(float)
    for place, value in farads.items():
        tree.farads[alias(place)] += value
    tree.pins = {pin: alias(place) for pin, place in tree.pins.items()}


def extract(wiring: Wiring, cells: Path) -> dict[str, NetTree]:
    """Parasitics of all signal nets.

    Parameters
    ----------
    wiring : Wiring
    cells : Path
        ``cells.gds``.
    """
    farads = wire_capacitances(wiring, cells)
    return {
        net: net_tree(wiring.wires.get(net, ()), pins, farads.get(net, {}), wiring.stack)
        for net, pins in wiring.pins.items()
        if net not in SUPPLIES
    }


def wire_delays(
    tree: NetTree, driver: Pin, pin_ff: Mapping[tuple[str, str], float]
) -> dict[Pin, float]:
    """Delay in s from a net's driver to its other pins (Elmore, J. Appl. Phys. 19, 1948).

    Parameters
    ----------
    tree : NetTree
    driver : Pin
    pin_ff : mapping of (instance, pin) to float
        Capacitance of the cells' inputs.
    """
    root = tree.pins[driver]
    beside: dict[Place, list[tuple[Place, float]]] = defaultdict(list)
    for a, b, ohm in tree.ohms:
        beside[a].append((b, ohm))
        beside[b].append((a, ohm))
    order, parent = [root], {root: (root, 0.0)}
    for place in order:
        for other, ohm in beside[place]:
            if other not in parent:
                parent[other] = place, ohm
                order.append(other)
    others = {pin: place for pin, place in tree.pins.items() if pin != driver and place in parent}
    behind = {place: tree.farads.get(place, 0.0) for place in order}
    for pin, place in others.items():
        behind[place] += pin_ff.get((pin.instance, pin.pin), 0.0)
    for place in reversed(order[1:]):
        behind[parent[place][0]] += behind[place]
    late = {root: 0.0}
    for place in order[1:]:
        above, ohm = parent[place]
        late[place] = late[above] + ohm * behind[place] * 1e-15
    return {pin: late[place] for pin, place in others.items()}


def _escaped(name: str) -> str:
    return "".join(c if c.isalnum() or c == "_" else f"\\{c}" for c in name)


def write_spef(
    trees: dict[str, NetTree],
    ports: dict[str, str],
    directions: dict[tuple[str, str], str],
    top: str,
    path: Path,
) -> None:
    """Write the parasitics as SPEF.

    Parameters
    ----------
    trees : dict of str to NetTree
    ports : dict of str to str
        ``input`` or ``output`` of each port, bit by bit: ``x(3)``.
    directions : dict
        ``I`` or ``O`` of each instance's pin that the final netlist has.
    top : str
    path : Path
    """
    lines = [
        '*SPEF "IEEE 1481-1998"', f'*DESIGN "{top}"', '*DATE ""', '*VENDOR "hexcoder"',
        '*PROGRAM "hexcoder flow.layout.parasitics"', '*VERSION "1"',
        '*DESIGN_FLOW "PIN_CAP NONE"', "*DIVIDER /", "*DELIMITER :", "*BUS_DELIMITER [ ]",
        "*T_UNIT 1 NS", "*C_UNIT 1 FF", "*R_UNIT 1 OHM", "*L_UNIT 1 HENRY", "",
    ]  # fmt: skip

    def name(net: str) -> str:
        return bit_name(net) if net in ports else _escaped(bit_name(net))

    for net, tree in trees.items():
        here = {p: place for p, place in tree.pins.items() if _known(p, directions)}
        if len(here) < 2:
            continue
        names: dict[Place, str] = {}
        connections = []
        for pin, place in here.items():
            if pin.instance:
                text = f"{_escaped(pin.instance)}:{pin.pin}"
                connections.append(f"*I {text} {directions[pin.instance, pin.pin]}")
            else:
                text = name(net)
                connections.append(f"*P {text} {'I' if ports[net] == 'input' else 'O'}")
            names.setdefault(place, text)
        ties = [
            (names[place], f"{_escaped(pin.instance)}:{pin.pin}")
            for pin, place in here.items()
            if pin.instance and names[place] != f"{_escaped(pin.instance)}:{pin.pin}"
        ]

        def node(place: Place, names: dict[Place, str] = names, net: str = net) -> str:
            return names.setdefault(place, f"{name(net)}:{len(names) + 1}")

        lines += [f"*D_NET {name(net)} {tree.total_ff:.5g}", "*CONN", *connections, "*CAP"]
        lines += [
            f"{number} {node(place)} {value:.5g}"
            for number, (place, value) in enumerate(tree.farads.items(), 1)
        ]
        lines.append("*RES")
        resistors = [(node(a), node(b), ohm) for a, b, ohm in tree.ohms]
        resistors += [(a, b, 0.001) for a, b in ties]
        lines += [f"{n} {a} {b} {ohm:.5g}" for n, (a, b, ohm) in enumerate(resistors, 1)]
        lines += ["*END", ""]
    path.write_text("\n".join(lines))


def _known(pin: Pin, directions: dict[tuple[str, str], str]) -> bool:
    return not pin.instance or (pin.instance, pin.pin) in directions
