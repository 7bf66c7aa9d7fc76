"""Statistics of reconstructed events: bootstrap intervals, profiles, and response.

Pure functions on arrays. A value that is not defined for an event is NaN and left out; a figure
that nothing defines is NaN. docs/statistics.md says what each figure means.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from pydantic import Field
from scipy.special import ndtr, ndtri

from hexcoder.sensor.geometry import positions_cm
from hexcoder.sensor.metrics import charge_fractions
from hexcoder.studies.record import Record

Floats = npt.NDArray[np.float64]

CONFIDENCE = 0.95
RESAMPLES = 2000
SEED = 0
"""Of the resampling, unless a caller says otherwise."""

OCCUPANCY_EDGES = (1, 2, 4, 7, 11, 16, 21, 26, 31, 37, 43, 49)
"""Numbers of TCs above zero: finer where most events are."""
CHARGE_EDGES = (1.0, *(10 ** (1 + step / 4) for step in range(13)), float(48 << 22))
"""ADC counts: four bins a decade from 10 to 10,000, and one on either side."""

# Resampled indices held at once.
_BATCH = 1 << 22


class Interval(Record):
    """A mean over events with its confidence interval, in the values' unit; NaN if none counts."""

    mean: float
    low: float
    high: float
    counted: int = Field(description="events with a value")


class Bootstrap(Record):
    """How intervals were made."""

    confidence: float
    resamples: int
    seed: int
    method: str


BOOTSTRAP = Bootstrap(confidence=CONFIDENCE, resamples=RESAMPLES, seed=SEED, method="BCa")
"""Of the files that quote intervals."""


class Bin(Record):
    """A bin of a profile, in the abscissa's unit."""

    low: float = Field(
        serialization_alias="from", description="lower edge, which belongs to the bin"
    )
    high: float = Field(serialization_alias="to")
    centre: float = Field(description="mean abscissa of the bin's events")
    emd: Interval


class Moments(Record):
    """Spread of a quantity over events, in its unit; NaN if none counts."""

    mean: float
    standard_deviation: float
    rms: float


@dataclass(frozen=True, slots=True)
class Response:
    """Reconstructed against true moments of each event; NaN where they are not defined."""

    sum_ratio: Floats  # (n,): sums of charge
    shift_cm: Floats  # (n, 2): of the mean position, x and y
    width_change_cm: Floats  # (n,): of the RMS distance of charge from its mean position


def mean_interval(
    values: Floats,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Interval:
    """Mean over events, with a bootstrap interval that allows for bias and skewness (BCa).

    Efron, J. Am. Stat. Assoc. 82 (1987) 171. The jackknife that it needs is closed for a mean. In
    values (n,), NaN marks an event that is left out; the interval covers with a probability of
    ``confidence``.
    """
    kept = np.asarray(values, dtype=np.float64)
    kept = kept[~np.isnan(kept)]
    count = len(kept)
    mean = float(kept.mean()) if count else np.nan
    if count == 0 or np.ptp(kept) == 0:
        return Interval(mean=mean, low=mean, high=mean, counted=count)
    deviations = kept - mean
    means = _resampled_means(kept, resamples, seed)
    below = ((means < mean).sum() + (means <= mean).sum()) / (2 * resamples)
    bias = ndtri(np.clip(below, 0.5 / resamples, 1 - 0.5 / resamples))
    acceleration = (deviations**3).sum() / (6 * (deviations**2).sum() ** 1.5)
    tails = bias + ndtri(np.array([(1 - confidence) / 2, (1 + confidence) / 2]))
    low, high = np.quantile(means, ndtr(bias + tails / (1 - acceleration * tails)))
    return Interval(mean=mean, low=float(low), high=float(high), counted=count)


def paired_difference(first: Floats, second: Floats) -> Interval:
    """Mean of first minus second over the events that have both, with its interval.

    What makes an event hard for both methods cancels, so that the interval is narrower than those
    of the two means tell. Both are float arrays (n,) of the same events in the same order.
    """
    return mean_interval(np.asarray(first) - np.asarray(second))


def profile(abscissa: npt.NDArray[np.number], emd: Floats, edges: Sequence[float]) -> list[Bin]:
    """Mean EMD (n,) in bins of something else (n,), between ascending edges.

    Events outside are left out, those of EMD NaN too, and so is a bin without events.
    """
    kept = ~np.isnan(emd)
    where = np.searchsorted(np.asarray(edges), abscissa, side="right") - 1
    bins = []
    for index, (low, high) in enumerate(pairwise(edges)):
        inside = kept & (where == index)
        if inside.any():
            centre = float(abscissa[inside].mean())
            bins.append(Bin(low=low, high=high, centre=centre, emd=mean_interval(emd[inside])))
    return bins


def occupancy(events: npt.NDArray[np.number]) -> npt.NDArray[np.int64]:
    """Number of TCs above zero of events (n, 48): int64 array (n,)."""
    return (np.asarray(events) > 0).sum(axis=1)


def decode_sum(codes: npt.NDArray[np.integer]) -> Floats:
    """Sums of charge, float64 (n,) in ADC counts, that codes (n,) stand for.

    The middle of the sums that have this code of :func:`hexcoder.sensor.front_end.sum_code`.
    """
    codes = np.asarray(codes, dtype=np.int64)
    exponent, mantissa = codes >> 4, codes & 15
    sums_with_this_code = 2.0 ** np.maximum(exponent - 1, 0)
    leading = np.where(exponent > 0, 16, 0)
    return (leading + mantissa) * sums_with_this_code + (sums_with_this_code - 1) / 2


def mean_position_cm(energies: npt.NDArray[np.number]) -> Floats:
    """Mean position of charge: energies (n, 48) to float64 (n, 2), cm; NaN for an empty event."""
    fractions = charge_fractions(energies)
    position = np.stack([(fractions * axis).sum(axis=1) for axis in positions_cm().T], axis=1)
    return np.where((fractions > 0).any(axis=1, keepdims=True), position, np.nan)


def rms_width_cm(energies: npt.NDArray[np.number]) -> Floats:
    """RMS distance of charge from its mean position: (n, 48) to (n,), cm; NaN for an empty event.

    The root of the sum of the variances in x and y.
    """
    offsets = positions_cm() - mean_position_cm(energies)[:, None]
    return np.sqrt((charge_fractions(energies) * (offsets**2).sum(axis=2)).sum(axis=1))


def response(true: npt.NDArray[np.number], reconstructed: npt.NDArray[np.number]) -> Response:
    """Sum, mean position and RMS width of reconstructed events against the true ones.

    Both are energies (n, 48) in ADC counts. An event that comes back empty has a ratio of sums.
    """
    true_sum = np.asarray(true).sum(axis=1, dtype=np.float64)
    ratio = np.full(len(true_sum), np.nan)
    np.divide(np.asarray(reconstructed).sum(axis=1), true_sum, out=ratio, where=true_sum > 0)
    return Response(
        ratio,
        mean_position_cm(reconstructed) - mean_position_cm(true),
        rms_width_cm(reconstructed) - rms_width_cm(true),
    )


def moments(values: Floats) -> Moments:
    """Mean, standard deviation and root mean square of values (n,), NaN left out."""
    kept = values[~np.isnan(values)]
    if kept.size == 0:
        return Moments(mean=np.nan, standard_deviation=np.nan, rms=np.nan)
    mean, deviation, rms = kept.mean(), kept.std(), np.sqrt((kept**2).mean())
    return Moments(mean=float(mean), standard_deviation=float(deviation), rms=float(rms))


def _resampled_means(values: Floats, resamples: int, seed: int) -> Floats:
    generator = np.random.default_rng(seed)
    step = max(1, _BATCH // len(values))
    parts = []
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        chosen = generator.integers(0, len(values), (rows, len(values)), dtype=np.int32)
        parts.append(values[chosen].mean(axis=1))
    return np.concatenate(parts)
