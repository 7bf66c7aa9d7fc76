"""Liberty of the drawn cells: python -m hexcoder.pdk.cells.characterise PROCESS CORNER OUTPUT.

Method: nonlinear delay model tables from transient analyses of each arc (Liberty User Guide,
Synopsys), cells as drawn with the capacitance of their wires and the resistance of their contacts.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from hexcoder.errors import InputError, run_command
from hexcoder.pdk.cells.characterised import (
    EDGES,
    Arc,
    Characterised,
    Table,
    drive_of,
    loads_of,
    table,
)
from hexcoder.pdk.cells.drawn import drawn_cells
from hexcoder.pdk.cells.extraction import DrawnCell, read_cells
from hexcoder.pdk.cells.flops import characterise_flop
from hexcoder.pdk.cells.functions import (
    FULL_ADDER,
    FUNCTIONS,
    evaluate,
    inputs_of,
    outputs_of,
    states_of,
)
from hexcoder.pdk.cells.liberty_writer import with_cells_of, write_liberty
from hexcoder.pdk.cells.measurement import (
    HIGH,
    LOW,
    SETTLE_NS,
    Bench,
    ngspice_version,
    ramp_of,
)
from hexcoder.pdk.process import SLEWS_NS, Corner, Process, version
from hexcoder.pdk.processes import PROCESSES


@dataclass(frozen=True)
class Way:
    """How an input can turn an output: the other inputs' values.

    ``besides`` are the other outputs that turn with it.
    """

    output: str
    pin: str
    others: dict[str, int]
    inverting: bool
    besides: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Numbers:
    """Where one transient's measurements are in the result."""

    delay: dict[str, int]
    transition: dict[str, int]
    energy: dict[str, int]
    charge: dict[str, int]
    window_ns: float


def _turn(bench: Bench, way: Way, slew: float, load: float) -> _Numbers:
    """Turn an input up and down once, and measure what the output does."""
    pin, volts = way.pin, bench.corner.volts
    ramp = ramp_of(slew)
    settling = 0.5 + 0.08 * load / drive_of(bench.cell.name)
    window = 2 * ramp + settling * bench.corner.slowness
    start = [SETTLE_NS, SETTLE_NS + window]
    for output in bench.outputs:
        bench.load(output, load if output == way.output else loads_of(bench.cell.name)[0])
    bench.edges(pin, 0, start, ramp)
    bench.run_for(SETTLE_NS + 2 * window, min(0.01, ramp / 5))
    numbers: dict[str, dict[str, int]] = {
        key: {} for key in ("delay", "transition", "energy", "charge")
    }
    for place, moves in enumerate(EDGES):
        output = moves if not way.inverting else EDGES[1 - place]
        half = volts / 2
        to_low, to_high = LOW * volts, HIGH * volts
        first, last = (to_low, to_high) if output == "rise" else (to_high, to_low)
        after = f"td={start[place] * 0.999:.6g}n"
        out = f"v({way.output})"
        numbers["delay"][output] = bench.measure(
            f"trig v({pin}) val={half:.6g} {moves}=1 {after} targ {out} val={half:.6g} "
            f"{output}=1 {after}"
        )
        numbers["transition"][output] = bench.measure(
            f"trig {out} val={first:.6g} {output}=1 {after} targ {out} val={last:.6g} "
            f"{output}=1 {after}"
        )
        span = f"from={start[place]:.6g}n to={start[place] + window:.6g}n"
        numbers["energy"][output] = bench.measure(f"integ i(vsupply) {span}")
        numbers["charge"][moves] = bench.measure(f"integ i(v{pin}) {span}")
    bench.forget()
    return _Numbers(**numbers, window_ns=window)


def ways(cell: str) -> list[Way]:
    """All ways through a combinational cell."""
    found = []
    for pin in inputs_of(cell):
        for state in states_of(cell):
            if state[pin]:
                continue
            low, high = evaluate(cell, state), evaluate(cell, state | {pin: 1})
            others = {name: value for name, value in state.items() if name != pin}
            turned = {output: bool(low[output]) for output in low if low[output] != high[output]}
            for output, inverting in turned.items():
                besides = tuple(name for name in turned if name != output)
                found.append(Way(output, pin, others, inverting, besides))
    return found


def _condition(state: dict[str, int]) -> str:
    return "&".join(name if value else f"!{name}" for name, value in state.items())


def characterise(drawn: DrawnCell, corner: Corner, folder: Path) -> Characterised:
    """Measure a combinational cell."""
    name, outputs = drawn.name, outputs_of(drawn.name)
    bench = Bench(drawn, ["vdd", "vss", *inputs_of(name), *outputs], outputs, corner)
    states = states_of(name)
    leaks = []
    for state in states:
        for pin, value in state.items():
            bench.hold(pin, value)
        leaks.append(bench.leakage())
    grid = [(slew, load) for slew in drawn.process.slews_ns for load in loads_of(name)]
    choices = ways(name)
    numbers = []
    for way in choices:
        for pin, value in way.others.items():
            bench.hold(pin, value)
        numbers.append([_turn(bench, way, *point) for point in grid])
    results = bench.run(folder)
    try:
        return _collected(drawn, corner, states, leaks, choices, numbers, results)
    except KeyError as error:
        raise InputError(
            f"cell {name}, {corner.name}: measurement {error} failed; see {folder}"
        ) from None


def _collected(
    drawn: DrawnCell,
    corner: Corner,
    states: list[dict[str, int]],
    leaks: list[int],
    choices: list[Way],
    numbers: list[list[_Numbers]],
    results: dict[int, float],
) -> Characterised:
    """Bring measurements together: the slowest way of each pin and sense, mean energies."""
    volts = corner.volts
    name, slews = drawn.name, drawn.process.slews_ns
    cell = Characterised(name)
    cell.leakage = [
        (_condition(state), max(results[number], 0.0) * volts * 1e9)
        for state, number in zip(states, leaks, strict=True)
    ]
    mean_leakage = sum(value for _, value in cell.leakage) / len(cell.leakage)
    rows, loads = len(slews), loads_of(name)
    grid = [(slew, load) for slew in slews for load in loads]
    charges: dict[str, list[float]] = {}
    found: dict[tuple[str, str, bool], list[tuple[Way, Arc]]] = {}
    for way, points in zip(choices, numbers, strict=True):
        arc = Arc(way.output, way.pin, "negative_unate" if way.inverting else "positive_unate")
        for edge in EDGES:
            arc.delay[edge] = table([results[p.delay[edge]] * 1e9 for p in points], rows)
            arc.transition[edge] = table([results[p.transition[edge]] * 1e9 for p in points], rows)
            energies = []
            for (_, load), p in zip(grid, points, strict=True):
                given = -results[p.energy[edge]] * volts * 1e15
                leaked = mean_leakage * p.window_ns * 1e-3
                stored = load * volts**2 if edge == "rise" else 0.0
                energies.append(given - leaked - stored)
            arc.energy[edge] = table(energies, rows)
        found.setdefault((way.output, way.pin, way.inverting), []).append((way, arc))
        charges.setdefault(way.pin, []).extend(
            abs(results[number]) / volts * 1e15 for p in points for number in p.charge.values()
        )
    cell.capacitance = {pin: sum(values) / len(values) for pin, values in charges.items()}
    share_energies([pair for pairs in found.values() for pair in pairs], loads[0] * volts**2)
    cell.arcs = [_slowest([arc for _, arc in pairs]) for pairs in found.values()]
    return cell


def share_energies(pairs: list[tuple[Way, Arc]], stored: float) -> None:
    """Count energy once where two outputs turn together.

    An output's own energy is what the cell takes while no other turns. The other output gets the
    rest of what both take, as the mean of its edges: with one of them the first output rises, with
    the other it falls. In a full adder each input alone turns the sum, in half of the cases the
    carry with it.
    """
    alone: dict[tuple[str, str, str], list[Table]] = {}
    for way, arc in pairs:
        if not way.besides:
            for edge in EDGES:
                alone.setdefault((way.output, way.pin, edge), []).append(arc.energy[edge])
    for way, arc in pairs:
        if not way.besides:
            continue
        if (way.output, way.pin, "rise") in alone:
            arc.energy = {edge: _mean(alone[way.output, way.pin, edge]) for edge in EDGES}
            continue
        rest = _mean([arc.energy[edge] for edge in EDGES])
        for other in way.besides:
            theirs = _mean([_mean(alone[other, way.pin, edge]) for edge in EDGES])
            # The other output has the least load, and charges it at one of two edges.
            rest = [
                [value - its[0] - stored / 2 for value in row]
                for row, its in zip(rest, theirs, strict=True)
            ]
        arc.energy = dict.fromkeys(EDGES, rest)


def _mean(tables: Sequence[Table]) -> Table:
    return [
        [sum(values) / len(tables) for values in zip(*rows, strict=True)]
        for rows in zip(*tables, strict=True)
    ]


_MEAN_SLEW = len(SLEWS_NS) // 2


def _slowest(arcs: list[Arc]) -> Arc:
    """Of several ways through a cell the slowest, with the mean of their energies."""
    slowest = max(arcs, key=lambda arc: sum(sum(arc.delay[edge][_MEAN_SLEW]) for edge in EDGES))
    energy = {edge: _mean([arc.energy[edge] for arc in arcs]) for edge in EDGES}
    slowest.energy.update(energy)
    return slowest


FLOP = "dff_x1"
"""The flip-flop that is used: hexcoder's registers have no asynchronous reset."""


def cells_of(process: Process) -> list[str]:
    """Names of the cells of a process that are used."""
    return sorted(name for name in (*FUNCTIONS, FLOP) if name != FULL_ADDER or process.adder)


def characterise_library(
    process: Process,
    corner: Corner,
    work: Path,
    only: Sequence[str],
    tell: Callable[[str], None],
) -> list[Characterised]:
    """Measure all cells of a process, as many at a time as there are cores."""
    drawn = read_cells(process, drawn_cells(process) / "cells.gds")
    names = [name for name in cells_of(process) if not only or name in only]

    def one(name: str) -> Characterised:
        if name == FLOP:
            found = characterise_flop(drawn[name], corner, work)
        elif inputs_of(name):
            found = characterise(drawn[name], corner, work)
        else:
            found = Characterised(name)
        tell(name)
        return found

    # The flip-flop takes longest.
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        order = sorted(names, key=lambda name: name != FLOP)
        done = dict(zip(order, pool.map(one, order), strict=True))
    return [done[name] for name in names]


def _main(arguments: Sequence[str] | None = None) -> None:
    program = "python -m hexcoder.pdk.cells.characterise"
    parser = argparse.ArgumentParser(prog=program, description=__doc__)
    parser.add_argument("process", choices=PROCESSES)
    parser.add_argument("corner", help="as the PDK's description names it: tt, ss, ff")
    parser.add_argument("output", type=Path, help="Liberty file to write")
    parser.add_argument("--cells", nargs="+", default=[], help="only these")
    parser.add_argument(
        "--into", action="store_true", help="keep the other cells of the file that is there"
    )
    given = parser.parse_args(arguments)
    process = PROCESSES[given.process]
    if given.corner not in process.corners:
        raise InputError(f"corner '{given.corner}': one of {', '.join(process.corners)}")
    corner = process.corners[given.corner]
    with tempfile.TemporaryDirectory() as work:
        cells = characterise_library(
            process, corner, Path(work), given.cells, lambda name: print(f"... {name}", flush=True)
        )
    sizes = json.loads((drawn_cells(process) / "cells.json").read_text())
    areas = {n: size["width_um"] * size["height_um"] for n, size in sizes.items()}
    text = write_liberty(
        process,
        corner,
        cells,
        areas,
        f"Cells of c4m-flexcell {version('c4m-flexcell')} drawn with {process.package} "
        f"{version(process.package)}; {ngspice_version()}; "
        f"{program} {process.name} {given.corner}",
    )
    if given.into:
        text = with_cells_of(given.output.read_text(encoding="utf-8"), text)
    partial = given.output.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(given.output)


if __name__ == "__main__":
    run_command(_main)
