"""The chip's methods without a network, their bits and the published figures."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hexcoder.sensor.baselines import (
    best_choice,
    best_choice_bits,
    best_choice_for_bits,
    quadrant_super_trigger_cells,
    standard_baselines,
    super_trigger_cells,
    super_trigger_cells_spread,
    threshold,
    threshold_bits,
)
from hexcoder.sensor.events import load_events
from hexcoder.sensor.geometry import coarse_groups
from hexcoder.sensor.metrics import earth_movers_distance

REAL_EVENTS = Path(__file__).parents[3] / "shared" / "econ-t" / "events.csv"

# Mean earth mover's distance in half pitches, published for the sample that REAL_EVENTS comes from.
PUBLISHED = {
    "best choice 4": 1.522,
    "best choice 6": 0.988,
    "best choice 9": 0.592,
    "best choice 14": 0.298,
    "STC4": 0.552,
    "STC4 spread evenly": 1.181,
    "STC16": 1.894,
    "threshold 47 ADC": 1.474,
}
PUBLISHED_UNIFORM = 3.177

EVENTS = arrays(np.int64, (3, 48), elements=st.integers(0, 200))


@pytest.fixture(scope="module")
def real_events():
    if not REAL_EVENTS.exists():
        pytest.skip(f"the real events are not here: {REAL_EVENTS}")
    return load_events(REAL_EVENTS)


@settings(max_examples=50, deadline=None)
@given(EVENTS)
def test_threshold_keeps_exactly_the_tcs_at_or_above_it(events):
    for event, kept in zip(events, threshold(events, 47), strict=True):
        assert kept.tolist() == [energy if energy >= 47 else 0 for energy in event]


@settings(max_examples=50, deadline=None)
@given(EVENTS, st.integers(1, 48))
def test_best_choice_keeps_the_largest_tcs(events, number):
    for event, kept in zip(events, best_choice(events, number), strict=True):
        assert sorted(kept)[-number:] == sorted(event)[-number:]
        assert ((kept == event) | (kept == 0)).all()
        assert (kept > 0).sum() <= number


def test_best_choice_prefers_the_lower_number_among_equals():
    event = np.full((1, 48), 9)
    assert np.flatnonzero(best_choice(event, 3)).tolist() == [0, 1, 2]


@pytest.mark.parametrize("number", [0, 49])
def test_best_choice_of_an_impossible_number_is_refused(number):
    with pytest.raises(ValueError, match="1 to 48"):
        best_choice(np.zeros((1, 48), int), number)


@settings(max_examples=50, deadline=None)
@given(EVENTS)
def test_super_trigger_cells_conserve_each_group_and_keep_its_largest_tc(events):
    at_largest, spread = super_trigger_cells(events), super_trigger_cells_spread(events)
    for event, one, even in zip(events, at_largest, spread, strict=True):
        for group in coarse_groups():
            largest = group[np.argmax(event[group])]
            assert one[largest] == one[group].sum() == event[group].sum()
            assert even[group].tolist() == [event[group].sum() / 4] * 4


@settings(max_examples=50, deadline=None)
@given(EVENTS)
def test_quadrant_super_trigger_cells_conserve_each_quadrant_and_keep_its_largest_tc(events):
    for event, energies in zip(events, quadrant_super_trigger_cells(events), strict=True):
        for start in (0, 16, 32):
            quadrant, kept = event[start : start + 16], energies[start : start + 16]
            assert kept[quadrant.argmax()] == kept.sum() == quadrant.sum()


def test_bits_are_counted_as_the_links_send_them():
    event = np.zeros((2, 48), int)
    event[0, :3] = 50
    bits = {baseline.name: baseline.bits(event) for baseline in standard_baselines()}
    assert bits == {
        "threshold 47 ADC": 48 + 7 * 1.5,
        "best choice 4": 48 + 9 + 28,
        "best choice 6": 48 + 9 + 42,
        "best choice 9": 48 + 9 + 63,
        "best choice 14": 48 + 9 + 98,
        "STC4": 12 * 11,
        "STC4 spread evenly": 12 * 9,
        "STC16": 3 * 13,
    }
    assert threshold_bits(event, 51) == 48


@given(st.integers(64, 600))
def test_best_choice_for_bits_fits_and_one_more_tc_would_not(bits):
    kept = best_choice_for_bits(bits)
    assert best_choice_bits(kept) <= bits
    assert kept == 48 or best_choice_bits(kept + 1) > bits


def test_too_few_bits_for_best_choice_are_refused():
    with pytest.raises(ValueError, match="at least 64 bits"):
        best_choice_for_bits(63)


def test_published_distances_are_those_of_a_fifth_of_the_real_events(real_events):
    """The published figures are of an unknown part of the events.

    The uniform guess shows this, for it can be computed in one way only, and is 3.236 over all
    events. Taken as a random fifth (a usual test set), the published means must be within three
    standard errors, one by one.
    """
    distances = {
        baseline.name: earth_movers_distance(real_events, baseline.reconstruct(real_events))
        for baseline in standard_baselines()
    }
    distances["uniform"] = earth_movers_distance(real_events, np.ones_like(real_events))
    for name, published in {**PUBLISHED, "uniform": PUBLISHED_UNIFORM}.items():
        standard_error = np.nanstd(distances[name]) / np.sqrt(len(real_events) / 5)
        assert abs(np.nanmean(distances[name]) - published) < 3 * standard_error, name
    kept = np.isfinite(distances["threshold 47 ADC"]).mean()
    assert kept == pytest.approx(0.89, abs=0.01)


def test_a_wrong_choice_of_tc_would_miss_the_published_distance(real_events):
    wrong = np.zeros(real_events.shape)
    wrong[:, coarse_groups()[:, 0]] = real_events[:, coarse_groups()].sum(axis=-1)
    distances = earth_movers_distance(real_events, wrong)
    standard_error = distances.std() / np.sqrt(len(real_events) / 5)
    assert abs(distances.mean() - PUBLISHED["STC4"]) > 10 * standard_error
