"""Straps of the uppermost metal over the rows, and stacks of cuts down to each row's rail.

The cells' rails are of the metal of their pins and end with their row; the straps join them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.linalg import spsolve

from hexcoder.flow.layout.repair.rerouting import Rerouting
from hexcoder.flow.layout.repair.search import Node, Search, cut_boxes
from hexcoder.flow.layout.wiring import SUPPLIES, Box, Pin

EDGE_NM = 800
"""Kept free of stacks at both ends of a strap."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Straps and stacks by supply, and rails that no stack reaches."""

    straps: dict[str, int]
    stacks: dict[str, int]
    missed: int


def rails(block: Rerouting, net: str) -> list[Box]:
    """Rows' rails of a supply; two rows that share one count once."""
    found: list[Box] = []
    boxes = sorted(box for box in block.wiring.wires[net] if box.layer == block.stack.pins)
    for box in sorted(boxes, key=lambda box: box.bottom):
        if found and found[-1].top >= box.bottom:
            found[-1] = found[-1]._replace(top=box.top)
        else:
            found.append(box)
    return found


def strap_places(block: Rerouting) -> dict[str, list[int]]:
    """Middles of each supply's straps, in nm; at least one of each."""
    stack, width = block.stack, block.wiring.width
    pitch = round(stack.by_name[stack.routed[-1]].pitch * 1000)
    most = round(stack.strap_pitch_um * 1000)
    count = max(2, (width - most // 2) // most + 1)
    step = min(most, width // count // pitch * pitch)
    first = (width - (count - 1) * step) // 2 // pitch * pitch
    places = [first + number * step for number in range(count)]
    return {net: places[number::2] for number, net in enumerate(SUPPLIES)}


def draw_power_grid(block: Rerouting) -> Grid:
    """Add straps and stacks; nets in the way are left overlapping, for the repair that follows."""
    kept = {"", *SUPPLIES}
    height, half = block.wiring.height, round(block.stack.strap_width_um * 500)
    stacks: dict[str, int] = dict.fromkeys(SUPPLIES, 0)
    missed = 0
    places = strap_places(block)
    for net in SUPPLIES:
        rows = rails(block, net)
        for x in places[net]:
            strap = Box(block.stack.straps, x - half, 0, x + half, height)
            block.draw(net, [strap])
            block.wiring.pins[net].append(Pin("", net, strap))
        for rail in rows:
            reached = sum(_stack(block, net, x, rail, kept) for x in places[net])
            stacks[net] += reached
            missed += reached == 0
    return Grid({net: len(places[net]) for net in SUPPLIES}, stacks, missed)


def _stack(block: Rerouting, net: str, x: int, rail: Box, kept: set[str]) -> bool:
    stack, search = block.stack, Search(block.ground, net, kept)
    reach, highest = round(stack.strap_reach_um * 1000), len(stack.routed) - 1
    sources: dict[Node, int] = {}
    for y in block.tracks.between(stack.routed[-2], rail.bottom - reach, rail.top + reach):
        price = search.price(cut_boxes(stack, len(stack.cuts) - 1, x, y))
        if price is not None and block.wiring.height - EDGE_NM > y > EDGE_NM:
            sources[Node(highest, x, y)] = price
    targets = search.ways_into_rail(
        rail._replace(left=max(0, x - reach), right=min(block.wiring.width, x + reach))
    )
    path = search.find(sources, targets) if sources and targets else None
    if path is None:
        return False
    block.draw(net, cut_boxes(stack, len(stack.cuts) - 1, path[0].x, path[0].y))
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
    stack, wires, rows = block.stack, block.wiring.wires[net], rails(block, net)
    straps = sorted(box for box in wires if box.layer == stack.straps and box.bottom == 0)
    cuts = [box for box in wires if box.layer == stack.cut_names[0]]
    vias = [box for box in wires if box.layer == stack.cut_names[-1]]
    stack_ohm = sum(cut.ohm for cut in stack.cuts)
    row_nm, rail_nm = (
        round(size * 1000) for size in (block.process.style.row_um, block.process.style.rail_um)
    )
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
        edges.append((node("rail", row, x), node("strap", strap, y), stack_ohm))
    bottoms = np.array([rail.bottom for rail in rows])
    for instance in block.wiring.instances:
        drawn = current_a.get(instance.name)
        if not drawn:
            continue
        middle = instance.y + (-row_nm if instance.flipped else row_nm) // 2
        row = int(np.argmin(np.abs(bottoms + rail_nm - middle)))
        on_rail[row].add(instance.x)
        here = node("rail", row, instance.x)
        sources[here] = sources.get(here, 0.0) + drawn
    for kind, lines, layer in (("rail", on_rail, stack.pins), ("strap", on_strap, stack.straps)):
        for line, places in enumerate(lines):
            box = rows[line] if kind == "rail" else straps[line]
            across = box.top - box.bottom if kind == "rail" else box.right - box.left
            for a, b in pairwise(sorted(places)):
                ohm = stack.by_name[layer].sheet_ohm * (b - a) / across
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
        width = straps[strap].right - straps[strap].left
        near = [v for v in vias if abs(v.left - straps[strap].left) < width]
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
