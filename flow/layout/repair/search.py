"""A net's cheapest way through a block: A* over the tracks of the routed metals.

Every step is checked against the drawn shapes and not against a grid.
"""

import heapq
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from hexcoder.flow.layout.repair.shapes import Shapes
from hexcoder.flow.layout.repair.tracks import Tracks
from hexcoder.flow.layout.wiring import Box
from hexcoder.pdk.stack import Stack

VIA_COST = 1000
CONFLICT_COST = 6000
GREED = 1.2
"""Weight of the distance that is left: above one, A* is quicker and nearly as good."""
MARGIN = 15_000
LIMIT = 400_000
"""Places that one search may visit."""


class Node(NamedTuple):
    """A place on a routed metal, 0 for the lowest."""

    layer: int
    x: int
    y: int


def cut_boxes(stack: Stack, number: int, x: int, y: int) -> list[Box]:
    """A cut, 0 for the lowest, with metal below and above."""
    cut = stack.cuts[number]
    half = round(cut.size * 1000) // 2
    found = [Box(cut.name, x - half, y - half, x + half, y + half)]
    for metal, enclosure in zip(stack.joined_by[cut.name], (cut.below, cut.above), strict=True):
        dx, dy = (half + round(1000 * size) for size in enclosure)
        found.append(Box(metal, x - dx, y - dy, x + dx, y + dy))
    return found


@dataclass(frozen=True)
class Ground:
    """What a search runs over.

    Attributes
    ----------
    stack : Stack
        The process's.
    history : mapping of str to int
        How often each net was fought over.
    """

    stack: Stack
    tracks: Tracks
    shapes: Shapes
    history: Mapping[str, int]


class Search:
    """A net's way through a block.

    Parameters
    ----------
    ground : Ground
    net : str
    kept : set of str or None
        Nets that may not be touched; None for all.
    highest : int, optional
        Topmost routed metal, 0 for the lowest.
    """

    def __init__(self, ground: Ground, net: str, kept: set[str] | None, highest: int | None = None):
        self.tracks, self.shapes, self.history = ground.tracks, ground.shapes, ground.history
        self.stack = ground.stack
        self.metals = [self.stack.by_name[name] for name in self.stack.routed]
        self.half = [round(metal.width * 500) for metal in self.metals]
        self.least = [round(metal.least_run_um * 1000) for metal in self.metals]
        self.net, self.kept = net, kept
        self.highest = len(self.metals) - 1 if highest is None else highest
        self.prices: dict[tuple[Node, Node], int | None] = {}
        self.access: dict[int, list[int]] = defaultdict(list)
        self.entries: dict[Node, list[Box]] = {}

    def price(self, boxes: Iterable[Box]) -> int | None:
        """Of the nets that boxes touch; None where they cannot be drawn."""
        shapes, history = self.shapes, self.history
        found: set[str] = set()
        for box in boxes:
            found |= shapes.near(box, self.net)
        if found and (self.kept is None or found & self.kept):
            return None
        return sum(CONFLICT_COST * (1 + history[net]) for net in found)

    def ways_in(self, pin: Box) -> dict[Node, int]:
        """Places on the lowest metal from which a pin is reached, and their price."""
        centre = (pin.left + pin.right) // 2
        found: dict[Node, int] = {}
        lowest, landing = self.metals[0].name, self.stack.cuts[0].landing_nm
        if pin.layer == lowest:
            y = (pin.bottom + pin.top) // 2
            boxes_at = [(Node(0, centre, y), [pin])]
        else:
            boxes_at = [
                (Node(0, centre, y), cut_boxes(self.stack, 0, centre, y))
                for y in self.tracks.between(lowest, pin.bottom + landing, pin.top - landing)
            ]
        for node, boxes in boxes_at:
            price = self.price(box for box in boxes if box.layer != self.stack.pins)
            if price is not None:
                found[node] = price
                self.entries[node] = [] if pin.layer == lowest else boxes
                self.access[node.y].append(node.x)
        for xs in self.access.values():
            xs.sort()
        return found

    def ways_into_rail(self, rail: Box) -> dict[Node, int]:
        """Places on the lowest metal over a rail, where the next metal's tracks cross."""
        found: dict[Node, int] = {}
        first, second = (metal.name for metal in self.metals[:2])
        landing = self.stack.cuts[0].landing_nm
        for y in self.tracks.between(first, rail.bottom + landing, rail.top - landing):
            for x in self.tracks.between(second, rail.left + landing, rail.right - landing):
                boxes = [b for b in cut_boxes(self.stack, 0, x, y) if b.layer != self.stack.pins]
                price = self.price(boxes)
                if price is not None:
                    found[Node(0, x, y)] = price
                    self.entries[Node(0, x, y)] = boxes
        return found

    def entry(self, node: Node) -> list[Box]:
        """What joins a pin to the lowest metal."""
        return self.entries.get(node, [])

    def _next(self, node: Node) -> Iterator[tuple[Node, int]]:
        layer, x, y = node
        horizontal = layer in (0, 2)
        at = x if horizontal else y
        stops = self.tracks.stops[layer]
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
        sets = self.tracks.on_track
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
            return cut_boxes(self.stack, 1 + min(a.layer, b.layer), a.x, a.y)
        return [self.wire(a, b)]

    def wire(self, a: Node, b: Node) -> Box:
        """Metal between two places of a track."""
        half = self.half[a.layer]
        left, right = min(a.x, b.x) - half, max(a.x, b.x) + half
        low, high = min(a.y, b.y) - half, max(a.y, b.y) + half
        metal = self.metals[a.layer]
        if a.layer == 1:
            # As the router draws it: a wire ends half of its width across behind its end.
            early = round((metal.width - metal.across) * 500)
            low, high = low + early, high - early
        return Box(metal.name, left, low, right, high)

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
            if first != last or (passed and self.least[first.layer]):
                found.append(self._long_enough(first.layer, self.wire(first, last)))
            if number < len(path):
                found += self.step(path[number - 1], path[number])
            start = number
        return found

    def _long_enough(self, layer: int, wire: Box) -> Box:
        least = self.least[layer] + 2 * self.half[layer]
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
