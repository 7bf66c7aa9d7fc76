"""A trained encoder beside the methods without one, on the same events at the same bits."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from hexcoder.models.data.sample import Sample
from hexcoder.models.evaluation.physics import AnyDecoder, bits_of, received_fractions
from hexcoder.sensor.baselines import (
    Baseline,
    best_choice_baseline,
    best_choice_for_bits,
    standard_baselines,
    threshold_baseline,
    threshold_for_bits,
)
from hexcoder.sensor.encoders import AnyEncoder
from hexcoder.sensor.front_end import sum_code
from hexcoder.sensor.metrics import Summary, earth_movers_distance
from hexcoder.studies.record import Record
from hexcoder.studies.seeds.statistics import (
    CHARGE_EDGES,
    OCCUPANCY_EDGES,
    Bin,
    Interval,
    Moments,
    Response,
    decode_sum,
    mean_interval,
    moments,
    occupancy,
    paired_difference,
    profile,
    response,
)

_ALWAYS = ("threshold 47 ADC", "STC4", "STC16")


@dataclass(frozen=True, slots=True)
class Method:
    """What a method makes of events, at a mean number of bits per event.

    ``emd`` is float64 (n,), half pitches; NaN where an event is empty on either side.
    """

    name: str
    bits: int | float
    emd: np.ndarray
    response: Response


class EmdFigures(Interval):
    """EMD over events, half pitches."""

    median: float
    standard_deviation: float
    left_out: int


class ResponseFigures(Record):
    """Reconstructed against true events."""

    sum_ratio: Moments
    mean_position_cm: dict[str, Moments]
    rms_width_cm: Moments


class MethodFigures(Record):
    """What a method makes of events: EMD, response, and profiles of EMD by their abscissa."""

    name: str
    bits_per_event: int | float
    emd: EmdFigures
    response: ResponseFigures
    profiles: dict[str, list[Bin]]


class BaselineFigures(MethodFigures):
    """A method beside a network on the same events."""

    network_minus_this_emd: Interval


class Comparison(Record):
    """An encoder beside the methods without one."""

    network: MethodFigures
    baselines: list[BaselineFigures]


def encoder_method(encoder: AnyEncoder, decoder: AnyDecoder, sample: Sample, name: str) -> Method:
    """An encoder on events: its fractions times the sum that the 9-bit code stands for."""
    events = sample.events
    fractions = received_fractions(encoder, decoder, events, sample.places)
    sums = decode_sum(sum_code(events.sum(axis=1)))
    return Method(
        name,
        float(bits_of(encoder)),
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
    chosen = [baseline for baseline in standard_baselines() if baseline.name in _ALWAYS]
    with suppress(ValueError):
        chosen.append(best_choice_baseline(best_choice_for_bits(bits)))
    with suppress(ValueError):
        chosen.append(threshold_baseline(threshold_for_bits(events, bits)))
    return list({baseline.name: baseline for baseline in chosen}.values())


def emd_figures(emd: np.ndarray) -> EmdFigures:
    """Figures of EMD (n,)."""
    summary = Summary.of(emd)
    return EmdFigures(
        **dict(mean_interval(emd)),
        median=summary.median,
        standard_deviation=summary.standard_deviation,
        left_out=summary.left_out,
    )


def describe(method: Method, events: np.ndarray) -> MethodFigures:
    """Figures of a method on events (n, 48)."""
    measured = method.response
    return MethodFigures(
        name=method.name,
        bits_per_event=method.bits,
        emd=emd_figures(method.emd),
        response=ResponseFigures(
            sum_ratio=moments(measured.sum_ratio),
            mean_position_cm={
                axis: moments(measured.shift_cm[:, k]) for k, axis in enumerate("xy")
            },
            rms_width_cm=moments(measured.width_change_cm),
        ),
        profiles={
            "occupancy": profile(occupancy(events), method.emd, OCCUPANCY_EDGES),
            "charge_adc": profile(events.sum(axis=1), method.emd, CHARGE_EDGES),
        },
    )


def compare(network: Method, baselines: Sequence[Method], events: np.ndarray) -> Comparison:
    """A network's figures and, for each baseline, its figures and the paired difference in EMD."""
    rows = [
        BaselineFigures(
            **dict(describe(baseline, events)),
            network_minus_this_emd=paired_difference(network.emd, baseline.emd),
        )
        for baseline in baselines
    ]
    return Comparison(network=describe(network, events), baselines=rows)
