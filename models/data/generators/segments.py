"""Which pairs of hits in neighbouring layers belong to one track (a toy of a tracker).

Tracks are arcs from near the beam through three layers; each layer has four hits, of which some are
noise. There are 32 pairs: hit i of a layer with hit j of the next, layer by layer.
"""

import numpy as np

LAYERS, HITS = 3, 4
RADII = (0.4, 0.7, 1.0)
PAIRS = [
    (layer * HITS + i, (layer + 1) * HITS + j)
    for layer in range(LAYERS - 1)
    for i in range(HITS)
    for j in range(HITS)
]


def generate(count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(count, 12, 3): radius, angle, place along the beam; (count, 32): 1 for a true pair."""
    angle = random.uniform(-1, 1, (count, HITS))
    curvature = random.normal(0, 0.35, (count, HITS))
    slope = random.uniform(-1, 1, (count, HITS))
    start = random.normal(0, 0.05, (count, HITS))
    hits, tracks = [], []
    for radius in RADII:
        phi = angle + curvature * radius + random.normal(0, 0.01, angle.shape)
        z = start + slope * radius + random.normal(0, 0.02, angle.shape)
        owner = np.tile(np.arange(HITS), (count, 1))
        noise = random.random(angle.shape) < 0.15
        phi = np.where(noise, random.uniform(-1.3, 1.3, angle.shape), phi)
        z = np.where(noise, random.uniform(-1, 1, angle.shape), z)
        owner = np.where(noise, -1, owner)
        order = random.permuted(np.tile(np.arange(HITS), (count, 1)), axis=1)
        phi, z, owner = (np.take_along_axis(one, order, axis=1) for one in (phi, z, owner))
        hits.append(np.stack([np.full_like(phi, radius), phi, z], axis=2))
        tracks.append(owner)
    owners = np.concatenate(tracks, axis=1)
    first, second = np.array(PAIRS).T
    true = (owners[:, first] == owners[:, second]) & (owners[:, first] >= 0)
    return np.concatenate(hits, axis=1).astype(np.float32), true.astype(np.int64)
