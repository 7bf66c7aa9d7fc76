"""Antenna rules: metal that charges a gate while the layers above it are not there yet.

Side area of a layer's metal over the gate area it is joined to by that layer and those below has a
limit; a diffusion joined to it takes charge away and raises that
(:class:`hexcoder.pdk.stack.Stack`).
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from klayout import db

from hexcoder.flow.layout.repair.rerouting import Rerouting
from hexcoder.flow.layout.repair.search import Search, cut_boxes
from hexcoder.flow.layout.wiring import (
    SUPPLIES,
    Box,
    Pin,
    Wiring,
    cell_boxes,
    joined,
    placed,
)
from hexcoder.pdk.cells.terminals import Terminals
from hexcoder.pdk.process import Process
from hexcoder.pdk.stack import Stack

DIODE, SPARE, TIE = "diode_w1", "decap_w0", "tie"
"""A diode, a cell of twice its width that can make room, and one of its own width."""
ROUNDS, LAST_ROUNDS = 16, 4
REACH_NM, TRIES = 60_000, 40
"""How far from a gate, and how many, spare cells are tried."""


@dataclass(frozen=True, slots=True)
class Group:
    """Metal that charges gates, up to one metal of the stack: side area over theirs against the
    limit, one of the gates, and the metal."""

    ratio: float
    gate: Pin
    top: str
    metal: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Antennas:
    """Worst side area over gate area against its limit, 1 at the limit; nets above it.

    ``above`` has, by net, each group of metal above the limit: lowest metals first.
    """

    worst: float
    worst_net: str
    nets: tuple[str, ...]
    above: dict[str, list[Group]] = field(default_factory=dict)


def check_antennas(
    wiring: Wiring, terminals: Terminals, nets: Iterable[str] | None = None
) -> Antennas:
    """Check some nets of a block, or all signal nets."""
    kinds = {instance.name: instance.cell for instance in wiring.instances}
    worst, worst_net, stack = 0.0, "", wiring.stack
    above: dict[str, list[Group]] = {}
    for net in wiring.pins if nets is None else nets:
        pins = wiring.pins[net]
        if net in SUPPLIES:
            continue
        here = [(pin, (kinds[pin.instance], pin.pin)) for pin in pins if pin.instance]
        gates = [terminals.gates.get(key, 0.0) for _, key in here]
        if not any(gates):
            continue
        least = min(area for area in gates if area)
        # Most nets are too short to matter, whatever they are joined to.
        if _sides(wiring.wires[net], stack) < stack.antenna_ratio * least:
            continue
        groups = _groups(net, wiring, here, terminals)
        ratio = max((group.ratio for group in groups), default=0.0)
        if ratio > worst:
            worst, worst_net = ratio, net
        if ratio > 1:
            # A group of one metal is part of one of the next: the lowest is cured first.
            first = {group.gate: group for group in reversed(groups) if group.ratio > 1}
            above[net] = list(first.values())
    return Antennas(round(worst, 4), worst_net, tuple(sorted(above)), above)


def repair_antennas(block: Rerouting, terminals: Terminals, gds: Path) -> Antennas:
    """Put diodes in the place of decoupling cells and ties beside gates above the limit.

    Parameters
    ----------
    block : Rerouting
        Diodes are joined to the wires that are there.
    terminals : Terminals
    gds : Path
        ``cells.gds``.
    """
    above = check_antennas(block.wiring, terminals).above
    diodes = _Diodes(block, _diode_pin(gds, block.process))
    for _ in range(ROUNDS):
        if not above:
            break
        for net, groups in above.items():
            for group in groups:
                if diodes.under(net, group.metal):
                    continue
                diodes.beside(net, group)
        # A diode's wire touches no other net.
        above = check_antennas(block.wiring, terminals, above).above
    found = check_antennas(block.wiring, terminals)
    for _ in range(LAST_ROUNDS):
        if not found.nets:
            break
        # No way is left beside the other nets: these are routed anew with their diode, and push.
        for net, groups in found.above.items():
            for group in groups:
                diodes.with_the_net(net, group)
            block.rip(net)
        block.repair(keep=SUPPLIES)
        found = check_antennas(block.wiring, terminals)
    return found


def _diode_pin(gds: Path, process: Process) -> Box:
    layout = db.Layout()
    layout.read(str(gds))
    cell = layout.cell(DIODE)
    (label,) = (
        shape.text
        for shape in cell.shapes(layout.layer(*process.labels)).each()
        if shape.is_text() and shape.text.string == "i"
    )
    boxes = cell_boxes(gds, process.stack, (process.stack.pins,))[DIODE]
    around = (b for b in boxes if b.left <= label.x <= b.right and b.bottom <= label.y <= b.top)
    return max(around, key=lambda box: box.top - box.bottom)


class _Diodes:
    """Cells of a block that can become a diode: decoupling, with a well tie beside it, or a tie."""

    def __init__(self, block: Rerouting, outline: Box):
        self.block, self.outline, self.stack = block, outline, block.stack
        self.half = round(block.process.style.grid_um * 1000)
        self.rows: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for number, instance in enumerate(block.wiring.instances):
            if instance.cell in (SPARE, TIE):
                pin = placed(outline, instance)
                self.rows[pin.bottom].append(((pin.left + pin.right) // 2, number))
        for row in self.rows.values():
            row.sort()

    def under(self, net: str, wires: Iterable[Box]) -> bool:
        """A diode that a wire of the lowest metal passes over: a cut joins them."""
        search = Search(self.block.ground, net, None)
        height = self.outline.top - self.outline.bottom
        lowest, landing = self.stack.routed[0], self.stack.cuts[0].landing_nm
        for wire in (wire for wire in wires if wire.layer == lowest):
            y = (wire.bottom + wire.top) // 2
            for bottom, row in self.rows.items():
                if not bottom + landing <= y <= bottom + height - landing:
                    continue
                first = bisect_left(row, (wire.left, 0))
                for place in range(first, len(row)):
                    x, number = row[place]
                    if x > wire.right:
                        break
                    boxes = cut_boxes(self.stack, 0, x, y)
                    over = [box for box in boxes if box.layer != self.stack.pins]
                    if search.price(over) is not None:
                        del row[place]
                        self._place(net, number)
                        self.block.draw(net, boxes)
                        return True
        return False

    def beside(self, net: str, group: Group) -> bool:
        """A diode near a gate, with a wire of its own to the metal that charges it."""
        gate = group.gate.box
        near = sorted(
            (abs(x - gate.left) + abs(bottom - gate.bottom), bottom, place)
            for bottom, row in self.rows.items()
            if abs(bottom - gate.bottom) < REACH_NM
            for place, (x, _) in enumerate(row)
            if abs(x - gate.left) < REACH_NM
        )
        for _, bottom, place in near[:TRIES]:
            _, number = self.rows[bottom][place]
            if self.block.join(net, self._pin(number), group.metal, group.top):
                del self.rows[bottom][place]
                self._place(net, number)
                return True
        return False

    def with_the_net(self, net: str, group: Group) -> None:
        """The diode nearest to a gate, which the net reaches when it is routed anew."""
        gate = group.gate.box
        near = [
            (abs(x - gate.left) + abs(bottom - gate.bottom), bottom, place)
            for bottom, row in self.rows.items()
            for place, (x, _) in enumerate(row)
        ]
        if near:
            _, bottom, place = min(near)
            _, number = self.rows[bottom].pop(place)
            self._place(net, number)

    def _pin(self, number: int) -> Pin:
        spare = self.block.wiring.instances[number]
        diode = spare._replace(name=f"antenna_{spare.name}", cell=DIODE)
        return Pin(diode.name, "i", placed(self.outline, diode))

    def _place(self, net: str, number: int) -> None:
        wiring, pin = self.block.wiring, self._pin(number)
        spare = wiring.instances[number]
        wiring.instances[number] = spare._replace(name=pin.instance, cell=DIODE)
        if spare.cell == SPARE:
            wiring.instances.append(spare._replace(cell=TIE, x=spare.x + self.half))
        wiring.pins[net].append(pin)


def _sides(boxes: Iterable[Box], stack: Stack) -> float:
    """Side area of all metal in um2, at least."""
    return sum(
        2e-3 * (box.right - box.left + box.top - box.bottom) * stack.by_name[box.layer].thickness_um
        for box in boxes
        if box.layer in stack.routed
    )


def _groups(
    net: str, wiring: Wiring, pins: list[tuple[Pin, tuple[str, str]]], terminals: Terminals
) -> list[Group]:
    """Each group of metal with gates, metal by metal from below."""
    found, stack = [], wiring.stack
    boxes = [*wiring.wires[net], *(pin.box for pin, _ in pins)]
    for level, layer in enumerate(stack.routed, 1):
        there = {*stack.names[: level + 1], *stack.cut_names[:level]}
        for group in joined([box for box in boxes if box.layer in there], stack):
            region = db.Region()
            for box in group:
                if box.layer == layer:
                    region.insert(db.Box(*box[1:]))
            side = region.merged().perimeter() * 1e-3 * stack.by_name[layer].thickness_um
            inside = [key for pin, key in pins if pin.box in group]
            gate = sum(terminals.gates.get(key, 0.0) for key in inside)
            if not side or not gate:
                continue
            diffusion = sum(terminals.diffusions.get(key, 0.0) for key in inside)
            limit = stack.antenna_limit(gate, diffusion)
            first = next(pin for pin, key in pins if pin.box in group and terminals.gates.get(key))
            metal = tuple(sorted(box for box in group if box.layer in stack.routed))
            found.append(Group(side / gate / limit, first, layer, metal))
    return found
