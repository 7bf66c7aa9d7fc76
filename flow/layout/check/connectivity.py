"""Whether a layout connects what its netlist says: every pin probed in the drawn metal."""

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from klayout import db

from hexcoder.flow.layout.wiring import SUPPLIES, Wiring

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


def check_connectivity(gds: Path, wiring: Wiring) -> Connectivity:
    """Compare the drawn metal with the nets of a block."""
    layout = db.Layout()
    layout.read(str(gds))
    top = layout.cell(wiring.top)
    extraction = db.LayoutToNetlist(db.RecursiveShapeIterator(layout, top, []))
    stack = wiring.stack
    layers = {
        name: extraction.make_layer(layout.layer(*ld), name) for name, ld in stack.gds.items()
    }
    names = list(stack.gds)
    for name in names:
        extraction.connect(layers[name])
    for below, above in pairwise(names):
        extraction.connect(layers[below], layers[above])
    extraction.extract_netlist()
    extraction.netlist().flatten()
    pieces: dict[tuple[str, int], set[str]] = defaultdict(set)
    opens, missed, count = [], 0, 0
    for net, pins in wiring.pins.items():
        found = set()
        probed = [pin.box for pin in pins]
        if net in SUPPLIES:
            # Every rail, not the straps alone.
            probed += [box for box in wiring.wires[net] if box.layer == stack.pins]
        for layer, left, bottom, right, top in probed:
            count += 1
            at = db.DPoint((left + right) / 2000, (bottom + top) / 2000)
            drawn = extraction.probe_net(layers[layer], at)
            if drawn is None:
                missed += 1
            else:
                found.add((drawn.circuit().name, drawn.cluster_id))
        if len(found) > 1:
            opens.append(net)
        for piece in found:
            pieces[piece].add(net)
    shorts = [tuple(sorted(names)[:SHOWN]) for names in pieces.values() if len(names) > 1]
    return Connectivity(len(wiring.pins), count, missed, tuple(opens), tuple(shorts))
