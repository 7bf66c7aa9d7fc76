"""Hits of a shower in a calorimeter: electron or hadron? (a toy).

An electron's shower is narrow and starts early; a hadron's is wide, starts anywhere, and has
clumps. There are 16 hits, the strongest first; a shower of fewer has zeros.
"""

import numpy as np

HITS = 16


def generate(count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(count, 16, 4): place across (2) and along, share of the energy; 1 for an electron."""
    electron = random.random(count) < 0.5
    flag = electron[:, None]
    alive = np.arange(HITS) < random.integers(8, HITS + 1, count)[:, None]
    start = np.where(electron, random.gamma(2, 0.08, count), random.uniform(0, 0.8, count))
    depth = start[:, None] + random.gamma(2.0, np.where(flag, 0.10, 0.13), alive.shape)
    width = np.where(flag, 0.12, 0.22) * random.lognormal(0, 0.5, (count, 1))
    across = random.normal(0, 1, (count, HITS, 2)) * (width * (0.5 + depth))[:, :, None]
    energy = random.gamma(np.where(flag, 1.5, 0.7), 1.0, alive.shape)
    energy *= np.exp(-2 * np.abs(across).sum(axis=2) / (width + 0.1)) * alive
    energy /= energy.sum(axis=1, keepdims=True) + 1e-6
    hits = np.concatenate([across, depth[:, :, None], energy[:, :, None]], axis=2)
    hits *= alive[:, :, None]
    order = np.argsort(-energy, axis=1)
    return np.take_along_axis(hits, order[:, :, None], axis=1).astype(np.float32), electron.astype(
        np.int64
    )
