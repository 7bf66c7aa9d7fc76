"""Compares a recording of an I2C target with what the bus demanded of it."""

from dataclasses import dataclass

import numpy as np

from hexcoder.tb.i2c.reference import BusEvents, BusReference, bus_events, filtered
from hexcoder.tb.i2c.simulation import Recording

EDGE_CLOCKS = 3
"""From the sample that decides an edge of SCL to its effect: two of synchroniser, one register."""
CONDITION_CLOCKS = EDGE_CLOCKS + 1
"""The same for START and STOP, which need SCL's level in the next clock."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a stretch of bus activity showed.

    Frames that were the target's, bytes written and bytes taken for sending are counted; of the
    first mismatch there are its clock and what differs.
    """

    events: BusEvents
    addressed: int
    writes: int
    reads: int
    mismatch: tuple[int, str] | None


def _strobes(
    what: str, demanded: list[tuple[int, ...]], seen: list[tuple[int, ...]]
) -> tuple[int, str] | None:
    """The first strobe that differs: each is the clock, the register, and a value or none."""
    for place in range(max(len(demanded), len(seen))):
        want = demanded[place] if place < len(demanded) else None
        found = seen[place] if place < len(seen) else None
        if want != found:
            clock = min(strobe[0] for strobe in (want, found) if strobe)
            return clock, f"{what} (clock, register, value): expected {want}, got {found}"
    return None


def check(
    scl: np.ndarray, recording: Recording, reference: BusReference, spike_clocks: int
) -> Checked:
    """Check every clock of a recording that begins after a reset.

    ``scl`` is uint8 (clocks,), the recording of the same clocks; ``reference``, in its state after
    reset, takes in all frames; the target's filter suppresses ``spike_clocks``.
    """
    clocks = len(scl)
    # What happens in the last clocks has no effect within the recording.
    levels = filtered(scl[:-EDGE_CLOCKS], spike_clocks)
    events = bus_events(levels, filtered(recording.bus_sda[:-EDGE_CLOCKS], spike_clocks))
    active, addressed = np.zeros(clocks, dtype=np.uint8), 0
    writes: list[tuple[int, int, int]] = []
    reads: list[tuple[int, int]] = []
    problems: list[tuple[int, str] | None] = []
    for frame in events.frames:
        expected = reference.frame(frame)
        if frame.end < len(levels) and recording.register[frame.end] != reference.pointer:
            register = int(recording.register[frame.end])
            problems.append((frame.end, f"register is {register}, not {reference.pointer}"))
        pulled = recording.sda_low[frame.rises].tolist()
        if expected.pulls != pulled:
            bit = next(place for place, pull in enumerate(expected.pulls) if pull != pulled[place])
            problems.append((frame.rises[bit], f"bit {bit} of a frame: sda_low is {pulled[bit]}"))
        if expected.active_from is not None:
            addressed += 1
            end = frame.end + CONDITION_CLOCKS
            active[expected.active_from + EDGE_CLOCKS : end] = 1
        writes += [
            (clock + EDGE_CLOCKS, register, value) for register, value, clock in expected.writes
        ]
        reads += [(clock + EDGE_CLOCKS, register) for register, clock in expected.reads]
    written, read = np.flatnonzero(recording.write), np.flatnonzero(recording.read)
    problems += [
        _strobes(
            "write",
            [*writes],
            [
                (clock, *pair)
                for clock, pair in zip(written.tolist(), recording.writes(), strict=True)
            ],
        ),
        _strobes(
            "read",
            [*reads],
            list(zip(read.tolist(), recording.register[read].tolist(), strict=True)),
        ),
        _first(recording.active != active, "active is wrong"),
        _first(recording.sda_low > active, "sda_low while not addressed"),
        _first(_pulls_while_high(recording.sda_low, levels), "sda_low rose while SCL was high"),
    ]
    found = [problem for problem in problems if problem is not None]
    return Checked(
        events,
        addressed,
        len(writes),
        len(reads),
        min(found) if found else None,
    )


def _first(is_wrong: np.ndarray, what: str) -> tuple[int, str] | None:
    places = np.flatnonzero(is_wrong)
    return (int(places[0]), what) if len(places) else None


def _pulls_while_high(sda_low: np.ndarray, scl: np.ndarray) -> np.ndarray:
    rises = np.diff(sda_low.astype(np.int8), prepend=0) > 0
    rises[EDGE_CLOCKS:] &= scl.astype(bool)
    return rises
