"""Nets that the router left overlapping are ripped up and routed anew, on its tracks.

A* from pin to pin over the tracks of m1 to m4, checked against the drawn shapes and not against a
grid. A wire may run through another net at a price; that net is then ripped up in turn, and what
was fought over grows dearer (negotiated congestion: McMurchie and Ebeling, "PathFinder", 1995).
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from flow.layout.routing import CUT_SIZE, CUT_SPACING, ENCLOSURES, LAYERS
from flow.layout.wiring import SUPPLIES, Box, Pin, Wiring, joined, placed

FIXED = ""
"""Owner of shapes that no net can move."""

BIN = 2000
VIA_COST = 1000
CONFLICT_COST = 6000
GREED = 1.2
"""Weight of the distance that is left: above one, A* is quicker and nearly as good."""
MARGIN = 15_000
LIMIT = 400_000
"""Places that one search may visit."""
NEAR = 20_000
"""How far from a new pin a net's wires are looked for first."""
MOST_ROUNDS = 12
"""A net is routed at most so often."""

METALS = ("m1", "m2", "m3", "m4")
VIAS = ("m1_via_m2", "m2_via2_m3", "m3_via3_m4")
_TRACKS = {layer.name: layer for layer in LAYERS}
SPACING = {layer.name: round(layer.spacing * 1000) for layer in LAYERS} | CUT_SPACING
_HALF = [round(_TRACKS[name].width * 500) for name in METALS]
_LEAST_LENGTH = (0, 0, 400, 400)
"""Of a wire between cuts: m3 and m4 need 0.24 um2."""


class Node(NamedTuple):
    """A place on a metal, 0 for m1."""

    layer: int
    x: int
    y: int


def cut_boxes(via: str, x: int, y: int) -> list[Box]:
    """Metal, cut and metal of a via."""
    below, cut, above = via.split("_")
    half = CUT_SIZE[cut] // 2
    found = [Box(cut, x - half, y - half, x + half, y + half)]
    for metal in (below, above):
        dx, dy = (half + round(1000 * size) for size in ENCLOSURES[via][metal])
        found.append(Box(metal, x - dx, y - dy, x + dx, y + dy))
    return found


_Shape = tuple[int, int, int, int, str]
"""Left, bottom, right, top, net: plain, for a search looks at millions of them."""


class Shapes:
    """Drawn boxes by place; which nets come too near to a box."""

    def __init__(self) -> None:
        self._bins: dict[tuple[str, int, int], list[_Shape]] = defaultdict(list)

    def _keys(self, box: Box, margin: int = 0) -> list[tuple[str, int, int]]:
        layer, left, bottom, right, top = box
        rows = range((bottom - margin) // BIN, (top + margin) // BIN + 1)
        columns = range((left - margin) // BIN, (right + margin) // BIN + 1)
        return [(layer, i, j) for i in columns for j in rows]

    def add(self, box: Box, net: str) -> None:
        """Draw a box."""
        shape = (box.left, box.bottom, box.right, box.top, net)
        for key in self._keys(box):
            self._bins[key].append(shape)

    def remove(self, box: Box, net: str) -> None:
        """Take away what :meth:`add` drew."""
        shape = (box.left, box.bottom, box.right, box.top, net)
        for key in self._keys(box):
            self._bins[key].remove(shape)

    def touching(self, box: Box) -> set[str]:
        """Nets with a shape that touches a box."""
        _, left, bottom, right, top = box
        return {
            owner
            for key in self._keys(box, 1)
            for low_x, low_y, high_x, high_y, owner in self._bins.get(key, ())
            if low_x <= right and left <= high_x and low_y <= top and bottom <= high_y
        }

    def near(self, box: Box, net: str) -> set[str]:
        """Other nets with a shape nearer than the layer's spacing."""
        space = SPACING[box.layer]
        _, left, bottom, right, top = box
        found: set[str] = set()
        bins = self._bins
        for key in self._keys(box, space):
            for low_x, low_y, high_x, high_y, owner in bins.get(key, ()):
                dx = low_x - right if low_x > right else left - high_x
                if dx >= space:
                    continue
                dy = low_y - top if low_y > top else bottom - high_y
                if dy >= space or owner == net:
                    continue
                if dx <= 0 or dy <= 0 or dx * dx + dy * dy < space * space:
                    found.add(owner)
        return found


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
        Metal of cells that wires must keep away from (``flow.layout.wiring.cell_boxes``).
    """

    def __init__(self, wiring: Wiring, cells: dict[str, list[Box]]):
        self.wiring = wiring
        self.shapes = Shapes()
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
        self._lines = [
            _tracks("m1", wiring.height),
            _tracks("m2", wiring.width),
            _tracks("m3", wiring.height),
            _tracks("m4", wiring.width),
        ]
        self._sets = [set(lines) for lines in self._lines]
        m1, m2, m3, m4 = self._lines
        # Where a wire on each metal may stop.
        self._stops = [m2, sorted({*m1, *m3}), sorted({*m2, *m4}), m3]

    def between(self, metal: str, low: int, high: int) -> list[int]:
        """Tracks of a metal from ``low`` to ``high``."""
        lines = self._lines[METALS.index(metal)]
        return lines[bisect_left(lines, low) : bisect_right(lines, high)]

    def conflicts(self, nets: Iterable[str] | None = None) -> dict[str, set[str]]:
        """Nets that come too near to each other."""
        found: dict[str, set[str]] = defaultdict(set)
        for net in self.wiring.wires if nets is None else nets:
            for box in self.wiring.wires[net]:
                if box.layer == "li":
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
            groups = joined([*self.wiring.wires[net], *(pin.box for pin in pins)])
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
        queue = deque(dict.fromkeys([*self.opens(), *self._cover(self.conflicts(), kept)]))
        done = Repair()
        rounds: dict[str, int] = defaultdict(int)
        for net in queue:
            self.rip(net)
        while queue:
            net = queue.popleft()
            progress(f"{len(queue) + 1} nets to route anew")
            self.rip(net)
            rounds[net] += 1
            if rounds[net] > MOST_ROUNDS or not self.route(net, kept):
                done.unsolved.append(net)
                continue
            done.ripped.append(net)
            for other in sorted(self.conflicts([net]).get(net, ())):
                if other in kept:
                    done.unsolved.append(net)
                elif other not in queue:
                    self.history[other] += 1
                    self.rip(other)
                    queue.append(other)
        return done

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

    def draw(self, net: str, boxes: Iterable[Box]) -> None:
        """Add to a net's wires."""
        for box in boxes:
            self.wiring.wires[net].append(box)
            self.shapes.add(box, net)

    def join(self, net: str, pin: Pin, wires: Iterable[Box], top: str = METALS[-1]) -> bool:
        """Connect one more pin to wires of its net, by metals up to ``top``, if there is room."""
        search = Search(self, net, None, METALS.index(top))
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
                self.draw(net, _fillings(self.wiring.wires[net]))
                return True
            near *= 2
        return False

    def _nodes(self, wires: Iterable[Box], x: int, y: int, near: int) -> Iterator[Node]:
        """Places where tracks cross on wires, not far from a point."""
        for box in wires:
            if box.layer not in METALS:
                continue
            layer = METALS.index(box.layer)
            across = layer in (0, 2)
            line = (box.bottom + box.top) // 2 if across else (box.left + box.right) // 2
            if line not in self._sets[layer]:
                continue
            low, high = (box.left, box.right) if across else (box.bottom, box.top)
            centre = x if across else y
            low, high = max(low, centre - near), min(high, centre + near)
            if abs(line - (y if across else x)) > near:
                continue
            stops = self._stops[layer]
            for stop in stops[bisect_left(stops, low) : bisect_right(stops, high)]:
                yield Node(layer, stop, line) if across else Node(layer, line, stop)

    def route(self, net: str, kept: set[str]) -> bool:
        """Connect all pins of a net whose wires were taken away."""
        search = Search(self, net, kept)
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
        self.draw(net, _fillings(self.wiring.wires[net]))
        return True


def _tracks(metal: str, size: int) -> list[int]:
    layer = _TRACKS[metal]
    offset, pitch = round(layer.offset * 1000), round(layer.pitch * 1000)
    edge = round(layer.width * 500)
    return [at for at in range(offset, size, pitch) if edge <= at <= size - edge]


def _distance(tree: Iterable[Node], way: Iterable[Node]) -> int:
    to = next(iter(way))
    return min(abs(node.x - to.x) + abs(node.y - to.y) for node in tree)


def _fillings(boxes: list[Box]) -> list[Box]:
    """Metal between wires of one net that stand nearer than their spacing."""
    found = []
    by_layer: dict[str, list[Box]] = defaultdict(list)
    for box in boxes:
        by_layer[box.layer].append(box)
    for layer, here in by_layer.items():
        if layer not in METALS:
            continue
        here.sort(key=lambda box: box.left)
        space = SPACING[layer]
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


class Search:
    """A net's way through the block."""

    def __init__(
        self, block: Rerouting, net: str, kept: set[str] | None, highest: int = len(METALS) - 1
    ):
        # No net may be touched where ``kept`` is None.
        self.block, self.net, self.kept, self.highest = block, net, kept, highest
        self.prices: dict[tuple[Node, Node], int | None] = {}
        self.access: dict[int, list[int]] = defaultdict(list)
        self.entries: dict[Node, list[Box]] = {}

    def price(self, boxes: Iterable[Box]) -> int | None:
        """Of the nets that boxes touch; None where they cannot be drawn."""
        shapes, history = self.block.shapes, self.block.history
        found: set[str] = set()
        for box in boxes:
            found |= shapes.near(box, self.net)
        if found and (self.kept is None or found & self.kept):
            return None
        return sum(CONFLICT_COST * (1 + history[net]) for net in found)

    def ways_in(self, pin: Box) -> dict[Node, int]:
        """Places on m1 from which a pin is reached, and their price."""
        centre = (pin.left + pin.right) // 2
        found: dict[Node, int] = {}
        if pin.layer == "m1":
            y = (pin.bottom + pin.top) // 2
            boxes_at = [(Node(0, centre, y), [pin])]
        else:
            boxes_at = [
                (Node(0, centre, y), cut_boxes("li_mcon_m1", centre, y))
                for y in self.block.between("m1", pin.bottom + 160, pin.top - 160)
            ]
        for node, boxes in boxes_at:
            price = self.price(box for box in boxes if box.layer != "li")
            if price is not None:
                found[node] = price
                self.entries[node] = [] if pin.layer == "m1" else boxes
                self.access[node.y].append(node.x)
        for xs in self.access.values():
            xs.sort()
        return found

    def ways_into_rail(self, rail: Box) -> dict[Node, int]:
        """Places on m1 over a rail of li, where m2's tracks cross."""
        found: dict[Node, int] = {}
        for y in self.block.between("m1", rail.bottom + 160, rail.top - 160):
            for x in self.block.between("m2", rail.left + 160, rail.right - 160):
                boxes = [box for box in cut_boxes("li_mcon_m1", x, y) if box.layer != "li"]
                price = self.price(boxes)
                if price is not None:
                    found[Node(0, x, y)] = price
                    self.entries[Node(0, x, y)] = boxes
        return found

    def entry(self, node: Node) -> list[Box]:
        """What joins a pin to m1."""
        return self.entries.get(node, [])

    def _next(self, node: Node) -> Iterator[tuple[Node, int]]:
        layer, x, y = node
        horizontal = layer in (0, 2)
        at = x if horizontal else y
        stops = self.block._stops[layer]
        place = bisect_left(stops, at)
        before = stops[place - 1] if place else None
        if place < len(stops) and stops[place] == at:
            place += 1
        after = stops[place] if place < len(stops) else None
        if layer == 0 and y in self.access:
            for other in self.access[y]:
                if other < at and (before is None or other > before):
                    before = other
                if other > at and (after is None or other < after):
                    after = other
        for to in (before, after):
            if to is not None:
                there = Node(layer, to, y) if horizontal else Node(layer, x, to)
                yield there, abs(to - at)
        sets = self.block._sets
        for other in (layer - 1, layer + 1):
            if not 0 <= other <= self.highest:
                continue
            low = min(layer, other)
            # The via stands where tracks of both metals cross.
            lines = (y, x) if low in (0, 2) else (x, y)
            if lines[0] in sets[low] and lines[1] in sets[low + 1]:
                yield Node(other, x, y), VIA_COST

    def step(self, a: Node, b: Node) -> list[Box]:
        """Metal from one place to the next."""
        if a.layer != b.layer:
            return cut_boxes(VIAS[min(a.layer, b.layer)], a.x, a.y)
        return [self.wire(a, b)]

    def wire(self, a: Node, b: Node) -> Box:
        """Metal between two places of a track."""
        half = _HALF[a.layer]
        left, right = min(a.x, b.x) - half, max(a.x, b.x) + half
        low, high = min(a.y, b.y) - half, max(a.y, b.y) + half
        if a.layer == 1:
            # As the router draws it: m2 ends a little earlier.
            low, high = low + 10, high - 10
        return Box(METALS[a.layer], left, low, right, high)

    def _price(self, a: Node, b: Node) -> int | None:
        key = (a, b) if a < b else (b, a)
        if key not in self.prices:
            self.prices[key] = self.price(self.step(*key))
        return self.prices[key]

    def find(self, sources: dict[Node, int], targets: dict[Node, int]) -> list[Node] | None:
        """Cheapest path from what is routed to one of the targets; both with their prices."""
        every = [*sources, *targets]
        left = min(node.x for node in every) - MARGIN
        right = max(node.x for node in every) + MARGIN
        low = min(node.y for node in every) - MARGIN
        high = max(node.y for node in every) + MARGIN
        inner = (
            min(node.x for node in targets),
            max(node.x for node in targets),
            min(node.y for node in targets),
            max(node.y for node in targets),
        )

        def remaining(node: Node) -> float:
            dx = max(inner[0] - node.x, node.x - inner[1], 0)
            dy = max(inner[2] - node.y, node.y - inner[3], 0)
            return GREED * (dx + dy)

        best: dict[Node, float] = {node: float(cost) for node, cost in sources.items()}
        came: dict[Node, Node] = {}
        heap = [(cost + remaining(node), node) for node, cost in best.items()]
        heapq.heapify(heap)
        closed: set[Node] = set()
        while heap and len(closed) < LIMIT:
            _, node = heapq.heappop(heap)
            if node in closed:
                continue
            closed.add(node)
            if node in targets:
                path = [node]
                while path[-1] in came:
                    path.append(came[path[-1]])
                return path[::-1]
            cost = best[node]
            for there, length in self._next(node):
                if there in closed or not (left <= there.x <= right and low <= there.y <= high):
                    continue
                price = self._price(node, there)
                if price is None:
                    continue
                total = cost + length + price + targets.get(there, 0)
                if total < best.get(there, float("inf")):
                    best[there] = total
                    came[there] = node
                    heapq.heappush(heap, (total + remaining(there), there))
        return None

    def boxes(self, path: list[Node]) -> list[Box]:
        """Wires and vias of a path, pieces in a line as one."""
        found: list[Box] = []
        start = 0
        for number in range(1, len(path) + 1):
            if number < len(path) and path[number].layer == path[start].layer:
                continue
            first, last = path[start], path[number - 1]
            passed = start > 0 and number < len(path)
            if first != last or (passed and _LEAST_LENGTH[first.layer]):
                found.append(self._long_enough(first.layer, self.wire(first, last)))
            if number < len(path):
                found += self.step(path[number - 1], path[number])
            start = number
        return found

    def _long_enough(self, layer: int, wire: Box) -> Box:
        least = _LEAST_LENGTH[layer] + 2 * _HALF[layer]
        along = layer in (0, 2)
        length = wire.right - wire.left if along else wire.top - wire.bottom
        more = least - length
        if more <= 0:
            return wire
        choices = [(more, 0), (0, more), (more // 2, more - more // 2)]
        boxes = [
            wire._replace(left=wire.left - a, right=wire.right + b)
            if along
            else wire._replace(bottom=wire.bottom - a, top=wire.top + b)
            for a, b in choices
        ]
        prices = [self.price([box]) for box in boxes]
        known = [(price, number) for number, price in enumerate(prices) if price is not None]
        return boxes[min(known)[1]] if known else boxes[0]
