"""Ten particles of a jet: is it of a b quark? (a toy of displaced tracks).

A b jet has some particles that start at a decay vertex millimetres away: their impact parameters
are large in units of their errors. Others stem from the beam's collision.
"""

import numpy as np

PARTICLES = 10


def generate(count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(count, 10, 4): momentum fraction, distances in eta and phi, impact parameter; 1 for b."""
    is_b = random.random(count) < 0.5
    alive = random.integers(4, PARTICLES + 1, count)[:, None] > np.arange(PARTICLES)
    fraction = random.beta(0.8, 5, alive.shape) * alive
    fraction = -np.sort(-fraction, axis=1)
    fraction /= fraction.sum(axis=1, keepdims=True)
    angles = random.normal(0, 0.06, (*alive.shape, 2)) * (0.3 / (fraction + 0.1))[:, :, None]
    displaced = is_b[:, None] & (random.random(alive.shape) < 0.45)
    # A few light jets hold particles that lived long, too.
    displaced |= ~is_b[:, None] & (random.random(alive.shape) < 0.04)
    flight = random.exponential(5.0, (count, 1))
    impact = random.normal(0, 1.0, alive.shape) + displaced * flight * random.normal(
        0.8, 0.4, alive.shape
    )
    impact = np.sign(impact) * np.log1p(np.abs(impact))
    inputs = np.concatenate([fraction[:, :, None], angles, impact[:, :, None]], axis=2)
    return (inputs * alive[:, :, None]).astype(np.float32), is_b.astype(np.int64)
