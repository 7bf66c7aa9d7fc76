"""A trained network beside the methods without one, on the same events at the same bits."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from models.data.sample import Sample
from models.decoder import Decoder
from models.evaluation.physics import reconstruct
from network.schema import Network
from sensor.baselines import (
    Baseline,
    best_choice_baseline,
    best_choice_for_bits,
    standard_baselines,
    threshold_baseline,
    threshold_for_bits,
)
from sensor.front_end import bits_per_event, sum_code
from sensor.metrics import Summary, earth_movers_distance
from studies.seeds.statistics import (
    CHARGE_EDGES,
    CONFIDENCE,
    OCCUPANCY_EDGES,
    RESAMPLES,
    SEED,
    Bin,
    Interval,
    Response,
    bias_and_spread,
    decode_sum,
    mean_interval,
    occupancy,
    paired_difference,
    profile,
    response,
)

BOOTSTRAP = {"confidence": CONFIDENCE, "resamples": RESAMPLES, "seed": SEED, "method": "BCa"}
"""How the intervals were made, for the files that quote them."""

_ALWAYS = ("threshold 47 ADC", "STC4", "STC16")


@dataclass(frozen=True, slots=True)
class Method:
    """What a method makes of events.

    Attributes
    ----------
    name : str
        As it stands in reports.
    bits : float
        Mean number of bits per event.
    emd : float64 array (n,)
        Half pitches; NaN where an event is empty on either side.
    response : Response
    """

    name: str
    bits: float
    emd: np.ndarray
    response: Response


def network_method(network: Network, decoder: Decoder, sample: Sample, name: str) -> Method:
    """A network on events: its fractions times the sum that the 9-bit code stands for."""
    events = sample.events
    fractions = reconstruct(network, decoder, events, sample.places).fractions
    sums = decode_sum(sum_code(events.sum(axis=1)))
    return Method(
        name,
        float(bits_per_event(network)),
        earth_movers_distance(events, fractions),
        response(events, fractions * sums[:, None]),
    )


def baseline_method(baseline: Baseline, events: np.ndarray) -> Method:
    """A method without a network on events (n, 48)."""
    energies = baseline.reconstruct(events)
    return Method(
        baseline.name,
        baseline.bits(events),
        earth_movers_distance(events, energies),
        response(events, energies),
    )


def baselines_at(events: np.ndarray, bits: float) -> list[Baseline]:
    """What to compare with at a number of bits per event.

    The largest best choice and the lowest threshold that fit, where any does; and the usual
    threshold, STC4 and STC16, which spend what they spend.
    """
    chosen = {b.name: b for b in standard_baselines() if b.name in _ALWAYS}
    with suppress(ValueError):
        best_choice = best_choice_baseline(best_choice_for_bits(bits))
        chosen[best_choice.name] = best_choice
    with suppress(ValueError):
        lowest = threshold_baseline(threshold_for_bits(events, bits))
        chosen[lowest.name] = lowest
    return list(chosen.values())


def describe(method: Method, events: np.ndarray) -> dict[str, Any]:
    """EMD with its interval, response and profiles of a method on events (n, 48), for JSON."""
    summary = Summary.of(method.emd)
    found = method.response
    axes = {"x": found.shift_cm[:, 0], "y": found.shift_cm[:, 1]}
    charge = events.sum(axis=1)
    return {
        "name": method.name,
        "bits_per_event": method.bits,
        "emd": {
            **_interval(mean_interval(method.emd)),
            "median": _number(summary.median),
            "standard_deviation": _number(summary.standard_deviation),
            "left_out": summary.left_out,
        },
        "response": {
            "sum_ratio": _moments(found.sum_ratio),
            "mean_position_cm": {axis: _moments(values) for axis, values in axes.items()},
            "rms_width_cm": _moments(found.width_change_cm),
        },
        "profiles": {
            "occupancy": _bins(profile(occupancy(events), method.emd, OCCUPANCY_EDGES)),
            "charge_adc": _bins(profile(charge, method.emd, CHARGE_EDGES)),
        },
    }


def compare(network: Method, baselines: list[Method], events: np.ndarray) -> dict[str, Any]:
    """A network's figures and, for each baseline, its figures and the paired difference in EMD."""
    rows = []
    for baseline in baselines:
        difference = paired_difference(network.emd, baseline.emd)
        row = describe(baseline, events)
        row["network_minus_this_emd"] = _interval(difference)
        rows.append(row)
    return {"network": describe(network, events), "baselines": rows}


def _interval(interval: Interval) -> dict[str, Any]:
    return {key: _number(value) for key, value in asdict(interval).items()}


def _moments(values: np.ndarray) -> dict[str, float | None]:
    return {key: _number(value) for key, value in bias_and_spread(values).items()}


def _bins(bins: list[Bin]) -> list[dict[str, Any]]:
    return [
        {"from": b.low, "to": b.high, "centre": b.centre, "emd": _interval(b.value)} for b in bins
    ]


def _number(value: float) -> float | None:
    """JSON has no NaN: null where nothing defines a figure."""
    return None if math.isnan(value) else value
