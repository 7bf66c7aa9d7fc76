"""Single-event upsets: bits of a running chip are flipped, and what becomes of it is counted.

A batch streams events through 64 lanes alike. In 63 of them one bit at a time is flipped at random,
the 64th is left alone; every output and every register is compared with it, clock by clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from hexcoder.netlist.lanes import ALL, LANES, REFERENCE, Faults, spread
from hexcoder.tb.chip.session import ChipLanes
from hexcoder.tb.chip.targets import Target, register_class

WINDOW_CLOCKS = 16
"""Clocks from a flip to the verdict: the pipeline is four deep."""
_FLIP_AT = 2
_COUNTER = "corrected_count"
_ONE = np.uint64(1)


class Outcome(Enum):
    """What became of a flip.

    ``corrected``: right again after the next clock, nothing was seen outside. ``masked``: nothing
    was seen outside, and no register differs in the end. ``event``: frames were wrong or missing,
    or a byte that is being read or a count is wrong, and no other register differs in the end.
    ``reload``: a setting is wrong until it is written again. ``hung``: control differs in the end.
    """

    CORRECTED = "corrected"
    MASKED = "masked"
    EVENT = "wrong data for an event"
    RELOAD = "wrong until reloaded"
    HUNG = "hung"


_PASSING = ("shift", "sda_low", "misaligned_count")
"""Registers of a byte on its way out, its bit on the bus, and a count: no state of control."""


@dataclass(frozen=True, slots=True)
class Places:
    """What can be flipped: registers, then nets, each with its class.

    ``watched`` are the numbers of the registers that are compared: all but the counter of corrected
    flips, which is meant to differ. ``passing`` are those of them that hold no state for long.
    """

    targets: tuple[Target, ...]
    watched: np.ndarray
    passing: frozenset[int]

    @classmethod
    def of(cls, chip: ChipLanes) -> Places:
        """Of a chip."""
        registers = chip.simulation.registers
        targets = [register_class(register.path) for register in registers]
        targets += chip.transients.values()
        names = [" ".join(chip.held_names(register)) for register in registers]
        control = (Target.CONTROL, Target.I2C)
        passing = {
            number
            for number, name in enumerate(names)
            if targets[number] in control and any(part in name for part in _PASSING)
        }
        watched = [number for number, name in enumerate(names) if _COUNTER not in name]
        return cls(tuple(targets), np.array(watched, np.int64), frozenset(passing))

    def bits(self) -> dict[Target, int]:
        """How many there are of each class."""
        return dict(Counter(self.targets))


@dataclass(frozen=True, slots=True)
class Flip:
    """One flip and its outcome; ``wrong_events`` frames were wrong or missing."""

    place: int
    outcome: Outcome
    wrong_events: int


def _reference(words: np.ndarray) -> np.ndarray:
    """What the reference lane has, in all lanes."""
    return np.where(words >> np.uint64(REFERENCE) & _ONE, ALL, np.uint64(0))


def _lane(words: np.ndarray, lane: int) -> np.ndarray:
    return (words >> np.uint64(lane) & _ONE).astype(bool)


def run_batch(
    chip: ChipLanes,
    places: Places,
    chosen: Sequence[int],
    words: np.ndarray,
    scl: np.ndarray,
    sda: np.ndarray,
) -> list[Flip]:
    """Flip up to 63 places, one a lane, while events pass.

    The chip is loaded, in the state from which the batch starts; it is left with all lanes alike.
    ``chosen`` are places, as numbered by ``places``; ``words``, int64 (WINDOW_CLOCKS, inputs), of
    events; ``scl`` and ``sda``, uint8 (WINDOW_CLOCKS,), levels that the controller drives.
    """
    assert len(chosen) < LANES
    assert words.shape == (WINDOW_CLOCKS, chip.pins.inputs)
    count = len(chosen)
    lanes = _ONE << np.arange(count, dtype=np.uint64)
    faults = Faults(np.full(count, _FLIP_AT), np.array(chosen, np.int64), lanes)
    events = np.column_stack([np.ones((len(words), 1), np.uint8), chip.pins.bits(words)])
    outputs, differs = chip.drive(spread(events), scl, sda, faults=faults, watched=places.watched)
    wrong = outputs ^ _reference(outputs)
    # A frame counts where it is valid in either; SDA pulled low is seen outside as well.
    frames = np.bitwise_or.reduce(wrong[:, 1:-1], axis=1) & outputs[:, 0]
    seen = wrong[:, 0] | frames | wrong[:, -1]
    state = chip.simulation.state[places.watched]
    last = state ^ _reference(state)
    flips = []
    for lane, place in enumerate(chosen):
        wrong_events = int(_lane(seen, lane).sum())
        left = set(places.watched[np.flatnonzero(_lane(last, lane))].tolist())
        classes = {places.targets[register] for register in left - places.passing}
        if classes & {Target.CONTROL, Target.I2C}:
            outcome = Outcome.HUNG
        elif classes:
            outcome = Outcome.RELOAD
        elif wrong_events or left:
            outcome = Outcome.EVENT
        elif not places.targets[place].is_transient and not _lane(differs[_FLIP_AT:], lane).any():
            outcome = Outcome.CORRECTED
        else:
            outcome = Outcome.MASKED
        flips.append(Flip(place, outcome, wrong_events))
    chip.simulation.state = _reference(chip.simulation.state)
    return flips
