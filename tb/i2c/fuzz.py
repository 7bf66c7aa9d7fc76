"""Random activity on an I2C bus against the compiled target, held against the reference."""

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hexcoder.hw.i2c.target import I2cTarget
from hexcoder.tb.i2c.bank import BASE, READABLE, WRITABLE, reset_values
from hexcoder.tb.i2c.bus import decode
from hexcoder.tb.i2c.check import check
from hexcoder.tb.i2c.reference import BusReference
from hexcoder.tb.i2c.simulation import I2cSimulation, Recording, build_i2c_simulation
from hexcoder.tb.i2c.stimulus import REGISTERS, RESERVED, Piece, Stimulus

PER_STRETCH = 10
"""Transfers in one simulation."""
IDLE_CLOCKS = 20
"""At both ends of a simulation."""
COUNTED = (
    *("clocks", "faulty", "noise", "clear", "normal", "normal_started"),
    *("frames", "addressed", "bytes_written", "bytes_read"),
)


def _reference(device: int) -> BusReference:
    readable, writable = np.zeros((2, 1 << 16), dtype=bool)
    readable[BASE : BASE + READABLE] = True
    writable[BASE : BASE + WRITABLE] = True
    return BusReference(device, reset_values(), readable, writable)


def _wrong_answer(
    piece: Piece, bus_sda: np.ndarray, *, answers: bool, is_known: bool
) -> str | None:
    """What is wrong in the answer to a transfer without faults; data only where it is known."""
    answer = decode(piece.transfer, bus_sda)
    data = piece.data if answers else [0xFF] * len(piece.data)
    if set(answer.acknowledged) != {answers}:
        return f"a normal transfer was acknowledged {answer.acknowledged}"
    is_right = answer.data == data or not is_known
    return None if is_right else f"a normal transfer read {answer.data}, not {data}"


@dataclass(frozen=True, slots=True)
class BusMismatch:
    """Stretch, clock in it, address of the target, and what differed."""

    stretch: int
    clock: int
    device: int
    what: str


@dataclass(frozen=True, slots=True)
class FuzzVerdict:
    """What was done and seen, how much differed, and the first of it."""

    transfers: int
    seed: int
    counts: dict[str, int]
    mismatches: int
    first_mismatch: BusMismatch | None

    def line(self) -> str | None:
        """One line that says where the target first differs, or None."""
        first = self.first_mismatch
        return first and f"stretch {first.stretch}, clock {first.clock}: {first.what}"


class Fuzz:
    """Random activity, what of it was counted, and its mismatches.

    The target's filter suppresses ``spike_clocks``.
    """

    def __init__(self, simulation: I2cSimulation, spike_clocks: int, seed: int):
        self.simulation, self.spike_clocks = simulation, spike_clocks
        self.random = np.random.default_rng(seed)
        self.counts: Counter[str] = Counter(dict.fromkeys(COUNTED, 0))
        self.mismatches: list[BusMismatch] = []

    def run(self, transfers: int) -> None:
        """Run so many pieces of activity; each is followed by a transfer without faults."""
        for first in range(0, transfers, PER_STRETCH):
            self._stretch(first // PER_STRETCH, min(PER_STRETCH, transfers - first))

    def _stretch(self, number: int, transfers: int) -> None:
        """A transfer with a reset in it, then activity; all registers are read in the end."""
        is_reserved = self.random.random() < 0.1
        device = int(self.random.choice(RESERVED) if is_reserved else self.random.integers(8, 120))
        stimulus = Stimulus(self.random, device)
        cut_off = stimulus.faulty()
        pieces = [cut_off, *stimulus.pieces(transfers), stimulus.clear(), stimulus.dump()]
        idle = np.ones(IDLE_CLOCKS, dtype=np.uint8)
        scl = np.concatenate([idle, *(piece.transfer.scl for piece in pieces), idle])
        sda = np.concatenate([idle, *(piece.transfer.sda for piece in pieces), idle])
        cut = IDLE_CLOCKS + int(self.random.integers(0, len(cut_off.transfer.scl)))
        after = cut + int(self.random.integers(1, 4))
        reset = np.zeros(len(scl), dtype=np.uint8)
        reset[0] = reset[cut:after] = 1
        recording = self.simulation.run(scl, sda, reset, device)
        self.counts["clocks"] += len(scl)
        reference = _reference(device)
        starts = []
        for first, last, registers in ((1, cut, _reference(device)), (after, len(scl), reference)):
            checked = check(
                scl[first:last], recording.part(first, last), registers, self.spike_clocks
            )
            self.counts.update(
                frames=len(checked.events.frames),
                addressed=checked.addressed,
                bytes_written=checked.writes,
                bytes_read=checked.reads,
            )
            starts += [first + frame.start for frame in checked.events.frames]
            if checked.mismatch is not None:
                clock, what = checked.mismatch
                self._mismatch(number, first + clock, device, what)
        pieces[-1] = replace(pieces[-1], data=_readable(reference.values))
        self._check_answers(number, pieces, recording, np.array(starts), device)

    def _check_answers(
        self,
        number: int,
        pieces: list[Piece],
        recording: Recording,
        starts: np.ndarray,
        device: int,
    ) -> None:
        """Transfers without faults work, at once where SDA was free and always after a clear."""
        first, is_free = IDLE_CLOCKS, False
        for piece in pieces:
            self.counts[piece.kind] += 1
            last = first + len(piece.transfer.scl)
            if piece.kind == "normal":
                first_bit = first + piece.transfer.high[0, 0]
                is_seen = bool(((starts >= first) & (starts < first_bit)).any())
                problem = None
                if is_seen:
                    answers = device not in RESERVED
                    bus_sda = recording.bus_sda[first:last]
                    # Where the bus was not free before, the write may not have got through.
                    problem = _wrong_answer(piece, bus_sda, answers=answers, is_known=is_free)
                elif is_free:
                    problem = "the START of a normal transfer was not seen"
                if problem:
                    self._mismatch(number, first, device, problem)
                self.counts["normal_started"] += is_seen
                is_free = is_free or is_seen
            else:
                is_free = piece.kind == "clear"
            first = last

    def _mismatch(self, number: int, clock: int, device: int, what: str) -> None:
        self.mismatches.append(BusMismatch(number, int(clock), device, what))


def _readable(values: np.ndarray) -> list[int]:
    """What is read of the bank from its base on: ones where there is no register."""
    read = values[BASE : BASE + REGISTERS].copy()
    read[READABLE:] = 0xFF
    return read.tolist()


def fuzz(target: I2cTarget, transfers: int, seed: int, work: Path) -> FuzzVerdict:
    """Build a target with its bank in ``work`` and run random activity on it.

    ``transfers`` are pieces of random activity: transfers with faults, and noise. The same seed
    gives the same activity.
    """
    run = Fuzz(build_i2c_simulation(work, target), target.spike_clocks, seed)
    run.run(transfers)
    first = run.mismatches[0] if run.mismatches else None
    return FuzzVerdict(transfers, seed, dict(run.counts), len(run.mismatches), first)
