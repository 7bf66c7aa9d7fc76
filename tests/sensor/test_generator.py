"""The event generator: its statistics against published ones, and its random numbers."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexcoder.sensor.chip.golden import decode, encode
from hexcoder.sensor.events import MAX_ENERGY
from hexcoder.sensor.generator import ShowerParameters, generate_events
from hexcoder.sensor.generator_targets import CORRELATION_TARGETS, TARGETS, correlations, statistics
from hexcoder.sensor.geometry import distances, symmetries


@pytest.fixture(scope="module", params=[2024, 7])
def events(request):
    return generate_events(20_000, request.param)


def test_statistics_are_within_15_percent_of_the_real_events(events):
    found = statistics(events)
    assert found.keys() == TARGETS.keys()
    for name, target in TARGETS.items():
        assert found[name] == pytest.approx(target, rel=0.15), name


def test_correlations_are_within_5_hundredths_of_the_real_events(events):
    for distance, value in correlations(events).items():
        assert value == pytest.approx(CORRELATION_TARGETS[distance], abs=0.05), distance


def test_pile_up_makes_more_of_all_but_the_hard_collision():
    plain = ShowerParameters()
    assert plain.with_pile_up(1.0) == plain
    twice = plain.with_pile_up(2.0)
    assert twice.soft_per_tc == 2 * plain.soft_per_tc
    assert twice.hard_showers == plain.hard_showers
    means = [
        generate_events(4000, 3, plain.with_pile_up(factor)).sum(axis=1).mean()
        for factor in (0.5, 1.0, 2.0)
    ]
    assert means[0] < 0.7 * means[1] < 0.7 * 0.7 * means[2]


def test_statistics_of_unlike_events_are_far_from_the_targets():
    uniform = np.random.default_rng(1).integers(1, 40, (2000, 48))
    found = statistics(uniform)
    assert abs(found["TCs > 0, mean"] / TARGETS["TCs > 0, mean"] - 1) > 0.15
    assert abs(correlations(uniform)[(1.95, 2.05)] - CORRELATION_TARGETS[(1.95, 2.05)]) > 0.05


def test_statistics_agree_with_values_worked_out_by_hand():
    events = np.zeros((3, 48), dtype=np.int64)
    events[0, 0] = 35
    events[1, :2] = 350, 3150
    events[2, :3] = 100, 200, 50
    found = statistics(events)
    assert found["TCs > 0, mean"] == 2
    assert found["TCs > 35, mean"] == pytest.approx(5 / 3)
    assert found["log10(sum/35), mean"] == pytest.approx((0 + 2 + 1) / 3)
    assert found["largest TC, median"] == 200
    assert found["non-zero TC, 50%"] == 150


def test_no_event_is_empty_and_every_energy_fits_the_chip(events):
    assert events.shape == (20_000, 48)
    assert events.dtype == np.int64
    assert events.any(axis=1).all()
    assert 0 <= events.min() <= events.max() <= MAX_ENERGY


def test_equal_seeds_give_equal_events_and_other_seeds_others():
    np.testing.assert_array_equal(generate_events(50, 3), generate_events(50, 3))
    assert (generate_events(50, 3) != generate_events(50, 4)).any()


def test_first_events_do_not_depend_on_the_count():
    np.testing.assert_array_equal(generate_events(5000, 5)[:100], generate_events(100, 5))


def test_blocks_of_one_seed_differ():
    events = generate_events(4096, 6)
    assert (events[:2048] != events[2048:]).any(axis=1).mean() > 0.99


def test_all_tcs_are_treated_alike(events):
    # Inner and outer TCs differ, but turns of the sensor only move them about.
    mean = np.minimum(events, 500).mean(axis=0)
    standard_error = np.minimum(events, 500).std(axis=0) / np.sqrt(len(events))
    for turn in symmetries()[1:3]:
        assert (np.abs(mean - mean[turn]) < 5 * np.sqrt(2) * standard_error).all()


def test_charge_lies_around_the_hottest_tc(events):
    gaps = distances()[events.argmax(axis=1)]
    near, far = events[(gaps > 0) & (gaps < 2.1)].mean(), events[gaps > 8].mean()
    assert near > 1.2 * far


def test_more_showers_give_more_charge():
    default = ShowerParameters()
    more = dataclasses.replace(default, showers_per_activity=2 * default.showers_per_activity)
    assert generate_events(2048, 8, more).sum() > 1.3 * generate_events(2048, 8).sum()


@given(st.integers(0, (1 << 18) - 1))
def test_float_code_keeps_four_leading_bits_and_decodes_to_the_middle(energy):
    decoded = int(decode(encode(np.array([energy]), False), False)[0])
    lost = max(energy.bit_length() - 4, 1)  # At least the bit that low-density sensors drop.
    assert decoded >> lost == energy >> lost
    assert decoded % (1 << lost) == 1 << (lost - 1)


def test_parameters_without_any_deposit_are_refused():
    nothing = ShowerParameters(soft_per_tc=0, mips_per_tc=0, showers=0, showers_per_activity=0)
    with pytest.raises(ValueError, match="empty"):
        generate_events(10, 1, dataclasses.replace(nothing, hard_showers=0))


@pytest.mark.parametrize(("count", "seed"), [(-1, 1), (1, -1)])
def test_negative_counts_and_seeds_are_refused(count, seed):
    with pytest.raises(ValueError, match="must not be negative"):
        generate_events(count, seed)


def test_no_events_is_an_empty_array():
    assert generate_events(0, 1).shape == (0, 48)
