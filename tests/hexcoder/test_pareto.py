import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexcoder.front_picture import draw_front
from hexcoder.pareto import hypervolume, pareto_front

POINTS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=12)


@given(POINTS)
def test_a_point_is_on_the_front_if_and_only_if_no_other_beats_it(points):
    front = {points[row] for row in pareto_front(np.array(points))}
    for a in points:
        beaten = any(b[0] <= a[0] and b[1] <= a[1] and b != a for b in points)
        assert (a in front) != beaten


@given(POINTS)
def test_the_hypervolume_counts_the_dominated_cells(points):
    cells = sum(
        any(x <= column and y <= row for x, y in points) for column in range(8) for row in range(8)
    )
    assert hypervolume(np.array(points), (8, 8)) == pytest.approx(cells)


def test_points_without_a_figure_are_on_no_front():
    points = np.array([[1.0, np.nan], [2.0, 5.0], [np.nan, 1.0], [2.0, 5.0]])
    assert pareto_front(points).tolist() == [1]
    assert pareto_front(np.zeros((0, 2))).tolist() == []
    assert hypervolume(np.zeros((0, 2)), (1, 1)) == 0


@pytest.mark.parametrize("count", [0, 1, 9])
def test_the_picture_is_the_same_for_the_same_points(count):
    points = np.column_stack([np.linspace(2, 1, count), np.geomspace(100, 4000, count)])
    baselines = [
        {"name": "STC4", "emd_mean": 1.4, "bits_per_event": 132.0},
        {"name": "best choice 14", "emd_mean": None, "bits_per_event": 155.0},
    ]
    front = pareto_front(points).tolist()
    pictures = [draw_front(points, front, baselines, "cost", ("all", "front")) for _ in "ab"]
    assert pictures[0] == pictures[1]
    assert b"STC4, 132 bits" in pictures[0]
