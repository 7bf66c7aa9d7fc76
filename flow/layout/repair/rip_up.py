"""What is left of a net when pieces of its wires are taken away.

A net is islands of metal, one layer each, joined by cuts. An island that overlaps another net goes
as a whole, so that no patch below the least area stays, and with it all that then leads nowhere.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import count

from hexcoder.flow.layout.wiring import Box, joined
from hexcoder.pdk.stack import Stack


def touch(a: Box, b: Box) -> bool:
    """Whether two boxes share a point, their layers aside."""
    return (
        a.left <= b.right and b.left <= a.right and a.bottom <= b.top and b.bottom <= a.top
    )  # fmt: skip


def loose_cuts(boxes: Sequence[Box], pins: Collection[Box], stack: Stack) -> set[Box]:
    """Cuts of a net whose middle is neither on a pin nor on a wire of the pins' metal.

    Where a short pin ends between two tracks, the router's cut stands beside it, or half on it and
    with its pad on what else the cell draws there. A cut's own pad is no wire.
    """
    metal = [box for box in (*boxes, *pins) if box.layer == stack.pins]
    own = set(pins)
    return {
        cut
        for cut in boxes
        if cut.layer == stack.cut_names[0]
        and not any(_holds(box, _middle(cut), is_pin=box in own) for box in metal)
    }


def _holds(box: Box, middle: tuple[int, int], *, is_pin: bool) -> bool:
    x, y = middle
    inside = 2 * box.left <= x <= 2 * box.right and 2 * box.bottom <= y <= 2 * box.top
    return inside and (is_pin or _middle(box) != middle)


def _middle(box: Box) -> tuple[int, int]:
    """In half nm."""
    return box.left + box.right, box.bottom + box.top


class _Islands:
    def __init__(self, boxes: Sequence[Box], pins: Iterable[Box], stack: Stack):
        self.stack = stack
        self.pinned: set[int] = set()
        self.layer: dict[int, str] = {}
        self.metal: dict[int, set[Box]] = {}
        pins = set(pins)
        numbers = count()
        loose = loose_cuts(boxes, pins, stack)
        # Their pads go too.
        middles = {_middle(cut) for cut in loose}
        boxes = [box for box in boxes if box.layer != stack.pins or _middle(box) not in middles]
        for layer in stack.names:
            here = [box for box in (*boxes, *pins) if box.layer == layer]
            for group in joined(here, stack):
                number = next(numbers)
                self.layer[number], self.metal[number] = layer, group
                if group & pins:
                    self.pinned.add(number)
        # Each cut with the islands below and above it.
        self.cuts: dict[Box, tuple[int | None, int | None]] = {}
        for box in boxes:
            if box.layer in stack.cut_names:
                place = stack.cut_names.index(box.layer)
                below = None if box in loose else self._at(box, place)
                self.cuts[box] = below, self._at(box, place + 1)

    def _at(self, cut: Box, place: int) -> int | None:
        for number, group in self.metal.items():
            if self.layer[number] == self.stack.names[place] and any(touch(cut, b) for b in group):
                return number
        return None

    def _small(self, number: int) -> bool:
        metal = self.stack.by_name[self.layer[number]]
        # Cuts of the other metals bring enough metal with them.
        least = round(metal.least_um2 * 1e6) if metal.least_run_um else 0
        group = self.metal[number]
        width = max(b.right for b in group) - min(b.left for b in group)
        height = max(b.top for b in group) - min(b.bottom for b in group)
        return width * height < least

    def of(self, box: Box) -> int | None:
        """Island of a box; of a cut, the one above it."""
        if box.layer in self.stack.cut_names:
            below, above = self.cuts[box]
            return below if above is None else above
        return next(n for n, group in self.metal.items() if box in group)

    def without(self, gone: set[int]) -> set[Box]:
        """What leads somewhere when some islands are gone."""
        # A cut beside a cell's pin leads nowhere either; the pin itself stays.
        metals = [
            n for n, layer in self.layer.items() if layer != self.stack.pins or n not in self.pinned
        ]
        while True:
            cuts = {
                cut: ends
                for cut, ends in self.cuts.items()
                if None not in ends and not gone.intersection(ends)
            }
            ways = dict.fromkeys(self.metal, 0)
            for ends in cuts.values():
                for number in ends:
                    ways[number] += 1  # type: ignore[index]
            dead = {
                n
                for n in metals
                if n not in gone and (ways[n] + (n in self.pinned) < 2 or self._small(n))
            }
            if not dead:
                break
            gone |= dead
        kept = set(cuts)
        for number, group in self.metal.items():
            if number not in gone and ways[number]:
                kept |= group
        return kept


def without_wrong(
    boxes: Sequence[Box], pins: Iterable[Box], stack: Stack, wrong: Callable[[Box], bool]
) -> list[Box]:
    """Wires of a net without the islands that have a wrong box, and without dead ends.

    Parameters
    ----------
    boxes : sequence of Box
        Metal and cuts of the net.
    pins : iterable of Box
        What it joins.
    stack : Stack
        The process's.
    wrong : callable
        Whether a box cannot stay. Boxes of the pins' metal always do.

    Returns
    -------
    list of Box
    """
    bad = [box for box in boxes if box.layer != stack.pins and wrong(box)]
    islands = _Islands(boxes, pins, stack)
    kept = islands.without({n for n in map(islands.of, bad) if n is not None})
    return [box for box in boxes if box in kept]
