"""The tracks of a block: where wires run, and where they may stop."""

from bisect import bisect_left, bisect_right

from hexcoder.pdk.stack import Metal, Stack


class Tracks:
    """Tracks of a block of ``width`` by ``height`` nm.

    Attributes
    ----------
    on_track : list of set of int
        Lines of each routed metal: heights for the first and third, else places from the left.
    stops : list of list of int
        Where a wire on each metal may stop: the lines of the metals beside it.
    """

    def __init__(self, width: int, height: int, stack: Stack):
        self._metals = stack.routed
        self._lines = [
            _lines(stack.by_name[name], width if number % 2 else height)
            for number, name in enumerate(self._metals)
        ]
        self.on_track = [set(lines) for lines in self._lines]
        beside = [[], *self._lines, []]
        self.stops = [
            sorted({*below, *above}) for below, above in zip(beside, beside[2:], strict=False)
        ]

    def between(self, metal: str, low: int, high: int) -> list[int]:
        """Tracks of a metal from ``low`` to ``high``."""
        lines = self._lines[self._metals.index(metal)]
        return lines[bisect_left(lines, low) : bisect_right(lines, high)]


def _lines(metal: Metal, size: int) -> list[int]:
    offset, pitch = round(metal.offset * 1000), round(metal.pitch * 1000)
    edge = round(metal.width * 500)
    return [at for at in range(offset, size, pitch) if edge <= at <= size - edge]
