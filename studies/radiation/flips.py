"""How much EMD a flip of each bit of a network costs: fault injection in batches.

Every bit is ranked by an estimate of EMD that takes microseconds; exact EMD is computed for the
bits that are quoted and for a random sample, so that the estimate is checked where it is used.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from hexcoder.models.data.sample import Sample
from hexcoder.models.decoder import Decoder
from hexcoder.models.evaluation.physics import decode_latents
from hexcoder.network.schema import Network
from hexcoder.sensor.front_end import normalise, sensor_image_order
from hexcoder.sensor.metrics import charge_fractions, earth_movers_distance
from hexcoder.studies.radiation.faults import GROUPS, Injector, Site, fault_sites
from hexcoder.studies.radiation.smooth_transport import transport_costs

Cost = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Distance of events (n, 48) and charge fractions (n, 48), in half pitches: (n,)."""

PAIRS = 1 << 17
"""Flips times events that are evaluated at once."""
DECODED = 8192
"""Events that are decoded at once."""
TOP, WORST, SAMPLE = 40, 10, 50
"""Bits with exact EMD: best ranked of each group, of each class, and drawn from each class."""


@dataclass(frozen=True, slots=True, eq=False)
class Campaign:
    """EMD that a flip of each bit costs, in half pitches, mean over events.

    Arrays have an element, or a row, for each bit: (faults,).
    """

    sites: list[Site]
    owner: np.ndarray  # int64: the site of each bit
    place: np.ndarray  # int64: its place in the site
    estimate: np.ndarray  # float64: increase of the entropic estimate
    standard_error: np.ndarray  # float64: of the estimate
    halves: np.ndarray  # float64 (faults, 2): the estimate over even and over odd events
    exact: np.ndarray  # float64: increase of exact EMD; NaN where it was not computed
    exact_standard_error: np.ndarray
    sampled: np.ndarray  # bool: drawn at random for exact EMD
    rank: np.ndarray  # int64: 1 for the highest estimate of the group; equal ones in order of site
    emd_mean: float  # without a fault
    emd_standard_error: float
    events: int  # that each bit was flipped in

    def group(self, name: str) -> np.ndarray:
        """Whether each bit is of a group of :data:`GROUPS`: bool (faults,)."""
        return np.array([site.group == name for site in self.sites])[self.owner]


def estimated_distance(events: np.ndarray, fractions: np.ndarray) -> np.ndarray:
    """Entropic estimate of EMD, as :func:`hexcoder.sensor.metrics.earth_movers_distance`."""
    true = torch.tensor(charge_fractions(events), dtype=torch.float32)
    with torch.no_grad():
        return transport_costs(true, torch.tensor(fractions, dtype=torch.float32)).double().numpy()


def _distinct(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places of distinct rows, and for each row its place among them.

    Sorts a hash of each row; where two different rows share one, all rows count as distinct.
    """
    factors = np.random.default_rng(0).integers(1, 1 << 62, rows.shape[1])
    _, first, inverse = np.unique(rows @ factors, return_index=True, return_inverse=True)
    if np.array_equal(rows[first[inverse]], rows):
        return first, inverse
    return np.arange(len(rows)), np.arange(len(rows))


class Increase:
    """What changed latents cost, against ``latents``, int (n, latents), without a fault.

    None of the sample's events is empty.
    """

    def __init__(self, decoder: Decoder, sample: Sample, latents: np.ndarray, cost: Cost):
        self._decoder, self._sample, self._latents, self._cost = decoder, sample, latents, cost
        self.without_fault = self._costs(np.arange(len(latents)), latents)

    def _costs(self, event: np.ndarray, latents: np.ndarray) -> np.ndarray:
        parts = [np.zeros(0)]
        for start in range(0, len(event), DECODED):
            rows = slice(start, start + DECODED)
            chosen = self._sample.rows(event[rows])
            fractions = decode_latents(self._decoder, latents[rows], chosen.events, chosen.places)
            parts.append(self._cost(chosen.events, fractions))
        return np.concatenate(parts)

    def __call__(self, latents: np.ndarray) -> np.ndarray:
        """Increase of the cost: int (f, n, latents) to float64 (f, n).

        Only what a fault has changed is decoded, and equal latents of an event only once.
        """
        flip, event = np.nonzero((latents != self._latents).any(axis=-1))
        rows = np.column_stack([event, latents[flip, event]])
        first, inverse = _distinct(rows)
        costs = self._costs(rows[first, 0], rows[first, 1:])[inverse]
        increase = np.zeros(latents.shape[:2])
        increase[flip, event] = costs - self.without_fault[event]
        return increase


def _moments(
    injector: Injector,
    increase: Increase,
    site: Site,
    faults: np.ndarray,
    progress: Callable[[int], None],
) -> np.ndarray:
    """Mean, standard error, and means over even and odd events: (4, faults)."""
    count = len(injector.latents)
    parts = [np.zeros((4, 0))]
    at_once = max(1, PAIRS // count)
    for start in range(0, len(faults), at_once):
        block = faults[start : start + at_once]
        costs = increase(injector.latents_with(site, block))
        error = costs.std(axis=1, ddof=1) / np.sqrt(count)
        halves = costs[:, ::2].mean(axis=1), costs[:, 1::2].mean(axis=1)
        parts.append(np.stack([costs.mean(axis=1), error, *halves]))
        progress(len(block))
    return np.concatenate(parts, axis=1)


def _ranks(groups: np.ndarray, estimate: np.ndarray) -> np.ndarray:
    """Rank of each bit within its group, 1 for the highest."""
    ranks = np.empty(len(groups), dtype=np.int64)
    for group in GROUPS:
        members = np.flatnonzero(groups == group)
        order = np.argsort(-estimate[members], kind="stable")
        ranks[members[order]] = np.arange(1, len(members) + 1)
    return ranks


def _chosen(
    classes: np.ndarray, ranks: np.ndarray, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Bits that get exact EMD (bool), and those of them that were drawn (bool)."""
    wanted, drawn = ranks <= TOP, np.zeros(len(ranks), dtype=bool)
    for fault_class in dict.fromkeys(classes):
        members = np.flatnonzero(classes == fault_class)
        wanted[members[np.argsort(ranks[members])[:WORST]]] = True
        sample = random.choice(len(members), min(SAMPLE, len(members)), replace=False)
        drawn[members[sample]] = True
    return wanted | drawn, drawn


def measure(
    network: Network,
    decoder: Decoder,
    sample: Sample,
    seed: int,
    progress: Callable[[int], None] = lambda flips: None,
) -> Campaign:
    """Flip every bit of a network, whose input is an image of the sensor, in every event.

    There are two events or more, none of them empty. The seed draws the sample of bits that get
    exact EMD; ``progress`` is told the number of flips of each batch.
    """
    order = sensor_image_order(network)
    assert order is not None
    sites = [site for site in fault_sites(network) if len(site)]
    injector = Injector(network, normalise(sample.events, network.input.type, order))
    estimate = Increase(decoder, sample, injector.latents, estimated_distance)
    exact = Increase(decoder, sample, injector.latents, earth_movers_distance)
    owner = np.repeat(np.arange(len(sites)), [len(site) for site in sites])
    place = np.concatenate([np.arange(len(site)) for site in sites])
    estimates = np.concatenate(
        [_moments(injector, estimate, site, np.arange(len(site)), progress) for site in sites],
        axis=1,
    )
    ranks = _ranks(np.array([site.group for site in sites])[owner], estimates[0])
    classes = np.array([site.fault_class for site in sites])[owner]
    wanted, drawn = _chosen(classes, ranks, np.random.default_rng(seed))
    exactly = np.full((2, len(owner)), np.nan)
    for number, site in enumerate(sites):
        marks = wanted & (owner == number)
        exactly[:, marks] = _moments(injector, exact, site, place[marks], progress)[:2]
    emd = exact.without_fault
    return Campaign(
        sites=sites,
        owner=owner,
        place=place,
        estimate=estimates[0],
        standard_error=estimates[1],
        halves=estimates[2:].T,
        exact=exactly[0],
        exact_standard_error=exactly[1],
        sampled=drawn,
        rank=ranks,
        emd_mean=float(emd.mean()),
        emd_standard_error=float(emd.std(ddof=1) / np.sqrt(len(emd))),
        events=len(emd),
    )
