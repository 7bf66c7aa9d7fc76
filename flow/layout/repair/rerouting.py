"""Nets that the router left overlapping are ripped up and routed anew, on its tracks.

A wire may run through another net at a price; what overlaps is then taken away in turn, and what
was fought over grows dearer (negotiated congestion: McMurchie and Ebeling, "PathFinder", 1995).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from hexcoder.flow.layout.repair.rip_up import loose_cuts, without_wrong
from hexcoder.flow.layout.repair.search import Ground, Node, Search
from hexcoder.flow.layout.repair.shapes import Shapes
from hexcoder.flow.layout.repair.tracks import Tracks
from hexcoder.flow.layout.wiring import SUPPLIES, Box, Pin, Wiring, joined, placed

FIXED = ""
"""Owner of shapes that no net can move."""

NEAR = 20_000
"""How far from a place a net's wires are looked for first."""
MOST_ROUNDS = 12
"""A net is routed at most so often; the first times by pieces."""
PIECEWISE_ROUNDS = 6


@dataclass(slots=True)
class Repair:
    """What was done.

    Attributes
    ----------
    ripped : list of str
        Nets routed anew.
    unsolved : list of str
        Nets that still touch or miss another.
    """

    ripped: list[str] = field(default_factory=list)
    unsolved: list[str] = field(default_factory=list)


class Rerouting:
    """A block whose nets can be ripped up and routed.

    Parameters
    ----------
    wiring : Wiring
        Changed in place.
    cells : dict of str to list of Box
        Metal of cells that wires must keep away from (``hexcoder.flow.layout.wiring.cell_boxes``).
    """

    def __init__(self, wiring: Wiring, cells: dict[str, list[Box]]):
        self.wiring = wiring
        self.process = wiring.process
        self.stack = stack = wiring.stack
        self.shapes = Shapes(stack)
        self.history: dict[str, int] = defaultdict(int)
        for net, boxes in wiring.wires.items():
            for box in boxes:
                self.shapes.add(box, net)
        for net, pins in wiring.pins.items():
            for pin in pins:
                self.shapes.add(pin.box, net)
        for instance in wiring.instances:
            for box in cells[instance.cell]:
                self.shapes.add(placed(box, instance), FIXED)
        self.tracks = Tracks(wiring.width, wiring.height, stack)
        self.ground = Ground(stack, self.tracks, self.shapes, self.history)

    def conflicts(self, nets: Iterable[str] | None = None) -> dict[str, set[str]]:
        """Nets that come too near to each other."""
        found: dict[str, set[str]] = defaultdict(set)
        for net in self.wiring.wires if nets is None else nets:
            for box in self.wiring.wires[net]:
                if box.layer == self.stack.pins:
                    continue
                for other in self.shapes.near(box, net):
                    found[net].add(other)
                    found[other].add(net)
        return found

    def opens(self) -> list[str]:
        """Signal nets whose pins the wires do not all join."""
        found = []
        for net, pins in self.wiring.pins.items():
            if net in SUPPLIES or len(pins) < 2:
                continue
            groups = joined([*self.wiring.wires[net], *(pin.box for pin in pins)], self.stack)
            if sum(any(pin.box in group for pin in pins) for group in groups) > 1:
                found.append(net)
        return found

    def repair(
        self, keep: Iterable[str] = (), progress: Callable[[str], None] = lambda step: None
    ) -> Repair:
        """Route anew until every net is whole and no two come too near.

        Parameters
        ----------
        keep : iterable of str
            Nets that are not ripped up: power.
        progress : callable
            Told what is left to do.
        """
        kept = {FIXED, *keep}
        for net in self._missing_pins():
            self.loosen(net)
        queue = deque(dict.fromkeys([*self.opens(), *self._cover(self.conflicts(), kept)]))
        done = Repair()
        rounds: dict[str, int] = defaultdict(int)
        for net in queue:
            self.loosen(net)
        while queue:
            net = queue.popleft()
            progress(f"{len(queue) + 1} nets to route anew")
            rounds[net] += 1
            # Pieces first: most nets cross the block and overlap in one place.
            self.loosen(net)
            whole = rounds[net] <= PIECEWISE_ROUNDS and self.reconnect(net, kept)
            if not whole:
                self.rip(net)
                whole = rounds[net] <= MOST_ROUNDS and self.route(net, kept)
            if not whole:
                done.unsolved.append(net)
                continue
            done.ripped.append(net)
            for other in sorted(self.conflicts([net]).get(net, ())):
                if other in kept:
                    done.unsolved.append(net)
                elif other not in queue:
                    self.history[other] += 1
                    self.loosen(other)
                    queue.append(other)
        return done

    def _missing_pins(self) -> list[str]:
        """Nets with a cut that the router has set beside a pin."""
        return [
            net
            for net, pins in self.wiring.pins.items()
            if net not in SUPPLIES
            and loose_cuts(self.wiring.wires[net], [pin.box for pin in pins], self.stack)
        ]

    def _cover(self, conflicts: dict[str, set[str]], kept: set[str]) -> Iterator[str]:
        """Nets without which no conflict is left; most conflicts first, then fewest pins."""
        pairs = {frozenset((net, other)) for net, others in conflicts.items() for other in others}
        while pairs:
            count: dict[str, int] = defaultdict(int)
            for pair in pairs:
                for net in pair - kept:
                    count[net] += 1
            if not count:
                return
            net = max(count, key=lambda n: (count[n], -len(self.wiring.pins[n]), n))
            pairs = {pair for pair in pairs if net not in pair}
            yield net

    def rip(self, net: str) -> None:
        """Take a net's wires away."""
        for box in self.wiring.wires[net]:
            self.shapes.remove(box, net)
        self.wiring.wires[net] = []

    def loosen(self, net: str) -> None:
        """Take away what overlaps others, and what then leads nowhere."""
        pins = [pin.box for pin in self.wiring.pins[net]]
        boxes = self.wiring.wires[net]
        kept = without_wrong(boxes, pins, self.stack, lambda box: bool(self.shapes.near(box, net)))
        if len(kept) < len(boxes):
            self.rip(net)
            self.draw(net, kept)

    def draw(self, net: str, boxes: Iterable[Box]) -> None:
        """Add to a net's wires."""
        for box in boxes:
            self.wiring.wires[net].append(box)
            self.shapes.add(box, net)

    def join(self, net: str, pin: Pin, wires: Iterable[Box], top: str) -> bool:
        """Connect one more pin to wires of its net, by metals up to ``top``, if there is room."""
        search = Search(self.ground, net, None, self.stack.routed.index(top))
        wires = list(wires)
        way = search.ways_in(pin.box)
        near = NEAR
        while way and near <= 2 * NEAR:
            x, y = next(iter(way)).x, next(iter(way)).y
            targets = dict.fromkeys(self._nodes(wires, x, y, near), 0)
            path = search.find(way, targets) if targets else None
            if path is not None:
                self.draw(net, search.entry(path[0]))
                self.draw(net, search.boxes(path))
                self.draw(net, self._fillings(net))
                return True
            near *= 2
        return False

    def _nodes(self, wires: Iterable[Box], x: int, y: int, near: int) -> Iterator[Node]:
        """Places where tracks cross on wires, not far from a point."""
        for box in wires:
            if box.layer not in self.stack.routed:
                continue
            layer = self.stack.routed.index(box.layer)
            across = layer in (0, 2)
            line = (box.bottom + box.top) // 2 if across else (box.left + box.right) // 2
            if line not in self.tracks.on_track[layer]:
                continue
            low, high = (box.left, box.right) if across else (box.bottom, box.top)
            centre = x if across else y
            low, high = max(low, centre - near), min(high, centre + near)
            if abs(line - (y if across else x)) > near:
                continue
            stops = self.tracks.stops[layer]
            for stop in stops[bisect_left(stops, low) : bisect_right(stops, high)]:
                yield Node(layer, stop, line) if across else Node(layer, line, stop)

    def reconnect(self, net: str, kept: set[str]) -> bool:
        """Join the pieces of a net, each to the nearest; drawn so far as it went where it fails."""
        pins = {pin.box for pin in self.wiring.pins[net]}
        groups = joined([*self.wiring.wires[net], *pins], self.stack)
        pieces = [piece for piece in (_Piece(group, pins) for group in groups) if piece.pins]
        while len(pieces) > 1:
            piece = min(pieces, key=lambda piece: len(piece.boxes))
            others = [other for other in pieces if other is not piece]
            other = min(others, key=lambda other: nearest(piece.points, other.points)[0])
            _, here, there = nearest(piece.points, other.points)
            search = Search(self.ground, net, kept)
            sources = self._ways(search, piece, here)
            targets = self._ways(search, other, there)
            path = search.find(sources, targets) if sources and targets else None
            if path is None:
                return False
            new = [*search.entry(path[0]), *search.entry(path[-1]), *search.boxes(path)]
            self.draw(net, new)
            pieces = [p for p in pieces if p not in (piece, other)]
            pieces.append(_Piece(piece.boxes | other.boxes | set(new), pins))
        drawn = set(self.wiring.wires[net])
        self.draw(net, [box for box in self._fillings(net) if box not in drawn])
        return True

    def _ways(self, search: Search, piece: _Piece, place: tuple[int, int]) -> dict[Node, int]:
        """Where a search leaves a piece, near a place, and at what price."""
        found = dict.fromkeys(self._nodes(piece.boxes, *place, NEAR), 0)
        for pin in piece.pins:
            if abs(pin.left - place[0]) + abs(pin.bottom - place[1]) <= NEAR:
                found |= search.ways_in(pin)
        return found

    def route(self, net: str, kept: set[str]) -> bool:
        """Connect all pins of a net whose wires were taken away."""
        search = Search(self.ground, net, kept)
        ways = [search.ways_in(pin.box) for pin in self.wiring.pins[net]]
        if not all(ways):
            return False
        ways.sort(key=lambda way: (min(way)[1], min(way)[2]))
        tree: dict[Node, int] = dict(ways[0])
        left = ways[1:]
        first = True
        while left:
            # The pin that is nearest to what is routed, which A* has a bound for.
            way = min(left, key=lambda way: _distance(tree, way))
            left.remove(way)
            path = search.find(tree, way)
            if path is None:
                return False
            if first:
                self.draw(net, search.entry(path[0]))
                first = False
                # Other ways into the first pin are not drawn.
                tree = {}
            self.draw(net, search.entry(path[-1]))
            self.draw(net, search.boxes(path))
            tree |= dict.fromkeys(path, 0)
        self.draw(net, self._fillings(net))
        return True

    def _fillings(self, net: str) -> list[Box]:
        """Metal between wires of one net that stand nearer than their spacing."""
        found = []
        by_layer: dict[str, list[Box]] = defaultdict(list)
        for box in self.wiring.wires[net]:
            by_layer[box.layer].append(box)
        for layer, here in by_layer.items():
            if layer not in self.stack.routed:
                continue
            here.sort(key=lambda box: box.left)
            space = self.shapes.spacing[layer]
            for number, a in enumerate(here):
                for b in here[number + 1 :]:
                    if b.left >= a.right + space:
                        break
                    left, right = max(a.left, b.left), min(a.right, b.right)
                    low, high = max(a.bottom, b.bottom), min(a.top, b.top)
                    if left < right and 0 < low - high < space:
                        found.append(Box(layer, left, high, right, low))
                    elif low < high and 0 < left - right < space:
                        found.append(Box(layer, right, low, left, high))
        return found


@dataclass(eq=False, slots=True)
class _Piece:
    """Wires and pins of a net that touch."""

    boxes: set[Box]
    pins: set[Box]
    points: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.pins = self.pins & self.boxes
        corners = [(box.left, box.bottom, box.right, box.top) for box in sorted(self.boxes)]
        found = np.array(corners)
        middle = (found[:, :2] + found[:, 2:]) // 2
        self.points = np.concatenate([found[:, :2], found[:, 2:], middle])


def nearest(a: np.ndarray, b: np.ndarray) -> tuple[int, tuple[int, int], tuple[int, int]]:
    """Distance along the tracks of the two nearest points of two sets, and these."""
    distances = np.abs(a[:, None, :] - b[None, :, :]).sum(axis=2)
    i, j = np.unravel_index(int(distances.argmin()), distances.shape)
    (ax, ay), (bx, by) = a[i].tolist(), b[j].tolist()
    return int(distances[i, j]), (ax, ay), (bx, by)


def _distance(tree: Iterable[Node], way: Iterable[Node]) -> int:
    to = next(iter(way))
    return min(abs(node.x - to.x) + abs(node.y - to.y) for node in tree)
