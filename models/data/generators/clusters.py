"""Shapes of calorimeter clusters: electromagnetic or hadronic? (a toy for trees).

The features are those of particle identification in a high-granularity calorimeter: where the
shower starts and is greatest, how long and wide it is, and how its energy divides.
"""

import numpy as np


def generate(count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Features (count, 10) on a grid of 1/16, and 1 for electromagnetic."""
    electromagnetic = random.random(count) < 0.5
    energy = random.lognormal(2.5, 0.8, count)
    log = np.log(energy)
    first = np.where(electromagnetic, random.poisson(2.5, count), random.poisson(4, count))
    greatest = first + np.where(electromagnetic, 5 + log, random.gamma(3, 2.2, count))
    length = np.where(electromagnetic, 11 + log, random.gamma(5, 3, count))
    length = length + random.normal(0, 2, count)
    width = np.where(electromagnetic, 1.3, 1.8) * random.lognormal(0, 0.4, count)
    core = np.clip(np.where(electromagnetic, 0.8, 0.66) + random.normal(0, 0.15, count), 0.05, 1.0)
    behind = np.clip(np.where(electromagnetic, 0.05, 0.15) + random.normal(0, 0.1, count), 0.0, 1.0)
    layers = length + random.poisson(1, count)
    eta = random.uniform(1.5, 3.0, count)
    spread = width * random.lognormal(0, 0.3, count)
    columns = [log, first, greatest, length, width, 8 * core, 8 * behind, layers, eta, spread]
    features = np.floor(np.stack(columns, axis=1) * 16) / 16
    return features.astype(np.float32), electromagnetic.astype(np.int64)
