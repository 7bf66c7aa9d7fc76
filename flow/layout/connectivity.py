"""Whether a layout connects what its netlist says: every pin probed in the drawn metal."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from klayout import db

STACK = {
    "li": (67, 20),
    "mcon": (67, 44),
    "m1": (68, 20),
    "via": (68, 44),
    "m2": (69, 20),
    "via2": (69, 44),
    "m3": (70, 20),
    "via3": (70, 44),
    "m4": (71, 20),
    "via4": (71, 44),
    "m5": (72, 20),
}
"""Metals and the cuts between them, from the bottom up: GDS layer and datatype."""

SHOWN = 8


@dataclass(frozen=True, slots=True)
class Connectivity:
    """Nets and pins probed; nets in several pieces, and pieces with several nets."""

    nets: int
    pins: int
    missed: int
    opens: tuple[str, ...]
    shorts: tuple[tuple[str, ...], ...]

    @property
    def passed(self) -> bool:
        """Whether every pin was found and all nets are whole and apart."""
        return not (self.missed or self.opens or self.shorts)


def check_connectivity(gds: Path, pins: Path) -> Connectivity:
    """Compare the drawn metal with the nets of ``pins.json``."""
    layout = db.Layout()
    layout.read(str(gds))
    (top,) = layout.top_cells()
    extraction = db.LayoutToNetlist(db.RecursiveShapeIterator(layout, top, []))
    layers = {name: extraction.make_layer(layout.layer(*ld), name) for name, ld in STACK.items()}
    names = list(STACK)
    for name in names:
        extraction.connect(layers[name])
    for below, above in pairwise(names):
        extraction.connect(layers[below], layers[above])
    extraction.extract_netlist()
    extraction.netlist().flatten()
    nets = json.loads(pins.read_text())
    pieces: dict[tuple[str, int], set[str]] = defaultdict(set)
    opens, missed, count = [], 0, 0
    for net, places in nets.items():
        found = set()
        for instance, kind, _, x, y in places:
            count += 1
            # A cell's pin is on li, a port of the block on the metal that it names.
            metal = layers["li" if instance else kind]
            drawn = extraction.probe_net(metal, db.DPoint(x, y))
            if drawn is None:
                missed += 1
            else:
                found.add((drawn.circuit().name, drawn.cluster_id))
        if len(found) > 1:
            opens.append(net)
        for piece in found:
            pieces[piece].add(net)
    shorts = [tuple(sorted(names)[:SHOWN]) for names in pieces.values() if len(names) > 1]
    return Connectivity(len(nets), count, missed, tuple(opens), tuple(shorts))
