"""What the generator's events are fitted to: statistics of a public sample of real events.

The sample is of simulated top-quark pairs with pile-up; energies are in ADC counts per trigger cell
(TC). Only these summary figures of it are used.
"""

import numpy as np
import numpy.typing as npt

from hexcoder.sensor.generator import MIP_ADC
from hexcoder.sensor.geometry import TRIGGER_CELLS, distances

TARGETS = {
    "TCs > 0, mean": 18.4,
    "TCs > 0, standard deviation": 13.5,
    "TCs > 0, median": 15.0,
    "TCs > 35, mean": 7.5,
    "TCs > 35, standard deviation": 8.1,
    "sum, mean": 951.0,
    "sum, 5%": 55.0,
    "sum, 25%": 249.0,
    "sum, 50%": 596.0,
    "sum, 75%": 1292.0,
    "sum, 95%": 3230.0,
    "log10(sum/35), mean": 1.173,
    "log10(sum/35), standard deviation": 0.538,
    "largest TC, median": 159.0,
    "largest TC, 95%": 522.0,
    "non-zero TC, 5%": 5.0,
    "non-zero TC, 25%": 11.0,
    "non-zero TC, 50%": 26.0,
    "non-zero TC, 75%": 62.0,
    "non-zero TC, 95%": 176.0,
    "non-zero TC, 99%": 337.0,
}
"""Published value of each statistic; energies in ADC counts."""

CORRELATION_TARGETS = {
    (1.75, 1.85): 0.45,
    (1.95, 2.05): 0.435,
    (3.95, 4.05): 0.355,
    (6.0, 9.0): 0.31,
    (9.0, 14.0): 0.28,
}
"""Mean correlation of log(1 + energy) of two TCs, by range of their distance in half pitches."""


def statistics(
    events: npt.NDArray[np.int64], generator: np.random.Generator | None = None
) -> dict[str, float]:
    """Statistics of events, by the names in :data:`TARGETS`.

    Events are int64 (n, 48) in ADC counts, none all zero. A ``generator`` spreads the integers
    evenly over [-0.5, 0.5) before percentiles of small numbers are taken, so that they change
    smoothly with a parameter of a fit. By default they stay integers.
    """
    occupied = (events > 0).sum(axis=1)
    above_mip = (events > MIP_ADC).sum(axis=1)
    sums, largest, non_zero = events.sum(axis=1), events.max(axis=1), events[events > 0]
    logarithm = np.log10(sums / MIP_ADC)
    counted = occupied
    if generator is not None:
        counted = occupied + generator.uniform(-0.5, 0.5, occupied.shape)
        non_zero = non_zero + generator.uniform(-0.5, 0.5, non_zero.shape)
    values = {
        "TCs > 0, mean": occupied.mean(),
        "TCs > 0, standard deviation": occupied.std(),
        "TCs > 0, median": np.median(counted),
        "TCs > 35, mean": above_mip.mean(),
        "TCs > 35, standard deviation": above_mip.std(),
        "sum, mean": sums.mean(),
        **_percentiles("sum", sums, (5, 25, 50, 75, 95)),
        "log10(sum/35), mean": logarithm.mean(),
        "log10(sum/35), standard deviation": logarithm.std(),
        "largest TC, median": np.median(largest),
        **_percentiles("largest TC", largest, (95,)),
        **_percentiles("non-zero TC", non_zero, (5, 25, 50, 75, 95, 99)),
    }
    return {name: float(value) for name, value in values.items()}


def correlations(events: npt.NDArray[np.int64]) -> dict[tuple[float, float], float]:
    """Mean correlation of log(1 + energy) of events (n, 48), in ADC counts, by range of distance.

    Ranges are those of :data:`CORRELATION_TARGETS`.
    """
    pairs = np.triu_indices(TRIGGER_CELLS, k=1)
    correlation = np.corrcoef(np.log1p(events), rowvar=False)[pairs]
    gap = distances()[pairs]
    return {
        (least, most): float(correlation[(gap >= least) & (gap <= most)].mean())
        for least, most in CORRELATION_TARGETS
    }


def _percentiles(
    name: str, values: npt.NDArray[np.number], percents: tuple[int, ...]
) -> dict[str, float]:
    found = np.percentile(values, percents)
    return {f"{name}, {percent}%": value for percent, value in zip(percents, found, strict=True)}
