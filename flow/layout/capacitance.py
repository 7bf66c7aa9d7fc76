"""Capacitance of wires over, under and beside others, from cross-sections of the block.

The block is cut along lines, some of them across x and some across y. On a line every layer is a
row of intervals, and what a line finds holds for the strip around it. Between the faces of two
layers the capacitance goes by area. The field of an edge goes sideways: within a distance d it
leaves the part (2 / pi) atan(m d), for the nearest layer below and above, until a wire of the
edge's own layer is in its way, to which it couples by k / (s + s0). A layer hides what is behind
it. The coefficients are the process's (:class:`hexcoder.pdk.stack.Field`); the form is that of
Magic's extraction. What couples two wires stands against ground at both, as if the other were
quiet.
"""

import ctypes
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from hexcoder.compiled import pointer, shared_library
from hexcoder.flow.layout.wiring import SUPPLIES, Wiring, cell_boxes, placed

STRIP_UM = 0.5
_GOLDEN = (5**0.5 - 1) / 2
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
    field = wiring.stack.field
    stack = (*field.devices, *wiring.stack.names)
    nets = [net for net in wiring.wires if net not in SUPPLIES]
    boxes = _collect(wiring, stack, nets, cells)
    found = np.zeros((len(nets), len(stack)))
    tables = (
        _table(stack, field.area_af),
        _table(stack, field.down_af),
        _table(stack, field.up_af, above=True),
        np.array([field.beside_af.get(layer, (0.0, 1.0)) for layer in stack]),
    )
    for across, length in enumerate((wiring.width, wiring.height)):
        rows = np.ascontiguousarray(boxes[np.argsort(boxes[:, 2 + across], kind="stable")])
        lines = _lines(length)
        _library().cross_sections(
            len(stack),
            *map(pointer, tables),
            ctypes.c_double(field.reach_um),
            ctypes.c_double(field.narrowing),
            ctypes.c_int64(len(rows)),
            pointer(rows),
            across,
            ctypes.c_int64(len(lines)),
            pointer(lines),
            across == 0,
            pointer(found),
        )
    found *= STRIP_UM * 1e-3
    return {
        net: {stack[level]: float(row[level]) for level in np.flatnonzero(row)}
        for net, row in zip(nets, found, strict=True)
    }


def _lines(length: int) -> np.ndarray:
    """Places in nm, one in each strip, shifted so that they do not keep step with the tracks."""
    strip = STRIP_UM * 1000
    numbers = np.arange(int(length / strip))
    return ((numbers + numbers * _GOLDEN % 1) * strip).astype(np.int32)


def _table(
    stack: Sequence[str], rows: Mapping[str, Sequence[float]], above: bool = False
) -> np.ndarray:
    """Rows by layer; columns are the substrate and all layers."""
    table = np.zeros((len(stack), len(stack) + 1))
    for layer, values in rows.items():
        level = stack.index(layer)
        first = level + 2 if above else 0
        table[level, first : first + len(values)] = values
    return table


def _collect(wiring: Wiring, stack: Sequence[str], nets: Sequence[str], cells: Path) -> np.ndarray:
    """Rows of level, owner and edges in nm: what nets and cells draw."""
    of_cells = cell_boxes(cells, wiring.stack, stack)
    levels = {layer: level for level, layer in enumerate(stack)}
    rows = [
        (levels[box.layer], _GROUND, *placed(box, instance)[1:])
        for instance in wiring.instances
        for box in of_cells[instance.cell]
    ]
    numbers = {net: number for number, net in enumerate(nets)}
    rows += [
        (levels[box.layer], numbers.get(net, _GROUND), *box[1:])
        for net, boxes in wiring.wires.items()
        for box in boxes
        if box.layer in levels
    ]
    return np.array(rows, dtype=np.int32).reshape(-1, 6)


@cache
def _library() -> ctypes.CDLL:
    return shared_library(_DRIVER)
