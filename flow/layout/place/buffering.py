"""Which loads go behind a buffer when a net, as placed, is more than its driver may drive."""

import heapq
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

LENGTH_BY_PINS = (
    (1, 1.0), (4, 1.0828), (5, 1.1536), (6, 1.2206), (7, 1.2823), (8, 1.3385), (9, 1.3991),
    (10, 1.4493), (15, 1.6899), (20, 1.8924), (25, 2.0743), (30, 2.2334), (35, 2.3895),
    (40, 2.5356), (45, 2.6625), (50, 2.7933),
)  # fmt: skip
"""Wire of a net by its pins, in half perimeters of their bounding box (Cheng, "RISA: accurate and
efficient placement routability modeling", ICCAD 1994)."""


NEAREST = 8
"""Free buffers that are tried for a net beside its driver, and as many in its middle."""
ENOUGH = 0.9
"""Of the limits of driver and buffer, where a buffer that is placed relieves a net."""


class Load(NamedTuple):
    """What a net drives: a cell's input, or, without an instance, a port.

    Attributes
    ----------
    x, y : float
        In um.
    farads : float
        In fF.
    """

    instance: str
    pin: str
    x: float
    y: float
    farads: float


class Buffered(NamedTuple):
    """A net and the groups of its loads, a buffer for each: (instance, pin) of cells' inputs.

    ``port`` is the number of the group that the net's port is in; -1 without one.
    """

    net: str
    groups: list[list[tuple[str, str]]]
    port: int


def half_perimeter(ends: Sequence[Load]) -> float:
    """Of the bounding box of a net's ends, in um."""
    xs, ys = [end.x for end in ends], [end.y for end in ends]
    return max(xs) - min(xs) + max(ys) - min(ys)


def load_of(ends: Sequence[Load], wire_ff_per_um: float) -> float:
    """Capacitance in fF of inputs and of the wire that joins them."""
    place = bisect_right(LENGTH_BY_PINS, (len(ends), float("inf"))) - 1
    wire = half_perimeter(ends) * LENGTH_BY_PINS[place][1] * wire_ff_per_um
    return sum(end.farads for end in ends) + wire


def split(loads: Sequence[Load], limit: float, wire_ff_per_um: float) -> list[list[Load]]:
    """Groups of loads near to each other, each of at most a limit in fF where it has several."""
    if len(loads) == 1 or load_of(loads, wire_ff_per_um) <= limit:
        return [list(loads)]
    return [
        group for half in halves(loads) for group in split(half, limit, wire_ff_per_um)
    ]  # fmt: skip


def halves(loads: Sequence[Load]) -> tuple[list[Load], list[Load]]:
    """Loads on both sides of the middle one, along the longer side of their bounding box."""
    xs, ys = [load.x for load in loads], [load.y for load in loads]
    along = 2 if max(xs) - min(xs) >= max(ys) - min(ys) else 3
    ordered = sorted(loads, key=lambda load: (load[along], load))
    middle = len(ordered) // 2
    return ordered[:middle], ordered[middle:]


class Taken(NamedTuple):
    """A free buffer by its number, and which of a net's loads it takes."""

    buffer: int
    loads: list[Load]


def taken(
    fixed: Sequence[Load],
    loads: Sequence[Load],
    limits: tuple[float, float],
    buffers: Sequence[Load],
    wire_ff_per_um: float,
) -> Taken | None:
    """Which of the buffers that are placed relieves a net most; None where none is enough.

    Parameters
    ----------
    fixed : sequence of Load
        Ends of the net that stay on it: its driver without capacitance, ports.
    loads : sequence of Load
        Inputs of cells, each of which may go behind the buffer.
    limits : pair of float
        What the driver and a buffer may drive, in fF.
    buffers : sequence of Load
        Inputs of free buffers; the :data:`NEAREST` to driver and middle are tried.
    """
    most, most_buffer = limits
    best: tuple[float, Taken] | None = None
    if not loads:
        return None
    start = fixed[0]
    middle = start._replace(
        x=(start.x + sum(load.x for load in loads) / len(loads)) / 2,
        y=(start.y + sum(load.y for load in loads) / len(loads)) / 2,
    )
    near = {
        number
        for place in (start, middle)
        for number in heapq.nsmallest(
            NEAREST, range(len(buffers)), key=lambda number: _distance(buffers[number], place)
        )
    }
    for number in sorted(near):
        buffer = buffers[number]
        output = buffer._replace(farads=0.0)
        ordered = sorted(loads, key=lambda load: _distance(load, buffer) - _distance(load, start))
        for count in range(1, len(ordered) + 1):
            before = load_of([*fixed, *ordered[count:], buffer], wire_ff_per_um) / most
            behind = load_of([output, *ordered[:count]], wire_ff_per_um) / most_buffer
            part = max(before, behind)
            if part <= ENOUGH and (best is None or part < best[0]):
                best = part, Taken(number, ordered[:count])
    return None if best is None else best[1]


def _distance(one: Load, other: Load) -> float:
    return abs(one.x - other.x) + abs(one.y - other.y)


def buffered(
    net: str, loads: Sequence[Load], limit: float, buffer_limit: float, wire_ff_per_um: float
) -> Buffered | None:
    """How a net beyond its driver's limit is relieved; None where a buffer is no relief.

    Parameters
    ----------
    limit, buffer_limit : float
        What the driver and a buffer may drive, in fF.
    """
    groups = split(loads, buffer_limit, wire_ff_per_um)
    if len(groups) == 1 and limit >= buffer_limit:
        if len(loads) == 1:
            return None
        groups = list(halves(loads))
    port = next((n for n, group in enumerate(groups) for load in group if not load.instance), -1)
    named = [[(load.instance, load.pin) for load in group if load.instance] for group in groups]
    return Buffered(net, named, port)
