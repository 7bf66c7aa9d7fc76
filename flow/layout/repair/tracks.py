"""The tracks of a block: where wires of m1 to m4 run, and where they may stop."""

from bisect import bisect_left, bisect_right

from hexcoder.flow.layout.routing import LAYERS

METALS = ("m1", "m2", "m3", "m4")

_TRACKS = {layer.name: layer for layer in LAYERS}


class Tracks:
    """Tracks of a block of ``width`` by ``height`` nm.

    Attributes
    ----------
    on_track : list of set of int
        Lines of each metal: heights for m1 and m3, else places from the left.
    stops : list of list of int
        Where a wire on each metal may stop: the lines of the metals beside it.
    """

    def __init__(self, width: int, height: int):
        self._lines = [
            _lines("m1", height),
            _lines("m2", width),
            _lines("m3", height),
            _lines("m4", width),
        ]
        self.on_track = [set(lines) for lines in self._lines]
        m1, m2, m3, m4 = self._lines
        self.stops = [m2, sorted({*m1, *m3}), sorted({*m2, *m4}), m3]

    def between(self, metal: str, low: int, high: int) -> list[int]:
        """Tracks of a metal from ``low`` to ``high``."""
        lines = self._lines[METALS.index(metal)]
        return lines[bisect_left(lines, low) : bisect_right(lines, high)]


def _lines(metal: str, size: int) -> list[int]:
    layer = _TRACKS[metal]
    offset, pitch = round(layer.offset * 1000), round(layer.pitch * 1000)
    edge = round(layer.width * 500)
    return [at for at in range(offset, size, pitch) if edge <= at <= size - edge]
