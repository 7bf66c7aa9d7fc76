"""Steps, tables and modes of an adaptive code, counted from events.

Every event wants the finest step whose code fits. Modes, each a step and a table, are chosen
greedily by the error that they leave; then each table is counted anew from events that chose it,
and modes are chosen again (Lloyd's iteration, IEEE Trans. Inf. Theory 28 (1982) 129).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hexcoder.config import Coded
from hexcoder.sensor.codec.codec import Codec, Mode, Symbols
from hexcoder.sensor.codec.golden import charges, classes, joined, quantise
from hexcoder.sensor.codec.prefix import limited_lengths
from hexcoder.sensor.front_end import SUM_CODE_BITS
from hexcoder.sensor.geometry import QUADRANTS, SIDE, coarse_groups, supercells
from hexcoder.sensor.metrics import charge_fractions

ROUNDS = 4
FACTORS = (4, 5, 6, 7)
"""Quarters of an octave, nearly: a step is a power of two over one of these."""
CURVE = ((0, 0), (0, 1), (1, 1), (1, 0), (2, 0), (3, 0), (3, 1), (2, 1),
         (2, 2), (3, 2), (3, 3), (2, 3), (1, 3), (1, 2), (0, 2), (0, 3))  # fmt: skip
"""Row and column along Hilbert's curve through a quadrant: neighbours follow each other."""
PRIOR_EVENTS = 20.0
"""Symbols that a table takes over from the mean of all events."""
UNFIT = 24.0
"""Error that stands for a code that does not fit: above all others."""
COARSE_WEIGHTS = (0.3, 1.0)
"""Of differences in overlapping 2x2 sums and in the twelve 2x2 groups, beside those in cells."""


def hilbert_paths() -> list[list[int]]:
    """Trigger cells along a Hilbert curve in each quadrant."""
    inside = [row * SIDE + column for row, column in CURVE]
    return [[quadrant * SIDE * SIDE + cell for cell in inside] for quadrant in range(QUADRANTS)]


def _shape(fractions: np.ndarray) -> np.ndarray:
    """Fractions in cells and sums of cells, so that a difference far away counts more."""
    overlapping, groups = COARSE_WEIGHTS
    parts = (
        fractions,
        overlapping * fractions[:, supercells()].sum(axis=2),
        groups * fractions[:, coarse_groups()].sum(axis=2),
    )
    return np.concatenate(parts, axis=1)


@dataclass(frozen=True)
class _Candidates:
    """What every step would make of every event.

    Parameters
    ----------
    steps : list of (shift, factor), the finest first
    symbols : int array (steps, events, symbols)
    behind : int array (steps, events)
        Bits behind the symbols.
    errors : float array (steps, events)
    """

    steps: list[tuple[int, int]]
    symbols: np.ndarray
    behind: np.ndarray
    errors: np.ndarray


def _codec(name: str, shape: Coded, modes: list[Mode], tables: list[list[int]]) -> Codec:
    return Codec(
        name=name,
        frame_bits=shape.frame_bits,
        fraction_bits=shape.fraction_bits,
        residue_bits=shape.residue_bits,
        paths=tuple(tuple(path) for path in hilbert_paths()),
        symbols=Symbols(cells=shape.cells, direct=shape.direct, longest=shape.longest),
        tables=tuple(tuple(table) for table in tables),
        modes=tuple(modes),
    )


def _candidates(codec: Codec, events: np.ndarray) -> _Candidates:
    normalised, true = charges(codec, events), _shape(charge_fractions(events))
    symbols, behind, errors = [], [], []
    for shift, factor in codec.steps:
        values = quantise(codec, normalised, shift, factor)
        kinds, bits, _ = classes(codec, values)
        symbols.append(joined(codec, kinds).astype(np.int16))
        behind.append(bits.sum(axis=1))
        values[values.sum(axis=1) == 0] = 1
        errors.append(np.abs(_shape(charge_fractions(values)) - true).sum(axis=1))
    return _Candidates(codec.steps, np.array(symbols), np.array(behind), np.array(errors))


class _Search:
    """Modes and tables for some events."""

    def __init__(self, shape: Coded, found: _Candidates, count: int, payload_bits: int):
        self.shape, self.found, self.count, self.payload = shape, found, count, payload_bits
        everywhere = np.bincount(found.symbols.ravel(), minlength=count) + 0.1
        self.prior = PRIOR_EVENTS * everywhere / everywhere.sum() + 0.02

    def table(self, symbols: np.ndarray) -> tuple[int, ...]:
        """Code lengths for symbols that were seen."""
        counts = np.bincount(symbols.ravel(), minlength=self.count)
        return tuple(limited_lengths(counts + self.prior, self.shape.word_bits))

    def first_tables(self, parts: int = 8) -> list[tuple[int, ...]]:
        """Tables of fuller and emptier events, at finer and coarser steps."""
        symbols = self.found.symbols
        middle = len(symbols) // 2
        ranked = np.argsort((symbols[middle] == 0).sum(axis=1), kind="stable")
        return [
            self.table(symbols[steps][:, rows])
            for rows in np.array_split(ranked, parts)
            for steps in (slice(middle), slice(middle, None))
        ]

    def choose(self, tables: list[tuple[int, ...]]) -> tuple[float, list[tuple[int, int]]]:
        """Greedy modes, as (step, table), and the mean error that they leave."""
        lengths = np.array(tables, dtype=np.int32)
        found, steps = self.found, len(self.found.steps)
        costs = np.empty((steps, len(tables), found.errors.shape[1]), dtype=np.float32)
        for step in range(steps):
            for number, table in enumerate(lengths):
                bits = table[found.symbols[step]].sum(axis=1) + found.behind[step]
                costs[step, number] = np.where(bits <= self.payload, found.errors[step], UNFIT)
        left = np.full(costs.shape[2], UNFIT, dtype=np.float32)
        modes: list[tuple[int, int]] = []
        while len(modes) < self.shape.modes:
            taken = [step for step, _ in modes]
            totals = np.minimum(costs, left).sum(axis=2, dtype=np.float64)
            for step in range(steps):
                is_new = step not in taken and len(set(taken)) >= self.shape.steps
                if is_new or taken.count(step) >= self.shape.step_tables:
                    totals[step] = np.inf
            best = np.unravel_index(totals.argmin(), totals.shape)
            if not totals[best] < left.sum(dtype=np.float64) * (1 - 1e-6):
                break
            modes.append((int(best[0]), int(best[1])))
            left = np.minimum(left, costs[best])
        return float(left.mean()), modes

    def refined(
        self, tables: list[tuple[int, ...]], modes: list[tuple[int, int]]
    ) -> list[tuple[int, ...]]:
        """Tables counted from the events that choose each mode, and those that the modes use."""
        lengths, found = np.array(tables, dtype=np.int32), self.found
        costs = []
        for step, number in modes:
            bits = lengths[number][found.symbols[step]].sum(axis=1) + found.behind[step]
            costs.append(np.where(bits <= self.payload, found.errors[step], UNFIT))
        chosen = np.argmin(costs, axis=0)
        new = [
            self.table(found.symbols[step][chosen == number])
            for number, (step, _) in enumerate(modes)
            if (chosen == number).sum() > 5
        ]
        return list(dict.fromkeys(new + [tables[number] for _, number in modes]))


def count_codec(
    name: str,
    shape: Coded,
    events: np.ndarray,
    progress: Callable[[float], None] = lambda part: None,
) -> Codec:
    """An adaptive code for events like these.

    Parameters
    ----------
    events : int array (n, 48), ADC counts
        Those without charge are left out.

    Raises
    ------
    ValueError
        If the shape's symbols cannot be, or no event fits a frame.
    """
    events = events[events.sum(axis=1) > 0]
    symbols = Symbols(cells=shape.cells, direct=shape.direct, longest=shape.longest)
    shifts = range(2, shape.fraction_bits + 4)
    steps = [(shift, factor) for shift in shifts for factor in FACTORS]
    steps.sort(key=lambda step: 2.0 ** step[0] / step[1])
    uniform = limited_lengths(np.ones(symbols.count), shape.word_bits)
    every = [Mode(shift=shift, factor=factor, table=0) for shift, factor in steps]
    found = _candidates(_codec(name, shape, every, [uniform]), events)
    payload = shape.frame_bits - SUM_CODE_BITS - (shape.modes - 1).bit_length()
    search = _Search(shape, found, symbols.count, payload)
    tables = search.first_tables()
    best: tuple[float, list[Mode], list[list[int]]] | None = None
    for turn in range(ROUNDS + 1):
        error, modes = search.choose(tables)
        if not modes:
            raise ValueError(f"no event fits a frame of {shape.frame_bits} bits")
        if best is None or error < best[0]:
            best = error, *_named(found.steps, modes, tables)
        progress((turn + 1) / (ROUNDS + 1))
        kept = [tuple(table) for table in best[2]]
        tables = list(dict.fromkeys([*search.refined(tables, modes), *kept]))
    assert best is not None
    return _codec(name, shape, best[1], best[2])


def _named(
    steps: list[tuple[int, int]], modes: list[tuple[int, int]], tables: list[tuple[int, ...]]
) -> tuple[list[Mode], list[list[int]]]:
    """Modes in order with the tables that they use, each once."""
    ordered = sorted(modes)
    used = list(dict.fromkeys(tables[number] for _, number in ordered))
    named = [
        Mode(shift=steps[step][0], factor=steps[step][1], table=used.index(tables[number]))
        for step, number in ordered
    ]
    return named, [list(table) for table in used]
