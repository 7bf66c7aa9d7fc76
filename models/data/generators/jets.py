"""Jets of five classes by their substructure: gluon, quark, W, Z, top (a toy, no simulation).

A jet has one, two or three prongs whose masses are those of the class. Each prong becomes a shower
of constituents with falling momentum fractions, wider and richer for gluons. The 16 features are
those kinds of the public jet benchmark: energy correlations (Larkoski et al., arXiv:1305.0007 and
1409.6298), mass, multiplicity, momentum dispersion.
"""

import numpy as np

CONSTITUENTS = 24
CHUNK = 500
PRONGS = (1, 1, 2, 2, 3)
MASSES_GEV = (0.0, 0.0, 80.4, 91.2, 172.8)
JET_PT_GEV = 1000.0


def generate(count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Features (count, 16) and classes (count,)."""
    classes = random.integers(0, 5, count)
    parts = [
        _features(*_jets(classes[start : start + CHUNK], random))
        for start in range(0, count, CHUNK)
    ]
    return np.concatenate(parts).astype(np.float32), classes


def _jets(classes: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Momentum fractions (n, constituents) and places (n, constituents, 2) on the angular plane."""
    count = len(classes)
    prongs = np.array(PRONGS)[classes]
    pt = JET_PT_GEV * random.uniform(0.85, 1.15, count)
    shares = random.uniform(0.15, 0.85, (count, 3)) * (np.arange(3) < prongs[:, None])
    shares /= shares.sum(axis=1, keepdims=True)
    # Two prongs of a mass m open by m / (pt sqrt(z (1 - z))).
    mass = np.array(MASSES_GEV)[classes] * random.normal(1, 0.03, count)
    pairs = np.maximum((shares[:, :1] * shares[:, 1:]).sum(axis=1), 0.05)
    opening = mass / (pt * np.sqrt(pairs))
    angle = random.uniform(0, 2 * np.pi, count)[:, None] + np.array([0.0, np.pi, 2.2])
    axis = 0.5 * opening[:, None, None] * np.stack([np.cos(angle), np.sin(angle)], axis=2)
    gluon = classes == 0
    width = np.where(gluon, 0.12, 0.05) * random.lognormal(0, 0.35, count)
    alive = random.poisson(np.where(gluon, 20, 9 + 4 * prongs), count).clip(3, CONSTITUENTS)
    prong = random.integers(0, 3, (count, CONSTITUENTS)) % prongs[:, None]
    rows = np.arange(count)[:, None]
    fraction = random.beta(0.7, np.where(gluon, 6.0, 3.5)[:, None], prong.shape) + 1e-3
    fraction *= shares[rows, prong] * (np.arange(CONSTITUENTS) < alive[:, None])
    fraction /= fraction.sum(axis=1, keepdims=True)
    # Soft constituents lie far out.
    spread = width[:, None] * (0.1 / (fraction + 0.02)) ** 0.5
    place = axis[rows, prong] + spread[:, :, None] * random.normal(0, 1, (*prong.shape, 2))
    return fraction, place


def _features(fraction: np.ndarray, place: np.ndarray) -> np.ndarray:
    apart = np.linalg.norm(place[:, :, None] - place[:, None], axis=3)
    two, three = {}, {}
    for beta in (0.5, 1.0, 2.0):
        angles = apart**beta
        two[beta] = np.einsum("ni,nj,nij->n", fraction, fraction, angles) / 2
        weighted = angles * fraction[:, None, :]
        if beta >= 1:
            triangle = np.einsum("nij,njk,nki->n", weighted, weighted, weighted)
            three[beta] = triangle / 6
    mass = JET_PT_GEV * np.sqrt(2 * two[2.0])
    log = np.log
    entropy = (fraction * np.log(fraction + 1e-9)).sum(axis=1)
    ordered = np.sort(fraction, axis=1)[:, ::-1]
    centre = (fraction[:, :, None] * place).sum(axis=1, keepdims=True)
    girth = (fraction * np.linalg.norm(place - centre, axis=2)).sum(axis=1)
    columns = [
        entropy,
        *(log(two[beta] + 1e-6) for beta in two),
        *(log(three[beta] + 1e-9) for beta in three),
        *(log(three[beta] / two[beta] ** 2 + 1e-6) for beta in three),
        *(log(three[beta] / two[beta] ** 3 + 1e-6) for beta in three),
        log(mass + 1.0),
        (fraction > 0).sum(axis=1).astype(float),
        ordered[:, 0],
        ordered[:, 1],
        log(girth + 1e-4),
        np.sqrt((fraction**2).sum(axis=1)),
    ]
    return np.stack(columns, axis=1)
