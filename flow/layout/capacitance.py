"""Capacitance of wires over, under and beside others, from cross-sections of the block.

The block is cut along lines, some of them across x and some across y. On a line every layer is a
row of intervals, and what a line finds holds for the strip around it. Between the faces of two
layers the capacitance goes by area. The field of an edge goes sideways: within a distance d it
leaves the part (2 / pi) atan(m d), for the nearest layer below and above, until a wire of the
edge's own layer is in its way, to which it couples by k / (s + s0). A layer hides what is behind
it. Coefficients and form: SkyWater's tables of capacitances, as the open technology file of Magic
has them. What couples two wires stands against ground at both, as if the other were quiet.
"""

import ctypes
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from hexcoder.compiled import compiled
from hexcoder.flow.layout.wiring import SUPPLIES, Wiring, cell_boxes, placed

STACK = ("active", "poly", "li", "m1", "m2", "m3", "m4", "m5")
"""Conductors over the substrate, from the bottom up."""

AREA_AF = {
    "li": (36.99, 55.3, 94.16),
    "m1": (25.78, 33.6, 44.81, 114.20),
    "m2": (17.5, 20.8, 24.50, 37.56, 133.86),
    "m3": (12.37, 14.2, 16.06, 20.79, 34.54, 86.19),
    "m4": (8.42, 9.41, 10.01, 11.67, 15.03, 20.33, 84.03),
    "m5": (6.32, 6.88, 7.21, 8.03, 9.48, 11.34, 19.63, 68.33),
}
"""aF/um2 to the substrate and to each layer below, from the bottom up."""
DOWN_AF = {
    "li": (40.70, 44.27, 51.85),
    "m1": (40.57, 43.10, 46.72, 59.50),
    "m2": (37.76, 39.54, 41.22, 46.28, 67.05),
    "m3": (40.99, 42.25, 43.53, 46.71, 54.81, 69.85),
    "m4": (36.68, 37.57, 38.11, 39.71, 42.56, 46.38, 70.52),
    "m5": (38.85, 39.52, 39.91, 41.15, 43.19, 45.59, 54.15, 82.82),
}
"""aF/um of a layer's edge to the substrate and to each layer below, from the bottom up."""
UP_AF = {
    "poly": (25.14, 16.69, 11.17, 9.18, 6.35, 6.49),
    "li": (34.70, 21.74, 15.08, 10.14, 7.64),
    "m1": (48.19, 26.68, 16.42, 12.02),
    "m2": (44.43, 22.33, 15.69),
    "m3": (42.64, 27.84),
    "m4": (46.98,),
}
"""aF/um of a layer's edge to each layer above, from the bottom up."""
BESIDE_AF = {
    "li": (25.5, 0.14),
    "m1": (44.0, 0.25),
    "m2": (50.0, 0.30),
    "m3": (74.0, 0.40),
    "m4": (94.0, 0.57),
    "m5": (155.0, 0.50),
}
"""Of an edge to another of its layer: aF and um of k / (s + s0), an um of length."""
REACH_UM, NARROWING = 8.0, 0.02
"""How far an edge's field goes; ``m`` is so much of the layers' capacitance by area, in 1/um."""

STRIP_UM = 0.5
_GOLDEN = (5**0.5 - 1) / 2

_COUNT = len(STACK)
_LEVEL = {layer: level for level, layer in enumerate(STACK)}
_GROUND = -1
_DRIVER = Path(__file__).with_name("capacitance.cpp")


def wire_capacitances(wiring: Wiring, cells: Path) -> dict[str, dict[str, float]]:
    """Capacitance in fF of the wires of each signal net, by layer.

    Parameters
    ----------
    wiring : Wiring
    cells : Path
        ``cells.gds``. What cells draw is ground here; a pin's own capacitance is its cell's.
    """
    nets = [net for net in wiring.wires if net not in SUPPLIES]
    boxes = _collect(wiring, nets, cells)
    found = np.zeros((len(nets), _COUNT))
    tables = [
        np.ascontiguousarray(table)
        for table in (
            _table(AREA_AF),
            _table(DOWN_AF),
            _table(UP_AF, above=True),
            np.array([BESIDE_AF.get(layer, (0.0, 1.0)) for layer in STACK]),
        )
    ]
    for across, length in enumerate((wiring.width, wiring.height)):
        rows = np.ascontiguousarray(boxes[np.argsort(boxes[:, 2 + across], kind="stable")])
        lines = _lines(length)
        _library().cross_sections(
            _COUNT,
            *map(_pointer, tables),
            ctypes.c_double(REACH_UM),
            ctypes.c_double(NARROWING),
            ctypes.c_int64(len(rows)),
            _pointer(rows),
            across,
            ctypes.c_int64(len(lines)),
            _pointer(lines),
            across == 0,
            _pointer(found),
        )
    found *= STRIP_UM * 1e-3
    return {
        net: {STACK[level]: float(row[level]) for level in np.flatnonzero(row)}
        for net, row in zip(nets, found, strict=True)
    }


def _lines(length: int) -> np.ndarray:
    """Places in nm, one in each strip, shifted so that they do not keep step with the tracks."""
    strip = STRIP_UM * 1000
    numbers = np.arange(int(length / strip))
    return ((numbers + numbers * _GOLDEN % 1) * strip).astype(np.int32)


def _table(rows: Mapping[str, Sequence[float]], above: bool = False) -> np.ndarray:
    """Rows by layer; columns are the substrate and all layers."""
    table = np.zeros((_COUNT, _COUNT + 1))
    for layer, values in rows.items():
        first = max(_LEVEL[layer], _LEVEL["poly"]) + 2 if above else 0
        table[_LEVEL[layer], first : first + len(values)] = values
    return table


def _collect(wiring: Wiring, nets: Sequence[str], cells: Path) -> np.ndarray:
    """Rows of level, owner and edges in nm: what nets and cells draw."""
    of_cells = cell_boxes(cells, STACK)
    rows = [
        (_LEVEL[box.layer], _GROUND, *placed(box, instance)[1:])
        for instance in wiring.instances
        for box in of_cells[instance.cell]
    ]
    numbers = {net: number for number, net in enumerate(nets)}
    rows += [
        (_LEVEL[box.layer], numbers.get(net, _GROUND), *box[1:])
        for net, boxes in wiring.wires.items()
        for box in boxes
        if box.layer in _LEVEL
    ]
    return np.array(rows, dtype=np.int32).reshape(-1, 6)


def _pointer(array: np.ndarray) -> ctypes.c_void_p:
    return array.ctypes.data_as(ctypes.c_void_p)


@cache
def _library() -> ctypes.CDLL:
    options = ["-O3", "-std=c++20", "-fPIC", "-shared"]
    return ctypes.CDLL(str(compiled("capacitance.so", [_DRIVER], options)))
