"""How far a reconstructed event is from the true one: telescope loss and earth mover's distance.

Both look at charge fractions only (each event divided by its sum), as in the ECON-T studies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import ot  # POT: exact optimal transport, compiled.

from hexcoder.sensor.geometry import distances, quadrant_sums, supercell_weights, supercells

# Charge fractions below this are rounding left over from normalisation.
_NO_CHARGE = 1e-14


@dataclass(frozen=True)
class Summary:
    """Mean, median and spread of a metric over the counted events; NaN if none was counted.

    Events where the metric is not defined (NaN) are left out.
    """

    mean: float
    median: float
    standard_deviation: float
    counted: int
    left_out: int

    @classmethod
    def of(cls, values: npt.NDArray[np.float64]) -> Summary:
        """Summarise values (n,); NaN marks an event that is left out."""
        kept = values[~np.isnan(values)]
        if kept.size == 0:
            return cls(np.nan, np.nan, np.nan, 0, len(values))
        return cls(
            mean=float(kept.mean()),
            median=float(np.median(kept)),
            standard_deviation=float(kept.std()),
            counted=len(kept),
            left_out=len(values) - len(kept),
        )


def charge_fractions(events: npt.NDArray[np.number]) -> npt.NDArray[np.float64]:
    """Divide each event (n, 48), energies not negative in any unit, by its sum.

    Rows of the float64 (n, 48) sum to 1; an all-zero event stays all zero.
    """
    energies = np.asarray(events, dtype=np.float64)
    sums = energies.sum(axis=-1, keepdims=True)
    return np.divide(energies, sums, out=np.zeros_like(energies), where=sums > 0)


def telescope_loss(
    true: npt.NDArray[np.number], predicted: npt.NDArray[np.number]
) -> npt.NDArray[np.float64]:
    """Weighted squared error of charge fractions at three granularities, of each event (n,).

    4 L48 + 2 L36 + L3 with L = mean((t - p)^2 max(t, p)) over the TCs, the 36 weighted overlapping
    supercells and the three quadrants (loss of the ECON-T autoencoder studies). Events are
    (n, 48), in any unit; all-zero ones count with zero fractions.
    """
    t, p = charge_fractions(true), charge_fractions(predicted)
    t36, p36 = t[:, supercells()].sum(axis=-1), p[:, supercells()].sum(axis=-1)
    loss48 = _weighted_square(t, p).mean(axis=-1)
    loss36 = (_weighted_square(t36, p36) * supercell_weights()).mean(axis=-1)
    loss3 = _weighted_square(quadrant_sums(t), quadrant_sums(p)).mean(axis=-1)
    return 4.0 * loss48 + 2.0 * loss36 + loss3


def earth_movers_distance(
    true: npt.NDArray[np.number], predicted: npt.NDArray[np.number]
) -> npt.NDArray[np.float64]:
    """Least charge fraction times distance that turns one event into the other.

    Exact optimal transport between charge fractions (Flamary et al., POT, JMLR 22 (2021) 78), with
    the Euclidean distance of TC centres as cost. Events are (n, 48), energies not negative, in any
    unit; the distances (n,) are in units of half a TC pitch, NaN where an event is all zero on
    either side.
    """
    surplus = charge_fractions(true) - charge_fractions(predicted)
    defined = (np.asarray(true).sum(axis=-1) > 0) & (np.asarray(predicted).sum(axis=-1) > 0)
    cost = distances()
    result = np.full(len(surplus), np.nan)
    for event in np.flatnonzero(defined):
        result[event] = _transport(surplus[event], cost)
    return result


def _transport(surplus: npt.NDArray[np.float64], cost: npt.NDArray[np.float64]) -> float:
    """Transport positive entries (48,) onto negative ones at least cost (48, 48).

    Charge that both events have in a TC can stay there, because distances obey the triangle
    inequality; taking it out first makes the problem several times smaller.
    """
    give = np.flatnonzero(surplus > _NO_CHARGE)
    take = np.flatnonzero(surplus < -_NO_CHARGE)
    if give.size == 0 or take.size == 0:
        return 0.0
    given, taken = surplus[give], -surplus[take]
    # The solver wants equal totals; they differ by rounding only.
    taken = taken * (given.sum() / taken.sum())
    # The totals are equal and no gradient is wanted: leaving both extras out halves the time.
    distance = ot.emd2(
        given, taken, cost[give[:, None], take], check_marginals=False, center_dual=False
    )
    return float(np.asarray(distance))


def _weighted_square(
    t: npt.NDArray[np.number], p: npt.NDArray[np.number]
) -> npt.NDArray[np.float64]:
    return np.square(t - p) * np.maximum(t, p)
