"""The compression that the ECON-T chip does without a network, to compare an autoencoder with.

Each baseline turns true events, int (n, 48) in ADC counts, into what the receiver would make of the
sent bits. Kept energies and sums are taken as exact: the published figures are without the chip's
float codes too. Bits are counted per event with the codes, so that methods can be compared at equal
bits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from hexcoder.sensor.geometry import QUADRANTS, TRIGGER_CELLS, coarse_groups

Events = npt.NDArray[np.int64]
Energies = npt.NDArray[np.float64]

THRESHOLD_ADC = 47
"""The usual zero-suppression threshold, 1.35 minimum-ionising particles of 35 ADC counts."""

ADDRESS_BITS = TRIGGER_CELLS
"""One bit a TC that says whether it was kept."""
ENERGY_BITS = 7
"""A kept TC's energy: 4 bits exponent, 3 bits mantissa."""
SUM_BITS = 9
"""A sum of TCs: 5 bits exponent, 4 bits mantissa."""


@dataclass(frozen=True)
class Baseline:
    """A method with its cost.

    ``reconstruct`` takes events int64 (n, 48) to energies float64 (n, 48) in ADC counts, ``bits``
    takes them to the mean number of bits per event; ``name`` is as it stands in reports.
    """

    name: str
    reconstruct: Callable[[Events], Energies]
    bits: Callable[[Events], float]


def threshold(events: Events, threshold_adc: int = THRESHOLD_ADC) -> Energies:
    """Keep the TCs with at least threshold_adc counts."""
    return np.where(events >= threshold_adc, events, 0).astype(np.float64)


def threshold_bits(events: Events, threshold_adc: int = THRESHOLD_ADC) -> float:
    """Mean bits per event of :func:`threshold`: the address bits and each kept TC's energy."""
    kept = (events >= threshold_adc).sum(axis=1)
    return float(ADDRESS_BITS + ENERGY_BITS * kept.mean())


def threshold_for_bits(events: Events, bits: float) -> int:
    """Least threshold in ADC counts at which events take no more bits than given, on average.

    A link of fixed rate needs buffers to use it: :func:`threshold` sends events of any length.
    ValueError if the address bits alone do not fit, or there is no event.
    """
    if bits < ADDRESS_BITS or not len(events):
        raise ValueError(f"threshold needs at least {ADDRESS_BITS} bits and an event, not {bits}")
    most_kept = int((bits - ADDRESS_BITS) * len(events) // ENERGY_BITS)
    largest_first = np.sort(events, axis=None)[::-1]
    # The first energy that must stay below the threshold, and with it all that are as large.
    return int(largest_first[most_kept]) + 1 if most_kept < largest_first.size else 1


def best_choice(events: Events, kept: int) -> Energies:
    """Keep the ``kept`` largest TCs of each event, of equal ones those with the lower numbers."""
    if not 1 <= kept <= TRIGGER_CELLS:
        raise ValueError(f"best choice keeps 1 to {TRIGGER_CELLS} TCs, not {kept}")
    largest = np.argsort(-events, axis=1, kind="stable")[:, :kept]
    energies = np.zeros(events.shape)
    np.put_along_axis(energies, largest, np.take_along_axis(events, largest, axis=1), axis=1)
    return energies


def best_choice_bits(kept: int) -> int:
    """Bits per event of :func:`best_choice`: address bits, sum and each kept TC's energy."""
    return ADDRESS_BITS + SUM_BITS + ENERGY_BITS * kept


def best_choice_for_bits(bits: float) -> int:
    """Most TCs that best choice can keep in some bits per event; ValueError if none fits."""
    kept = int((bits - best_choice_bits(0)) // ENERGY_BITS)
    if kept < 1:
        raise ValueError(f"best choice needs at least {best_choice_bits(1)} bits, not {bits}")
    return min(kept, TRIGGER_CELLS)


def super_trigger_cells(events: Events) -> Energies:
    """STC4: send the sum of each 2x2 TCs, and put it where the largest of the four was."""
    return _sums_at_largest(events, coarse_groups())


def super_trigger_cells_spread(events: Events) -> Energies:
    """STC4 without addresses: send the sum of each 2x2 TCs, and spread it evenly over the four."""
    energies = np.zeros(events.shape)
    groups = coarse_groups()
    energies[:, groups] = events[:, groups].sum(axis=-1, keepdims=True) / groups.shape[1]
    return energies


def quadrant_super_trigger_cells(events: Events) -> Energies:
    """STC16: send the sum of each quadrant, and put it where the largest of the sixteen was."""
    return _sums_at_largest(events, np.arange(TRIGGER_CELLS).reshape(QUADRANTS, -1))


def standard_baselines() -> tuple[Baseline, ...]:
    """The baselines for which figures are published."""
    sums = (
        ("STC4", super_trigger_cells, 12 * (SUM_BITS + 2)),
        ("STC4 spread evenly", super_trigger_cells_spread, 12 * SUM_BITS),
        ("STC16", quadrant_super_trigger_cells, 3 * (SUM_BITS + 4)),
    )
    return (
        threshold_baseline(THRESHOLD_ADC),
        *(best_choice_baseline(kept) for kept in (4, 6, 9, 14)),
        *(Baseline(name, method, lambda events, bits=bits: bits) for name, method, bits in sums),
    )


def threshold_baseline(threshold_adc: int) -> Baseline:
    """A zero-suppression threshold in ADC counts as a :class:`Baseline`."""
    return Baseline(
        f"threshold {threshold_adc} ADC",
        partial(threshold, threshold_adc=threshold_adc),
        partial(threshold_bits, threshold_adc=threshold_adc),
    )


def best_choice_baseline(kept: int) -> Baseline:
    """Best choice with a fixed number of kept TCs, 1 to 48, as a :class:`Baseline`."""
    return Baseline(
        f"best choice {kept}",
        partial(best_choice, kept=kept),
        lambda events: best_choice_bits(kept),
    )


def _sums_at_largest(events: Events, groups: npt.NDArray[np.int64]) -> Energies:
    """Put each sum over groups of TCs (groups, members) at the largest, of equal ones the first."""
    in_groups = events[:, groups]
    largest = groups[np.arange(len(groups)), in_groups.argmax(axis=-1)]
    energies = np.zeros(events.shape)
    np.put_along_axis(energies, largest, in_groups.sum(axis=-1).astype(np.float64), axis=1)
    return energies
