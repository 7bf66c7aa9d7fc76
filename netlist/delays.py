"""Delays of a netlist's cells from Liberty tables, as SDF (IEEE 1497).

Debian's OpenSTA 2.0.17 has no ``write_sdf``.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from hexcoder.netlist.cell_tables import CellTables
from hexcoder.netlist.flat import FlatNetlist, Instance

Delay = tuple[float, float]
"""In s, to a rise and to a fall of an output."""

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


def cell_delays(
    flat: FlatNetlist,
    tables: Mapping[str, CellTables],
    loads: np.ndarray,
    wire_delays: Mapping[tuple[str, str], float] | None = None,
) -> list[dict[tuple[str, str], Delay]]:
    """Of each instance, by input and output, the delays in s to a rise and to a fall of the output.

    Inputs of a cell that lie on one net all get the delay of the slowest of them. ``loads``,
    (nets,) float64, are each net's capacitance in F:
    :func:`hexcoder.flow.analysis.loads.net_loads`.
    ``wire_delays`` by instance and pin, in s, of the wire to a cell's input are added to the cell's
    arcs from there, which gives the same arrival at every output.
    """
    slews = net_slews(flat, tables, loads)
    wires = wire_delays or {}
    by_kind: dict[str, list[int]] = defaultdict(list)
    for place, instance in enumerate(flat.instances):
        by_kind[instance.kind].append(place)
    found: list[dict[tuple[str, str], Delay]] = [{} for _ in flat.instances]
    for kind, places in by_kind.items():
        for pin, arcs in tables[kind].delays.items():
            driving = [place for place in places if pin in flat.instances[place].pins]
            instances = [flat.instances[place] for place in driving]
            load = loads[[instance.pins[pin] for instance in instances]]
            for related, edges in arcs.items():
                slew = slews[[instance.pins[related] for instance in instances]]
                wire = np.array([wires.get((i.path, related), 0.0) for i in instances])
                pairs = (np.maximum(0.0, wire + edge.at_each(slew, load)) for edge in edges)
                for place, *delay in zip(driving, *(pair.tolist() for pair in pairs), strict=True):
                    found[place][related, pin] = delay[0], delay[1]
    for instance, delays in zip(flat.instances, found, strict=True):
        if len(set(instance.pins.values())) < len(instance.pins):
            _join(instance, delays)
    return found


def _join(instance: Instance, delays: dict[tuple[str, str], Delay]) -> None:
    """Pins on one net turn at once: the slowest of them counts for all."""
    slowest: dict[tuple[int, str], Delay] = {}
    for (related, pin), (rise, fall) in delays.items():
        key = instance.pins[related], pin
        rose, fell = slowest.get(key, (0.0, 0.0))
        slowest[key] = max(rise, rose), max(fall, fell)
    for related, pin in delays:
        delays[related, pin] = slowest[instance.pins[related], pin]


def write_sdf(
    flat: FlatNetlist,
    tables: Mapping[str, CellTables],
    loads: np.ndarray,
    path: Path,
    top: str,
    wire_delays: Mapping[tuple[str, str], float] | None = None,
) -> None:
    """Write the delay of every arc of every cell; parameters are those of :func:`cell_delays`."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(
            '(DELAYFILE\n  (SDFVERSION "3.0")\n  (DESIGN "' + top + '")\n  (VENDOR "hexcoder")\n'
            '  (PROGRAM "hexcoder netlist.delays")\n  (DIVIDER /)\n  (TIMESCALE 1ns)\n'
        )
        for instance, delays in zip(
            flat.instances, cell_delays(flat, tables, loads, wire_delays), strict=True
        ):
            paths = [
                f"(IOPATH {related} {pin} ({1e9 * rise:.4f}) ({1e9 * fall:.4f}))"
                for (related, pin), (rise, fall) in delays.items()
            ]
            if paths:
                file.write(
                    f'  (CELL (CELLTYPE "{instance.kind}") (INSTANCE {_name(instance.path)})\n'
                    f"    (DELAY (ABSOLUTE {' '.join(paths)})))\n"
                )
        file.write(")\n")


def _name(path: str) -> str:
    return "".join(c if c.isalnum() or c in "_/" else f"\\{c}" for c in path)
