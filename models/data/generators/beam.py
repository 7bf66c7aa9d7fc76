"""Beam losses of two machines in one tunnel, seen by 259 monitors (a toy of the task's shape).

Each machine loses beam at places of its own, with peaks of its own width. A monitor reads the sum;
the answer is what share of it came from each machine: 518 numbers (the task: arXiv:2311.05716).
"""

import numpy as np

MONITORS = 259
PLACES = 24
CHUNK = 1000


def generate(count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Logarithms of readings (count, 259), and shares (count, 518) of the first and second."""
    fixed = np.random.default_rng(5)
    place = np.arange(MONITORS)
    shapes = []
    for width in (2.0, 6.0):
        centres = fixed.choice(MONITORS, PLACES, replace=False)
        shapes.append(np.exp(-np.abs(place - centres[:, None]) / width))
    readings, shares = [], []
    for start in range(0, count, CHUNK):
        size = min(CHUNK, count - start)
        losses = []
        for shape in shapes:
            strength = random.lognormal(0, 1.2, (size, PLACES)) * (
                random.random((size, PLACES)) < 0.35
            )
            losses.append(strength @ shape)
        total = losses[0] + losses[1] + 0.02
        readings.append(np.log(total * random.normal(1, 0.02, total.shape).clip(0.5)))
        shares.append(np.concatenate([loss / total for loss in losses], axis=1))
    return np.concatenate(readings).astype(np.float32), np.concatenate(shares).astype(np.float32)
