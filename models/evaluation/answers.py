"""How well a network answers, by its golden model."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from hexcoder.metrics.train import TaskFigures
from hexcoder.models.decoder import Decoder
from hexcoder.network.golden import evaluate
from hexcoder.network.real_values import to_integers, to_reals
from hexcoder.network.schema import Network
from hexcoder.sensor.metrics import earth_movers_distance


def answer(network: Network, inputs: np.ndarray) -> np.ndarray:
    """Real outputs (n, outputs) to real inputs (n, ...), through the integers of the hardware."""
    return to_reals(network, evaluate(network, to_integers(network, inputs)))


def reconstruct_shares(network: Network, decoder: Decoder, inputs: np.ndarray) -> np.ndarray:
    """Charge fractions (n, 48) that a decoder makes of the outputs to real inputs (n, ...)."""
    found = evaluate(network, to_integers(network, inputs))
    return decoder.decode(found, np.zeros((len(found), 0)))


def figures_of(kind: str, found: np.ndarray, wanted: np.ndarray) -> TaskFigures:
    """Compare outputs with answers.

    Parameters
    ----------
    kind : str
        ``"classifier"``, ``"regressor"``, ``"anomaly"``, or ``"encoder"`` with what its decoder
        brings back.
    found : float array (n, outputs)
    wanted : array (n,) or (n, outputs)
        Classes, numbers, or 0 and 1.
    """
    count, wanted = len(found), np.asarray(wanted).reshape(len(found), -1)
    if kind == "regressor":
        error = found - wanted
        spread = wanted.var(axis=0).mean()
        return TaskFigures(
            samples=count,
            rms_error=float(np.sqrt((error**2).mean())),
            explained_variance=float(1 - (error**2).mean() / spread) if spread else None,
        )
    if kind == "encoder":
        distance = earth_movers_distance(wanted, found)
        return TaskFigures(samples=count, emd_mean=float(np.nanmean(distance)))
    if kind == "anomaly":
        return TaskFigures(samples=count, area_under_curve=_area(found[:, 0], wanted[:, 0] > 0))
    if wanted.shape[1] == 1 and found.shape[1] > 1:
        classes = wanted[:, 0]
        areas = [_area(found[:, one], classes == one) for one in range(found.shape[1])]
        known = [area for area in areas if area is not None]
        return TaskFigures(
            samples=count,
            accuracy=float((found.argmax(axis=1) == classes).mean()),
            area_under_curve=float(np.mean(known)) if known else None,
        )
    return TaskFigures(
        samples=count,
        accuracy=float(((found > 0) == (wanted > 0)).mean()),
        area_under_curve=_area(found.ravel(), wanted.ravel() > 0),
    )


def _area(score: np.ndarray, true: np.ndarray) -> float | None:
    """Area under the receiver operating characteristic: chance that a true one scores higher.

    From ranks, equal scores counted half (Mann and Whitney, Ann. Math. Stat. 18 (1947) 50).
    """
    positive, negative = int(true.sum()), int((~true).sum())
    if not positive or not negative:
        return None
    ranks = rankdata(score)[true].sum()
    return float((ranks - positive * (positive + 1) / 2) / (positive * negative))
