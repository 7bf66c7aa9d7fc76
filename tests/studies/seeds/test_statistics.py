"""Intervals, profiles and response against values worked out another way."""

import math

import numpy as np
import pytest
from scipy import stats

from hexcoder.sensor.baselines import threshold_bits, threshold_for_bits
from hexcoder.sensor.front_end import sum_code
from hexcoder.sensor.generator import generate_events
from hexcoder.sensor.geometry import HALF_PITCH_CM, TRIGGER_CELLS, positions_cm
from hexcoder.studies.seeds.statistics import (
    CHARGE_EDGES,
    OCCUPANCY_EDGES,
    decode_sum,
    mean_interval,
    mean_position_cm,
    moments,
    occupancy,
    paired_difference,
    profile,
    response,
    rms_width_cm,
)

EVENTS = generate_events(300, seed=11)


def one_hot(*tcs):
    event = np.zeros((1, TRIGGER_CELLS))
    event[0, list(tcs)] = 5.0
    return event


def test_interval_agrees_with_scipys_on_a_skewed_sample():
    values = np.random.default_rng(2).gamma(0.7, 2.0, 200)
    ours = mean_interval(values, resamples=20_000, seed=4)
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="BCa", rng=np.random.default_rng(9)
    ).confidence_interval
    # Both draw 20,000 means: their quantiles spread by about 1 % of the interval's width.
    assert ours.mean == pytest.approx(values.mean())
    width = theirs.high - theirs.low
    assert ours.low == pytest.approx(theirs.low, abs=0.05 * width)
    assert ours.high == pytest.approx(theirs.high, abs=0.05 * width)
    # A symmetric interval would miss: the sample is skewed.
    assert ours.high - ours.mean > 1.05 * (ours.mean - ours.low)


def test_interval_covers_the_true_mean_as_often_as_it_says():
    random = np.random.default_rng(5)
    draws = 400
    hits = 0
    for seed in range(draws):
        interval = mean_interval(random.exponential(1.0, 80), 0.9, resamples=400, seed=seed)
        hits += interval.low <= 1.0 <= interval.high
    # Four standard deviations of a count round 90 %, and 2 % for what BCa misses at 80 events.
    assert 0.9 - 0.02 - 4 * math.sqrt(0.9 * 0.1 / draws) < hits / draws
    assert hits / draws < 0.9 + 4 * math.sqrt(0.9 * 0.1 / draws)


def test_interval_is_the_same_again_and_leaves_out_what_is_not_defined():
    values = np.array([1.0, np.nan, 2.0, 6.0, 3.0])
    interval = mean_interval(values)
    assert interval == mean_interval(values)
    assert (interval.mean, interval.counted) == (3.0, 4)
    assert 1.0 < interval.low < 3.0 < interval.high <= 6.0


def test_interval_of_nothing_and_of_a_constant():
    nothing = mean_interval(np.array([np.nan]))
    assert nothing.counted == 0
    assert math.isnan(nothing.mean)
    constant = mean_interval(np.full(7, 0.3))
    assert constant.low == constant.high == constant.mean == pytest.approx(0.3)


def test_paired_difference_sees_a_small_shift_that_the_means_do_not():
    random = np.random.default_rng(3)
    first = random.gamma(1.0, 1.0, 200)
    second = first + 0.05 + random.normal(0, 0.01, 200)
    difference = paired_difference(first, second)
    assert difference.low < -0.05 < difference.high < 0
    assert mean_interval(second).low < mean_interval(first).high


def test_paired_difference_takes_only_events_that_both_have():
    difference = paired_difference(np.array([1.0, np.nan, 4.0]), np.array([0.0, 9.0, np.nan]))
    assert (difference.mean, difference.counted) == (1.0, 1)


def test_profile_agrees_with_means_by_hand():
    bins = profile(
        np.array([0, 1, 1, 2, 4, 5, 9]),
        np.array([9.0, 1.0, 3.0, 5.0, np.nan, 8.0, 7.0]),
        (1, 2, 4, 5, 9),
    )
    # The bin from 4 to 5 has no value, 0 and 9 lie outside.
    assert [(b.low, b.high, b.centre) for b in bins] == [(1, 2, 1.0), (2, 4, 2.0), (5, 9, 5.0)]
    assert [(b.emd.mean, b.emd.counted) for b in bins] == [(2.0, 2), (5.0, 1), (8.0, 1)]


def test_profiles_hold_every_event_that_is_not_empty():
    events = np.concatenate([EVENTS, np.full((1, 48), (1 << 22) - 1), np.eye(1, 48, dtype=int)])
    for abscissa, edges in (
        (occupancy(events), OCCUPANCY_EDGES),
        (events.sum(axis=1), CHARGE_EDGES),
    ):
        bins = profile(abscissa, np.ones(len(events)), edges)
        assert sum(one.emd.counted for one in bins) == (events.sum(axis=1) > 0).sum()


def test_every_sum_code_decodes_to_the_middle_of_the_sums_that_have_it():
    # Found by counting up to 2**17, and by bisection for codes of larger sums.
    sums = np.arange(1 << 17)
    codes = sum_code(sums)
    for code in range(codes.max()):
        having = sums[codes == code]
        assert decode_sum(np.array([code]))[0] == (having[0] + having[-1]) / 2
    for code in range(codes.max(), 24 * 16 + 16):
        first, last = _first_with(code), _first_with(code + 1) - 1
        assert decode_sum(np.array([code]))[0] == (first + last) / 2


def _first_with(code):
    low, high = 0, 1 << 30
    while low < high:
        middle = (low + high) // 2
        if sum_code(np.array([middle]))[0] < code:
            low = middle + 1
        else:
            high = middle
    return low


def test_charge_moved_by_one_pitch_is_a_shift_of_one_pitch():
    # Columns 0 to 2 of quadrant 0, moved to columns 1 to 3.
    true = np.zeros((20, 48))
    columns = [4 * row + column for row in range(4) for column in range(3)]
    true[:, columns] = np.random.default_rng(1).integers(1, 90, (20, 12))
    moved = np.zeros_like(true)
    moved[:, [tc + 1 for tc in columns]] = true[:, columns]
    found = response(true, moved)
    step = positions_cm()[1] - positions_cm()[0]
    assert np.hypot(*step) == pytest.approx(2 * HALF_PITCH_CM)
    np.testing.assert_allclose(found.shift_cm, np.tile(step, (20, 1)), atol=1e-12)
    np.testing.assert_allclose(found.width_change_cm, 0, atol=1e-12)
    np.testing.assert_allclose(found.sum_ratio, 1)
    for axis in (0, 1):
        summary = moments(found.shift_cm[:, axis])
        assert summary.mean == pytest.approx(step[axis])
        assert summary.rms == pytest.approx(abs(step[axis]))
        assert summary.standard_deviation == pytest.approx(0, abs=1e-12)


def test_width_of_two_equal_charges_is_half_their_distance():
    assert rms_width_cm(one_hot(0, 1))[0] == pytest.approx(HALF_PITCH_CM)
    assert rms_width_cm(one_hot(17))[0] == pytest.approx(0, abs=1e-6)


def test_position_and_width_agree_with_numpys_weighted_covariance():
    for event in EVENTS[:30]:
        x, y = np.average(positions_cm(), axis=0, weights=event)
        assert mean_position_cm(event[None])[0] == pytest.approx([x, y])
        covariance = np.cov(positions_cm().T, ddof=0, aweights=event)
        assert rms_width_cm(event[None])[0] == pytest.approx(math.sqrt(np.trace(covariance)))


def test_response_of_empty_events_is_not_defined_but_a_lost_sum_is():
    true = np.concatenate([one_hot(3), np.zeros((1, 48)), one_hot(4)])
    found = response(true, np.concatenate([one_hot(3), one_hot(3), np.zeros((1, 48))]))
    assert found.sum_ratio[[0, 2]].tolist() == [1.0, 0.0]
    assert np.isnan(found.sum_ratio[1])
    assert np.isnan(found.shift_cm).any(axis=1).tolist() == [False, True, True]
    assert np.isnan(found.width_change_cm).tolist() == [False, True, True]


def test_moments_by_hand():
    found = moments(np.array([1.0, np.nan, 3.0]))
    assert (found.mean, found.standard_deviation) == (2.0, 1.0)
    assert found.rms == pytest.approx(math.sqrt(5))


def test_occupancy_counts_trigger_cells():
    events = np.zeros((2, 48), dtype=int)
    events[1, [0, 20, 40]] = 1, 2, 3
    assert occupancy(events).tolist() == [0, 3]


@pytest.mark.parametrize("bits", [48, 57, 100.5, 153, 400])
def test_threshold_for_bits_is_the_least_that_fits(bits):
    least = threshold_for_bits(EVENTS, bits)
    assert threshold_bits(EVENTS, least) <= bits
    assert least == 1 or threshold_bits(EVENTS, least - 1) > bits


def test_threshold_for_bits_refuses_what_the_addresses_alone_exceed():
    with pytest.raises(ValueError, match="at least 48 bits"):
        threshold_for_bits(EVENTS, 47)
