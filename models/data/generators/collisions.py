"""Collisions as a trigger sees them, with some anomalies among them (a toy).

57 numbers: missing energy and its angle, the sum of the jets' momenta, then 4 electrons, 4 muons
and 10 jets with momentum, eta and phi. Momenta fall steeply. An anomaly holds a heavy resonance
besides: two hard objects back to back, and missing energy.
"""

import numpy as np

OBJECTS = ((4, 8.0, 0.5), (4, 6.0, 0.35), (10, 25.0, 3.5))
"""Most of a kind, scale of momentum in GeV, mean number."""
SHARE = 0.1
"""Anomalies among all."""


def generate(count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(count, 57), momenta as log2(1 + GeV), eta and phi in quarters; 1 for an anomaly."""
    anomaly = random.random(count) < SHARE
    phi_of = random.uniform(-np.pi, np.pi, count)
    heavy = random.normal(350, 60, count) / 2
    kind = random.integers(0, 3, count)
    columns = []
    jets = np.zeros(count)
    for number, (most, scale, mean) in enumerate(OBJECTS):
        alive = np.arange(most) < random.poisson(mean, count)[:, None]
        pt = scale * (random.pareto(2.5, alive.shape) + 0.3) * alive
        eta = random.normal(0, 1.2, alive.shape) * alive
        phi = random.uniform(-np.pi, np.pi, alive.shape) * alive
        hit = anomaly & (kind == number)
        for place, side in enumerate((0.0, np.pi)):
            pt[hit, place] = heavy[hit] * random.uniform(0.8, 1.2, hit.sum())
            eta[hit, place] = random.normal(0, 0.8, hit.sum())
            phi[hit, place] = (phi_of[hit] + side + np.pi) % (2 * np.pi) - np.pi
        order = np.argsort(-pt, axis=1)
        pt, eta, phi = (np.take_along_axis(one, order, axis=1) for one in (pt, eta, phi))
        jets = pt.sum(axis=1)
        columns.append(np.stack([np.log2(1 + pt), eta / 4, phi / 4], axis=2).reshape(count, -1))
    missing = random.gamma(2, 10, count) + anomaly * random.exponential(80, count)
    head = [np.log2(1 + missing), random.uniform(-np.pi, np.pi, count) / 4, np.log2(1 + jets)]
    inputs = np.concatenate([np.stack(head, axis=1), *columns], axis=1)
    return inputs.astype(np.float32), anomaly.astype(np.int64)
