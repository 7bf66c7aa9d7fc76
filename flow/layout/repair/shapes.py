"""Drawn boxes by place."""

from collections import defaultdict

from hexcoder.flow.layout.wiring import Box
from hexcoder.pdk.stack import Stack

BIN = 2000

_Shape = tuple[int, int, int, int, str]
"""Left, bottom, right, top, net: plain, for a search looks at millions of them."""


class Shapes:
    """Drawn boxes by place; which nets come too near to a box.

    Attributes
    ----------
    spacing : dict of str to int
        Between shapes of two nets, in nm.
    """

    def __init__(self, stack: Stack) -> None:
        self.spacing = {
            layer.name: round(layer.spacing * 1000) for layer in (*stack.metals, *stack.cuts)
        }
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
        space = self.spacing[box.layer]
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
