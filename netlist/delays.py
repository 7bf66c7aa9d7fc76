"""Delays of a netlist's cells from Liberty tables, as SDF (IEEE 1497).

Debian's OpenSTA 2.0.17 has no ``write_sdf``.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from hexcoder.netlist.cell_tables import CellTables
from hexcoder.netlist.flat import FlatNetlist, Instance

INPUT_SLEW_NS = 0.05
"""Transition time of input ports and of the clock."""


def net_slews(flat: FlatNetlist, tables: Mapping[str, CellTables], loads: np.ndarray) -> np.ndarray:
    """Transition time of each net in s, the slowest of the arcs to it; (nets,) float64.

    ``loads``, (nets,) float64, are in F.
    """
    slews = np.full(len(flat.nets), INPUT_SLEW_NS * 1e-9)
    for instance in _from_the_clock_on(flat):
        for pin, arcs in tables[instance.kind].transitions.items():
            if pin in instance.pins and arcs:
                net = instance.pins[pin]
                slews[net] = max(
                    table.at(slews[instance.pins[related]], loads[net])
                    for related, table in arcs.items()
                )
    return slews


def _from_the_clock_on(flat: FlatNetlist) -> Iterator[Instance]:
    """The clock's tree, registers, then gates, each after those that drive it."""
    first = flat.clocks.union(*(flat.ports[name] for name in flat.inputs))

    def rank(instance: Instance) -> int:
        nets = flat.clocks.intersection(instance.pins.values())
        return 2 if not nets else 0 if first.issuperset(instance.pins.values()) else 1

    ranks: dict[int, list[Instance]] = {0: [], 1: [], 2: []}
    for instance in flat.instances:
        ranks[rank(instance)].append(instance)
    for instances in ranks.values():
        yield from instances


def clock_arrivals(
    flat: FlatNetlist,
    tables: Mapping[str, CellTables],
    loads: np.ndarray,
    wire_delays: Mapping[tuple[str, str], float],
) -> dict[str, float]:
    """When a rising edge of the clock reaches each register, in s after the port; by its path.

    Parameters are those of :func:`write_sdf`.
    """
    slews = net_slews(flat, tables, loads)
    arrived = dict.fromkeys(flat.ports.get("clk", ()), 0.0)
    found: dict[str, float] = {}
    for instance in _from_the_clock_on(flat):
        clocked = [(pin, net) for pin, net in instance.pins.items() if net in arrived]
        for pin, net in clocked:
            at = arrived[net] + wire_delays.get((instance.path, pin), 0.0)
            outputs = [
                (out, arcs[pin][0])
                for out, arcs in tables[instance.kind].delays.items()
                if pin in arcs and instance.pins.get(out) in flat.clocks
            ]
            for out, rise in outputs:
                driven = instance.pins[out]
                arrived[driven] = at + rise.at(slews[net], loads[driven])
            if not outputs:
                found[instance.path] = at
    return found


def write_sdf(
    flat: FlatNetlist,
    tables: Mapping[str, CellTables],
    loads: np.ndarray,
    path: Path,
    top: str,
    wire_delays: Mapping[tuple[str, str], float] | None = None,
) -> None:
    """Write the delay of every arc of every cell.

    Inputs of a cell that lie on one net all get the delay of the slowest of them. ``loads``,
    (nets,) float64, are each net's capacitance in F:
    :func:`hexcoder.flow.analysis.loads.net_loads`.
    ``wire_delays`` by instance and pin, in s, of the wire to a cell's input are added to the cell's
    arcs from there, which gives the same arrival at every output.
    """
    slews = net_slews(flat, tables, loads)
    wires = wire_delays or {}
    with open(path, "w", encoding="utf-8") as file:
        file.write(
            '(DELAYFILE\n  (SDFVERSION "3.0")\n  (DESIGN "' + top + '")\n  (VENDOR "hexcoder")\n'
            '  (PROGRAM "hexcoder netlist.delays")\n  (DIVIDER /)\n  (TIMESCALE 1ns)\n'
        )
        for instance in flat.instances:
            paths = []
            for pin, arcs in tables[instance.kind].delays.items():
                net = instance.pins.get(pin)
                if net is None:
                    continue
                delays: dict[str, tuple[float, float]] = {}
                for related, edges in arcs.items():
                    wire = wires.get((instance.path, related), 0.0)
                    slew = slews[instance.pins[related]]
                    rise, fall = (max(0.0, wire + edge.at(slew, loads[net])) for edge in edges)
                    delays[related] = rise, fall
                for related in delays:
                    # Pins on one net turn at once: the slowest of them counts for all.
                    joined = [
                        delay
                        for name, delay in delays.items()
                        if instance.pins[name] == instance.pins[related]
                    ]
                    rise, fall = (1e9 * max(edge) for edge in zip(*joined, strict=True))
                    paths.append(f"(IOPATH {related} {pin} ({rise:.4f}) ({fall:.4f}))")
            if paths:
                file.write(
                    f'  (CELL (CELLTYPE "{instance.kind}") (INSTANCE {_name(instance.path)})\n'
                    f"    (DELAY (ABSOLUTE {' '.join(paths)})))\n"
                )
        file.write(")\n")


def _name(path: str) -> str:
    return "".join(c if c.isalnum() or c in "_/" else f"\\{c}" for c in path)
