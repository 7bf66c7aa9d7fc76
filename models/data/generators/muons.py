"""Momentum of a muon from angles in four stations outside of a magnet's coil (a toy).

The bending is proportional to charge over momentum; multiple scattering, which falls with momentum
too, and the resolution of the chambers blur it.
"""

import numpy as np

BENDING = (1.0, 0.55, 0.2)
"""Degrees between stations for 1 / (10 GeV)."""


def generate(count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(count, 8): angles between stations, of tracks in stations, eta; 10 GeV times charge / pt."""
    inverse = random.uniform(0.05, 3.0, count) * random.choice([-1, 1], count)
    eta = random.uniform(-1.2, 1.2, count)
    path = np.cosh(eta)
    between = np.array(BENDING) * inverse[:, None] * path[:, None] ** -0.5
    between += random.normal(0, 0.08, between.shape) * np.abs(inverse)[:, None] ** 0.9
    own = np.array([0.8, 0.6, 0.3, 0.1]) * inverse[:, None]
    own += random.normal(0, 0.1, own.shape) * np.abs(inverse)[:, None]
    angles = np.concatenate([between, own], axis=1)
    angles += random.normal(0, 0.01, angles.shape)
    inputs = np.concatenate([angles, eta[:, None]], axis=1)
    return inputs.astype(np.float32), inverse[:, None].astype(np.float32)
