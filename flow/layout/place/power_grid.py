"""Straps of m5 over the rows, and stacks of vias from them down to each row's rail.

The cells' rails are of local interconnect (12.8 ohm a square) and end with their row; the straps
join them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.linalg import spsolve

from hexcoder.flow.layout.parasitics import CUT_OHM, SHEET_OHM
from hexcoder.flow.layout.repair.rerouting import Rerouting
from hexcoder.flow.layout.repair.search import Node, Search, cut_boxes
from hexcoder.flow.layout.routing import LAYERS
from hexcoder.flow.layout.wiring import SUPPLIES, Box, Pin

PITCH_NM = 24_480
"""From a strap of vdd to the next of vss, a multiple of m4's tracks."""

WIDTH_NM = 1600
REACH_NM = 2760
"""How far beside its strap a stack may stand."""

STACK_OHM = sum(CUT_OHM.values())
"""One cut each from li to m5."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Straps and stacks by supply, and rails that no stack reaches."""

    straps: dict[str, int]
    stacks: dict[str, int]
    missed: int


def rails(block: Rerouting, net: str) -> list[Box]:
    """Rows' rails of a supply; two rows that share one count once."""
    found: list[Box] = []
    boxes = sorted(box for box in block.wiring.wires[net] if box.layer == "li")
    for box in sorted(boxes, key=lambda box: box.bottom):
        if found and found[-1].top >= box.bottom:
            found[-1] = found[-1]._replace(top=box.top)
        else:
            found.append(box)
    return found


def strap_places(block: Rerouting) -> dict[str, list[int]]:
    """Middles of each supply's straps, in nm; at least one of each."""
    (m4,) = (layer for layer in LAYERS if layer.name == "m4")
    pitch, width = round(m4.pitch * 1000), block.wiring.width
    count = max(2, (width - PITCH_NM // 2) // PITCH_NM + 1)
    step = min(PITCH_NM, width // count // pitch * pitch)
    first = (width - (count - 1) * step) // 2 // pitch * pitch
    places = [first + number * step for number in range(count)]
    return {net: places[number::2] for number, net in enumerate(SUPPLIES)}


def draw_power_grid(block: Rerouting) -> Grid:
    """Add straps and stacks; nets in the way are left overlapping, for the repair that follows."""
    kept = {"", *SUPPLIES}
    height = block.wiring.height
    stacks: dict[str, int] = dict.fromkeys(SUPPLIES, 0)
    missed = 0
    places = strap_places(block)
    for net in SUPPLIES:
        rows = rails(block, net)
        for x in places[net]:
            strap = Box("m5", x - WIDTH_NM // 2, 0, x + WIDTH_NM // 2, height)
            block.draw(net, [strap])
            block.wiring.pins[net].append(Pin("", net, strap))
        for rail in rows:
            reached = sum(_stack(block, net, x, rail, kept) for x in places[net])
            stacks[net] += reached
            missed += reached == 0
    return Grid({net: len(places[net]) for net in SUPPLIES}, stacks, missed)


def _stack(block: Rerouting, net: str, x: int, rail: Box, kept: set[str]) -> bool:
    search = Search(block.ground, net, kept)
    sources: dict[Node, int] = {}
    for y in block.tracks.between("m3", rail.bottom - REACH_NM, rail.top + REACH_NM):
        price = search.price(cut_boxes("m4_via4_m5", x, y))
        if price is not None and block.wiring.height - 800 > y > 800:
            sources[Node(3, x, y)] = price
    targets = search.ways_into_rail(
        rail._replace(left=max(0, x - REACH_NM), right=min(block.wiring.width, x + REACH_NM))
    )
    path = search.find(sources, targets) if sources and targets else None
    if path is None:
        return False
    block.draw(net, cut_boxes("m4_via4_m5", path[0].x, path[0].y))
    block.draw(net, search.boxes(path))
    block.draw(net, search.entry(path[-1]))
    return True


def worst_drop(block: Rerouting, net: str, current_a: dict[str, float]) -> float:
    """Largest static drop from the straps' ends to a cell's rail, in V.

    Parameters
    ----------
    block : Rerouting
        With straps.
    net : str
        The supply.
    current_a : dict of str to float
        Mean current of each instance.
    """
    rows = rails(block, net)
    straps = sorted(b for b in block.wiring.wires[net] if b.layer == "m5" and b.bottom == 0)
    cuts = [box for box in block.wiring.wires[net] if box.layer == "mcon"]
    vias = [box for box in block.wiring.wires[net] if box.layer == "via4"]
    nodes: dict[tuple[str, int, int], int] = {}
    edges: list[tuple[int, int, float]] = []

    def node(kind: str, line: int, at: int) -> int:
        return nodes.setdefault((kind, line, at), len(nodes))

    sources: dict[int, float] = {}
    taps = _taps(rows, straps, cuts, vias)
    on_rail: list[set[int]] = [set() for _ in rows]
    ends = {0, block.wiring.height}
    on_strap: list[set[int]] = [set(ends) for _ in straps]
    for row, strap, x, y in taps:
        on_rail[row].add(x)
        on_strap[strap].add(y)
        edges.append((node("rail", row, x), node("strap", strap, y), STACK_OHM))
    bottoms = np.array([rail.bottom for rail in rows])
    for instance in block.wiring.instances:
        drawn = current_a.get(instance.name)
        if not drawn:
            continue
        middle = instance.y + (-2800 if instance.flipped else 2800)
        row = int(np.argmin(np.abs(bottoms + 950 - middle)))
        on_rail[row].add(instance.x)
        here = node("rail", row, instance.x)
        sources[here] = sources.get(here, 0.0) + drawn
    for kind, lines, layer in (("rail", on_rail, "li"), ("strap", on_strap, "m5")):
        for line, places in enumerate(lines):
            box = rows[line] if kind == "rail" else straps[line]
            across = box.top - box.bottom if kind == "rail" else box.right - box.left
            for a, b in pairwise(sorted(places)):
                ohm = SHEET_OHM[layer] * (b - a) / across
                edges.append((node(kind, line, a), node(kind, line, b), ohm))
    held = [node("strap", strap, end) for strap in range(len(straps)) for end in ends]
    return _solve(len(nodes), edges, sources, held)


def _taps(
    rows: list[Box], straps: list[Box], cuts: list[Box], vias: list[Box]
) -> Iterator[tuple[int, int, int, int]]:
    """Rail, strap and place on each of every stack."""
    for cut in cuts:
        row = next(r for r, rail in enumerate(rows) if rail.bottom <= cut.bottom <= rail.top)
        middle = (cut.left + cut.right) // 2
        strap = min(range(len(straps)), key=lambda s: abs(straps[s].left - middle))
        near = [v for v in vias if abs(v.left - straps[strap].left) < WIDTH_NM]
        via = min(near, key=lambda v: abs(v.bottom - cut.bottom))
        yield row, strap, middle, via.bottom


def _solve(
    count: int, edges: list[tuple[int, int, float]], sources: dict[int, float], held: list[int]
) -> float:
    fixed = set(held)
    rows, columns, values = [], [], []
    for a, b, ohm in edges:
        siemens = 1.0 / max(ohm, 1e-6)
        rows += [a, b, a, b]
        columns += [a, b, b, a]
        values += [siemens, siemens, -siemens, -siemens]
    for node in fixed:
        rows.append(node)
        columns.append(node)
        values.append(1e9)
    matrix = coo_array((values, (rows, columns)), shape=(count, count)).tocsc()
    drawn = np.zeros(count)
    for node, current in sources.items():
        drawn[node] = current
    return float(np.max(np.asarray(spsolve(matrix, drawn))))
