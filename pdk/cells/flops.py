"""Characterise a rising-edge flip-flop: delays, setup, hold, energies."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hexcoder.errors import InputError
from hexcoder.pdk.cells.characterised import (
    CONSTRAINT_SLEWS_NS,
    EDGES,
    Arc,
    Characterised,
    Constraint,
    Table,
    loads_of,
    table,
)
from hexcoder.pdk.cells.extraction import DrawnCell
from hexcoder.pdk.cells.functions import FLOP_PINS
from hexcoder.pdk.cells.measurement import HIGH, LOW, Bench, ramp_of
from hexcoder.pdk.process import SLEWS_NS, Corner

CLOCK, DATA, OUTPUT = FLOP_PINS["clock"], FLOP_PINS["data"], FLOP_PINS["output"]

# Times of a run, ns: a first clock pulse sets the state, the second edge is the one measured.
FIRST, FIRST_ENDS, CAPTURE, CAPTURE_ENDS, END = 2.0, 5.0, 9.0, 15.0, 21.0
WINDOW = 4.5

PUSH_OUT = 1.1
"""Setup and hold end where the delay from clock to output has grown by so much."""

TRIALS = 13
WIDEST_NS = 1.2


def _clock(bench: Bench, slew: float, later: float = 0.0) -> None:
    """Two pulses; the middle of the second one's first edge is ``later`` after CAPTURE."""
    ramp = ramp_of(slew)
    times = (FIRST, FIRST_ENDS, CAPTURE + later, CAPTURE_ENDS + later)
    starts = [time - ramp / 2 for time in times]
    bench.edges(CLOCK, 0, starts, ramp)


def _delay(bench: Bench, edge: str, later: float = 0.0) -> int:
    half = bench.corner.volts / 2
    return bench.measure(
        f"trig v({CLOCK}) val={half:.6g} rise=2 targ v({OUTPUT}) val={half:.6g} {edge}=1 "
        f"td={CAPTURE + later - 1:.6g}n"
    )


@dataclass(frozen=True)
class _Capture:
    delay: int
    transition: int
    energy: int


def _captures(bench: Bench) -> list[tuple[str, float, float, _Capture]]:
    """Clock to output over all slews and loads, for both values of the data."""
    found = []
    volts = bench.corner.volts
    for edge in EDGES:
        for slew in SLEWS_NS:
            for load in loads_of(bench.cell.name):
                bench.load(OUTPUT, load)
                bench.edges(DATA, int(edge == "fall"), [(FIRST_ENDS + CAPTURE) / 2], 0.05)
                _clock(bench, slew)
                bench.run_for(CAPTURE_ENDS - 1, 0.01)
                ends = (LOW * volts, HIGH * volts)
                first, last = ends if edge == "rise" else ends[::-1]
                start = CAPTURE - ramp_of(slew) / 2
                delay = _delay(bench, edge)
                transition = bench.measure(
                    f"trig v({OUTPUT}) val={first:.6g} {edge}=1 td={CAPTURE - 1:.6g}n "
                    f"targ v({OUTPUT}) val={last:.6g} {edge}=1 td={CAPTURE - 1:.6g}n"
                )
                energy = bench.measure(
                    f"integ i(vsupply) from={start:.6g}n to={start + WINDOW:.6g}n"
                )
                bench.forget()
                found.append((edge, slew, load, _Capture(delay, transition, energy)))
    return found


@dataclass(frozen=True)
class _Idle:
    """Energies of clock and data edges that change no output, and the current at rest."""

    clock: dict[str, list[int]]
    clock_charge: dict[str, list[int]]
    data: dict[str, list[int]]
    data_charge: dict[str, list[int]]
    rest: list[tuple[str, int]]


def _idle(bench: Bench) -> _Idle:
    clock: dict[str, list[int]] = {edge: [] for edge in EDGES}
    clock_charge: dict[str, list[int]] = {edge: [] for edge in EDGES}
    data: dict[str, list[int]] = {edge: [] for edge in EDGES}
    data_charge: dict[str, list[int]] = {edge: [] for edge in EDGES}
    rest = []
    bench.load(OUTPUT, loads_of(bench.cell.name)[2])
    for slew in bench.cell.process.slews_ns:
        ramp = ramp_of(slew)
        for value in (0, 1) if slew in SLEWS_NS else ():
            bench.hold(DATA, value)
            _clock(bench, slew)
            bench.run_for(END, 0.01)
            for edge, time in zip(EDGES, (CAPTURE, CAPTURE_ENDS), strict=True):
                span = f"from={time - ramp / 2:.6g}n to={time - ramp / 2 + WINDOW:.6g}n"
                clock[edge].append(bench.measure(f"integ i(vsupply) {span}"))
                clock_charge[edge].append(bench.measure(f"integ i(v{CLOCK}) {span}"))
            if slew == SLEWS_NS[0]:
                for level, end in ((1, CAPTURE_ENDS - 0.1), (0, END - 0.1)):
                    number = bench.measure(f"avg i(vsupply) from={end - 0.5:.6g}n to={end:.6g}n")
                    state = f"{'' if level else '!'}{CLOCK}&{'' if value else '!'}{DATA}"
                    rest.append((state, number))
            bench.forget()
        bench.hold(CLOCK, 0)
        bench.edges(DATA, 0, [FIRST, CAPTURE], ramp)
        bench.run_for(END, 0.01)
        for edge, time in zip(EDGES, (FIRST, CAPTURE), strict=True):
            span = f"from={time:.6g}n to={time + ramp + 1.5:.6g}n"
            data[edge].append(bench.measure(f"integ i(vsupply) {span}"))
            data_charge[edge].append(bench.measure(f"integ i(v{DATA}) {span}"))
        bench.forget()
    return _Idle(clock, clock_charge, data, data_charge, rest)


def _later(data_slew: float) -> float:
    """By how much a slow edge of data puts off the clock's, so that two of them have room."""
    return 2 * ramp_of(data_slew) if data_slew > SLEWS_NS[-1] else 0.0


def _widest(data_slew: float) -> float:
    """How far from the clock setup and hold are sought, ns."""
    return WIDEST_NS + (data_slew if data_slew > SLEWS_NS[-1] else 0.0)


def _trial(bench: Bench, kind: str, edge: str, slews: tuple[float, float], offset: float):
    """A data edge ``offset`` before (setup) or after (hold) the clock's; delay and last value."""
    clock_slew, data_slew = slews
    ramp = ramp_of(data_slew)
    later = _later(data_slew)
    capture, ends = CAPTURE + later, CAPTURE_ENDS + later
    old = int(edge == "fall")
    if kind == "setup":
        bench.edges(DATA, old, [capture - offset - ramp / 2], ramp)
    else:
        # The value that is captured comes early and leaves with the edge in question.
        bench.edges(DATA, 1 - old, [FIRST_ENDS + 1, capture + offset - ramp / 2], ramp)
    _clock(bench, clock_slew, later)
    bench.run_for(ends - 1, 0.02)
    output = edge if kind == "setup" else EDGES[1 - EDGES.index(edge)]
    delay = _delay(bench, output, later)
    last = bench.measure(f"find v({OUTPUT}) at={ends - 1.1:.6g}n")
    bench.forget()
    return delay, last, int(output == "rise")


def _boundary(passed: Sequence[bool], offsets: Sequence[float], what: str) -> tuple[float, float]:
    """Last offset that failed and first from which on all passed."""
    if not passed[-1]:
        raise InputError(f"{what}: no capture even {offsets[-1]:.2f} ns away from the clock")
    place = max((k for k, ok in enumerate(passed) if not ok), default=-1)
    return offsets[max(place, 0)], offsets[min(place + 1, len(offsets) - 1)]


def _constraints(drawn: DrawnCell, pins: list[str], corner: Corner, folder: Path, nominal):
    """Setup and hold by two rounds of trials, the second between the last failed and passed."""
    cases = [
        (kind, edge, (clock, data))
        for kind in ("setup", "hold")
        for edge in EDGES
        for clock in CONSTRAINT_SLEWS_NS
        for data in (*CONSTRAINT_SLEWS_NS, drawn.process.slowest_ns)
    ]
    ranges = [(-_widest(data), _widest(data)) for _, _, (_, data) in cases]
    load = loads_of(drawn.name)[2]
    for _ in range(2):
        bench = Bench(drawn, pins, [OUTPUT], corner)
        bench.load(OUTPUT, load)
        offsets = [
            [low + (high - low) * k / (TRIALS - 1) for k in range(TRIALS)] for low, high in ranges
        ]
        numbers = [
            [_trial(bench, *case, offset) for offset in row]
            for case, row in zip(cases, offsets, strict=True)
        ]
        results = bench.run(folder)
        for place, ((kind, edge, (clock, _)), row) in enumerate(zip(cases, numbers, strict=True)):
            output = edge if kind == "setup" else EDGES[1 - EDGES.index(edge)]
            limit = PUSH_OUT * nominal[output, clock]
            passed = [
                delay in results
                and 0 < results[delay] * 1e9 <= limit
                and (results[last] > corner.volts / 2) == bool(value)
                for delay, last, value in row
            ]
            what = f"cell {drawn.name}, {corner.name}, {kind}"
            ranges[place] = _boundary(passed, offsets[place], what)
    found = []
    size = len(CONSTRAINT_SLEWS_NS)
    for kind in ("setup", "hold"):
        tables: dict[str, Table] = {}
        for edge in EDGES:
            values = [
                high for (k, e, _), (_, high) in zip(cases, ranges, strict=True)
                if (k, e) == (kind, edge)
            ]  # fmt: skip
            tables[edge] = table(values, size)
        found.append(Constraint(kind, tables))
    return found


def characterise_flop(drawn: DrawnCell, corner: Corner, folder: Path) -> Characterised:
    """Measure a flip-flop without reset, that takes its data on the clock's rise."""
    pins = ["vdd", "vss", DATA, CLOCK, OUTPUT]
    bench = Bench(drawn, pins, [OUTPUT], corner)
    captures, idle = _captures(bench), _idle(bench)
    results = bench.run(folder)
    volts = corner.volts

    def energy(number: int, leaked: float, nanoseconds: float) -> float:
        return -results[number] * volts * 1e15 - leaked * nanoseconds * 1e-3

    cell = Characterised(drawn.name)
    cell.leakage = [
        (state, max(-results[number], 0.0) * volts * 1e9) for state, number in idle.rest
    ]
    leaked = sum(value for _, value in cell.leakage) / len(cell.leakage)
    per_value = len(("0", "1"))
    for pin, numbers in ((CLOCK, idle.clock), (DATA, idle.data)):
        count = per_value if pin == CLOCK else 1
        cell.pin_energy[pin] = {}
        for edge in EDGES:
            values = []
            slews = SLEWS_NS if pin == CLOCK else drawn.process.slews_ns
            for place, slew in enumerate(slews):
                window = WINDOW if pin == CLOCK else ramp_of(slew) + 1.5
                part = numbers[edge][place * count : (place + 1) * count]
                values.append(sum(energy(n, leaked, window) for n in part) / count)
            cell.pin_energy[pin][edge] = values
    for pin, charges in ((CLOCK, idle.clock_charge), (DATA, idle.data_charge)):
        values = [abs(results[n]) / volts * 1e15 for edge in EDGES for n in charges[edge]]
        cell.capacitance[pin] = sum(values) / len(values)
    arc = Arc(OUTPUT, CLOCK, "non_unate", "rising_edge")
    for edge in EDGES:
        mine = [c for c in captures if c[0] == edge]
        rows = len(SLEWS_NS)
        arc.delay[edge] = table([results[c.delay] * 1e9 for *_, c in mine], rows)
        arc.transition[edge] = table([results[c.transition] * 1e9 for *_, c in mine], rows)
        energies = []
        for _, slew, load, c in mine:
            stored = load * volts**2 if edge == "rise" else 0.0
            clock = cell.pin_energy[CLOCK]["rise"][SLEWS_NS.index(slew)]
            energies.append(energy(c.energy, leaked, WINDOW) - stored - clock)
        arc.energy[edge] = table(energies, rows)
    cell.arcs = [arc]
    middle = LOAD_OF_CONSTRAINTS
    nominal = {}
    for edge in EDGES:
        for slew in CONSTRAINT_SLEWS_NS:
            row = arc.delay[edge]
            nominal[edge, slew] = _between(SLEWS_NS, [r[middle] for r in row], slew)
    cell.constraints = _constraints(drawn, pins, corner, folder, nominal)
    return cell


LOAD_OF_CONSTRAINTS = 2


def _between(places: Sequence[float], values: Sequence[float], place: float) -> float:
    """Linear interpolation."""
    for k in range(len(places) - 1):
        if place <= places[k + 1]:
            part = (place - places[k]) / (places[k + 1] - places[k])
            return values[k] + part * (values[k + 1] - values[k])
    return values[-1]
