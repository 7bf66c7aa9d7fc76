"""Telescope loss and earth mover's distance."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog

from hexcoder.sensor.geometry import distances, supercell_weights, supercells, symmetries
from hexcoder.sensor.metrics import Summary, charge_fractions, earth_movers_distance, telescope_loss

EVENTS = arrays(np.int64, (2, 48), elements=st.integers(0, 300))


def one_hot(tc):
    event = np.zeros((1, 48))
    event[0, tc] = 5.0
    return event


def sparse_events(seed, count, filled):
    generator = np.random.default_rng(seed)
    events = generator.integers(1, 400, (count, 48))
    return events * (generator.random((count, 48)) < filled)


@settings(max_examples=50, deadline=None)
@given(EVENTS)
def test_charge_fractions_sum_to_one_unless_the_event_is_empty(events):
    expected = [1.0 if event.any() else 0.0 for event in events]
    np.testing.assert_allclose(charge_fractions(events).sum(axis=1), expected)


def test_telescope_loss_agrees_with_the_sums_written_out():
    true, predicted = sparse_events(3, 1, 0.5)[0], sparse_events(4, 1, 0.5)[0]
    t, p = true / true.sum(), predicted / predicted.sum()

    def term(a, b):
        return (a - b) ** 2 * max(a, b)

    cells = sum(term(t[tc], p[tc]) for tc in range(48)) / 48
    windows = 0.0
    for cell, weight in zip(supercells(), supercell_weights(), strict=True):
        windows += weight * term(sum(t[cell]), sum(p[cell])) / 36
    quadrants = sum(term(sum(t[k : k + 16]), sum(p[k : k + 16])) for k in (0, 16, 32)) / 3
    expected = 4 * cells + 2 * windows + quadrants
    assert telescope_loss(true[None], predicted[None])[0] == pytest.approx(expected)


def test_telescope_loss_of_charge_moved_across_the_sensor_by_hand():
    # TC 12 is in one window only, and so is TC 28: both are outer corners of their quadrants.
    weights = 2 * (1 + 1 / 2 + 1 / 2 + 1 / 4) / 4
    assert telescope_loss(one_hot(12), one_hot(28))[0] == pytest.approx(
        4 * 2 / 48 + 2 * weights / 36 + 2 / 3
    )


@settings(max_examples=50, deadline=None)
@given(EVENTS, st.integers(1, 9))
def test_both_metrics_vanish_for_the_same_event_in_another_unit(events, factor):
    assert telescope_loss(events, factor * events) == pytest.approx(0.0, abs=1e-12)
    emd = earth_movers_distance(events, factor * events)
    for event, value in zip(events, emd, strict=True):
        assert value == pytest.approx(0.0, abs=1e-9) if event.any() else math.isnan(value)


@pytest.mark.parametrize(("first", "second"), [(0, 1), (3, 19), (12, 28), (47, 16)])
def test_earth_movers_distance_of_two_single_tcs_is_their_distance(first, second):
    emd = earth_movers_distance(one_hot(first), one_hot(second))
    assert emd[0] == pytest.approx(distances()[first, second])


def test_earth_movers_distance_agrees_with_a_linear_program():
    true, predicted = sparse_events(5, 4, 0.4), sparse_events(6, 4, 0.4)
    rows = np.kron(np.eye(48), np.ones(48))
    columns = np.kron(np.ones(48), np.eye(48))
    for t, p, emd in zip(true, predicted, earth_movers_distance(true, predicted), strict=True):
        marginals = np.concatenate([t / t.sum(), p / p.sum()])
        program = linprog(distances().reshape(-1), A_eq=np.vstack([rows, columns]), b_eq=marginals)
        assert emd == pytest.approx(program.fun, abs=1e-7)


def test_earth_movers_distance_is_a_metric():
    a, b, c = (sparse_events(seed, 20, 0.4) for seed in (7, 8, 9))
    forth, back = earth_movers_distance(a, b), earth_movers_distance(b, a)
    np.testing.assert_allclose(forth, back, atol=1e-9)
    detour = earth_movers_distance(a, c) + earth_movers_distance(c, b)
    assert (forth <= detour + 1e-9).all()


def test_turning_the_sensor_changes_no_distance():
    a, b = sparse_events(10, 20, 0.4), sparse_events(11, 20, 0.4)
    turn = symmetries()[1]
    turned = earth_movers_distance(a[:, turn], b[:, turn])
    np.testing.assert_allclose(turned, earth_movers_distance(a, b), atol=1e-9)


def test_events_that_are_empty_on_either_side_are_left_out():
    true = np.concatenate([one_hot(0), np.zeros((1, 48)), one_hot(0)])
    predicted = np.concatenate([np.zeros((1, 48)), one_hot(0), one_hot(1)])
    emd = earth_movers_distance(true, predicted)
    assert np.isnan(emd).tolist() == [True, True, False]
    summary = Summary.of(emd)
    assert (summary.counted, summary.left_out) == (1, 2)
    assert summary.mean == summary.median == pytest.approx(2.0)


def test_summary_agrees_with_values_worked_out_by_hand():
    summary = Summary.of(np.array([1.0, np.nan, 2.0, 6.0]))
    assert (summary.mean, summary.median, summary.counted, summary.left_out) == (3.0, 2.0, 3, 1)
    assert summary.standard_deviation == pytest.approx(math.sqrt(14 / 3))


def test_summary_of_nothing_counts_nothing():
    summary = Summary.of(np.array([np.nan, np.nan]))
    assert math.isnan(summary.mean)
    assert (summary.counted, summary.left_out) == (0, 2)
