"""Which bits of a trained network's latents to send when there are fewer links.

The ECON-T chip keeps the bits that a 144-bit mask names and moves them to the low-order end of the
frame. The mask is free; here it is chosen by what the loss of a bit does to the reconstruction. A
receiver replaces each latent by the mean of what had the same kept bits on the events that the mask
was chosen on: a table off the detector.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from hexcoder.fixed_point import FixedPoint
from hexcoder.sensor.geometry import HALF_PITCH_CM, TRIGGER_CELLS, positions_cm

_DIRECTIONS = 12

Decode = Callable[[np.ndarray], np.ndarray]
"""Latents float (trials, n, latents), in integers of their type, to fractions (trials, n, 48)."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """What stands for each latent when only the bits of its mask are sent.

    ``tables`` is float64 (latents, 2**width): the value, in integers of the latents' type, for each
    pattern of all bits of a latent.
    """

    masks: tuple[int, ...]
    tables: np.ndarray

    def restore(self, codes: np.ndarray) -> np.ndarray:
        """Bit patterns of latents, int (n, latents), to their values as received: float64."""
        return self.tables[np.arange(codes.shape[1]), codes]

    @property
    def bits(self) -> int:
        """Number of kept bits."""
        return sum(mask.bit_count() for mask in self.masks)


def bit_patterns(latents: np.ndarray, type_: FixedPoint) -> np.ndarray:
    """Latents, int (n, latents), as they stand in the frame: two's complement read unsigned."""
    return latents & ((1 << type_.width) - 1)


def mean_table(mask: int, type_: FixedPoint, seen: np.ndarray | None) -> np.ndarray:
    """For each pattern of a latent, the mean over seen patterns (n,) with the same kept bits.

    Latents are far from uniform: many are zero, and few are near the top. Where nothing was seen
    it is the mean of all values with these bits: with the lowest bits dropped, the middle of the
    interval. Float64 (2**width,), in integers of the type.
    """
    patterns = np.arange(1 << type_.width)
    values = np.where(patterns > type_.maximum, patterns - (1 << type_.width), patterns)
    means = _means(patterns & mask, values, len(patterns))
    if seen is not None:
        of_seen = _means(seen & mask, values[seen], len(patterns))
        means = np.where(np.isnan(of_seen), means, of_seen)
    return means[patterns & mask]


def _means(places: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """Mean of the values at each of ``count`` places, NaN where there is none."""
    numbers = np.bincount(places, minlength=count)
    totals = np.bincount(places, weights=values, minlength=count)
    return np.divide(totals, numbers, out=np.full(count, np.nan), where=numbers > 0)


def receiver(masks: Sequence[int], type_: FixedPoint, seen: np.ndarray | None) -> Receiver:
    """Tables of all latents by :func:`mean_table`, of seen patterns (n, latents).

    A table has an entry for each value of a latent: latents must be narrow.
    """
    tables = [
        mean_table(mask, type_, None if seen is None else seen[:, latent])
        for latent, mask in enumerate(masks)
    ]
    return Receiver(tuple(masks), np.array(tables))


def uniform_masks(latents: int, type_: FixedPoint, bits: int) -> tuple[int, ...]:
    """The same number of top bits of each latent, as many as fit: 3, 5, 7 of 9 on 2, 3, 4 links."""
    kept = min(bits // latents, type_.width)
    return (((1 << kept) - 1) << (type_.width - kept),) * latents


def sliced_transport(true: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Earth mover's distance along lines, mean over directions: quick, and ranks as the exact one.

    Bonneel et al., J. Math. Imaging Vis. 51 (2015) 22. Along a line the distance is the integral of
    the difference of cumulative charge. Of charge fractions (..., 48): float64 (...) in half
    pitches, below the exact distance.
    """
    surplus = true - predicted
    # As one matrix: numpy multiplies a stack of them one by one.
    integrals = np.abs(surplus.reshape(-1, TRIGGER_CELLS) @ _cumulation()).sum(axis=1)
    return integrals.reshape(surplus.shape[:-1]) / _DIRECTIONS


def choose_masks(
    patterns: np.ndarray,
    seen: np.ndarray,
    type_: FixedPoint,
    fractions: np.ndarray,
    decode: Decode,
    budgets: Sequence[int],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[int, tuple[int, ...]]:
    """Drop one bit after another, each time the one that costs least, until budgets are met.

    A latent loses its lowest or its highest bit. The highest are constant, or nearly, where a
    latent does not use its whole range. Bits from between were tried: what looks free on the events
    that decide is not on others.

    Parameters
    ----------
    patterns : int array (n, latents)
        Events whose loss decides, from :func:`bit_patterns`.
    seen : int array (m, latents)
        Other events, for the receiver's tables: on the same ones a table of few events would tell
        them apart by chance, and make the bits that do so look worthless.
    fractions : float array (n, 48)
        True charge fractions of the events that decide.
    decode : callable
        The decoder on these events, in this order, for several trials at once.
    budgets : sequence of int
        Bits to keep: keys of what is returned.
    progress : callable
        Told how many bits are dropped, of how many.
    """
    masks = [(1 << type_.width) - 1] * patterns.shape[1]
    values = receiver(masks, type_, seen).restore(patterns)
    chosen: dict[int, tuple[int, ...]] = {}
    bits = start = len(masks) * type_.width
    for budget in sorted(set(budgets), reverse=True):
        while bits > budget:
            places = [
                (latent, bit)
                for latent, mask in enumerate(masks)
                if mask
                for bit in {mask.bit_length() - 1, (mask & -mask).bit_length() - 1}
            ]
            # All trials at once: many small calls would mostly wait for threads.
            trials = np.repeat(values[None], len(places), axis=0)
            for trial, (latent, bit) in zip(trials, places, strict=True):
                table = mean_table(masks[latent] & ~(1 << bit), type_, seen[:, latent])
                trial[:, latent] = table[patterns[:, latent]]
            losses = sliced_transport(fractions, decode(trials)).mean(axis=1)
            # Of equal losses the higher bit: a constant one leads.
            best = min(range(len(places)), key=lambda at: (losses[at], -places[at][1]))
            latent, bit = places[best]
            values = trials[best]
            masks[latent] &= ~(1 << bit)
            bits -= 1
            progress(start - bits, start - min(budgets))
        chosen[budget] = tuple(masks)
    return chosen


@functools.cache
def _cumulation() -> np.ndarray:
    """Matrix (48, directions x 47): surplus of charge to its integrals between TCs on each line."""
    positions = positions_cm() / HALF_PITCH_CM
    blocks = []
    for angle in np.pi * (np.arange(_DIRECTIONS) + 0.5) / _DIRECTIONS:
        along = positions @ np.array([np.cos(angle), np.sin(angle)])
        ranked = np.sort(along)
        before = along[:, None] <= (ranked[:-1] + 1e-9)[None, :]
        blocks.append(before * np.diff(ranked))
    return np.concatenate(blocks, axis=1)
