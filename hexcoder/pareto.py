"""Pareto fronts of two figures, both to be small."""

import numpy as np


def pareto_front(points: np.ndarray) -> np.ndarray:
    """Find the points that no other point beats in both figures.

    Of equal points the first counts. A point with a NaN is on no front.

    Parameters
    ----------
    points : float array (n, 2)

    Returns
    -------
    int64 array (m,)
        Rows of ``points``, the second figure rising, the first falling.
    """
    points = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    rows = np.flatnonzero(~np.isnan(points).any(axis=1))
    order = rows[np.lexsort((rows, points[rows, 0], points[rows, 1]))]
    front: list[int] = []
    best = np.inf
    for row in order:
        if points[row, 0] < best:
            best = points[row, 0]
            front.append(int(row))
    return np.array(front, dtype=np.int64)


def hypervolume(points: np.ndarray, reference: tuple[float, float]) -> float:
    """Area that points dominate, up to a reference point (Zitzler and Thiele, PPSN V (1998) 292).

    Parameters
    ----------
    points : float array (n, 2)
    reference : pair of float
        Points that do not beat it in both figures add nothing.

    Returns
    -------
    float
        In the product of the two figures' units; larger is better.
    """
    points = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    inside = points[(points < reference).all(axis=1)]
    front = inside[pareto_front(inside)]
    ends = np.append(front[1:, 1], reference[1])
    return float(((reference[0] - front[:, 0]) * (ends - front[:, 1])).sum())
