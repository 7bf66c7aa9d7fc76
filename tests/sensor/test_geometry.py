"""The sensor's geometry: positions, images, symmetries and supercells."""

import csv
from pathlib import Path

import numpy as np
import pytest

from hexcoder.sensor.geometry import (
    HALF_PITCH_CM,
    TRIGGER_CELLS,
    coarse_groups,
    distances,
    image_order,
    positions_cm,
    quadrant_sums,
    supercell_weights,
    supercells,
    symmetries,
)

REFERENCE = Path(__file__).parents[3] / "shared" / "econ-t" / "trigger_cells.csv"


def test_positions_agree_with_the_reference_within_ten_micrometres():
    if not REFERENCE.exists():
        pytest.skip(f"the reference positions are not here: {REFERENCE}")
    with REFERENCE.open() as file:
        rows = list(csv.DictReader(file))
    reference = np.zeros((TRIGGER_CELLS, 2))
    for row in rows:
        reference[int(row["trigger_cell"])] = float(row["x_cm"]), float(row["y_cm"])
    assert len(rows) == TRIGGER_CELLS
    assert np.abs(positions_cm() - reference).max() < 1e-3


def test_neighbours_in_a_quadrant_are_two_half_pitches_apart():
    for first in range(TRIGGER_CELLS):
        if first % 4 != 3:
            assert distances()[first, first + 1] == pytest.approx(2.0)
        if first % 16 < 12:
            assert distances()[first, first + 4] == pytest.approx(2.0)


def test_a_tc_of_each_quadrant_touches_the_centre_of_the_sensor():
    centre = positions_cm().mean(axis=0)
    radii = np.linalg.norm(positions_cm() - centre, axis=1) / HALF_PITCH_CM
    # Complex numbers with unit steps at -30 and 90 degrees, from the corner of the innermost cell.
    step_row, step_column = np.exp(-1j * np.pi / 6), 1j
    innermost = 1 / np.sqrt(3) + 0.5 * step_row + 0.5 * step_column
    assert sorted(np.argsort(radii)[:3]) == [3, 19, 35]
    np.testing.assert_allclose(np.sort(radii)[:3], abs(innermost))


def test_quadrant_image_has_a_channel_for_each_quadrant():
    order = image_order((4, 4, 3)).reshape(4, 4, 3)
    for row in range(4):
        for column in range(4):
            for quadrant in range(3):
                assert order[row, column, quadrant] == 16 * quadrant + 4 * row + column


def test_chip_image_has_two_blocks_and_is_zero_elsewhere():
    order = image_order((8, 8, 1)).reshape(8, 8)
    assert order[0].tolist() == list(range(8))
    assert order[3].tolist() == list(range(24, 32))
    assert order[5].tolist() == [36, 37, 38, 39, -1, -1, -1, -1]
    assert sorted(order[order >= 0]) == list(range(48))
    assert (order == -1).sum() == 16


@pytest.mark.parametrize("shape", [(48,), (8, 8), (4, 3, 4), (3, 4, 4)])
def test_other_images_are_refused_with_the_shapes_that_do(shape):
    with pytest.raises(ValueError, match=r"\(4, 4, 3\) or \(8, 8, 1\)"):
        image_order(shape)


def test_symmetries_form_the_group_of_the_triangle():
    group = {tuple(permutation) for permutation in symmetries()}
    assert len(group) == 6
    assert symmetries()[0].tolist() == list(range(48))
    for first in symmetries():
        for second in symmetries():
            assert tuple(first[second]) in group


def test_turns_keep_all_distances():
    for permutation in symmetries()[:3]:
        turned = distances()[np.ix_(permutation, permutation)]
        np.testing.assert_allclose(turned, distances(), atol=1e-9)


def test_a_turn_moves_charge_by_120_degrees():
    event = np.zeros(48)
    event[5] = 1.0
    turned = event[symmetries()[1]]
    centre = positions_cm().mean(axis=0)
    before = complex(*(positions_cm()[5] - centre))
    after = complex(*(positions_cm()[turned.argmax()] - centre))
    assert after == pytest.approx(before * np.exp(2j * np.pi / 3))


def test_reflection_shifts_every_tc_by_less_than_a_third_of_the_pitch():
    centred = (positions_cm() - positions_cm().mean(axis=0)) / HALF_PITCH_CM
    points = centred[:, 0] + 1j * centred[:, 1]
    reflected = np.exp(2j * np.pi / 6) * np.conj(points)  # About the axis at 30 degrees.
    gaps = np.abs(points - reflected[symmetries()[3]])
    np.testing.assert_allclose(gaps, 1 / np.sqrt(3))


def test_supercells_are_the_published_ones():
    across = {
        *[(0, 1, 27, 31), (1, 2, 23, 27), (2, 3, 19, 23), (3, 7, 34, 35), (7, 11, 33, 34)],
        *[(11, 15, 32, 33), (16, 17, 43, 47), (17, 18, 39, 43), (18, 19, 35, 39)],
    }
    windows = {
        (16 * q + 4 * r + c, 16 * q + 4 * r + c + 1, 16 * q + 4 * r + c + 4, 16 * q + 4 * r + c + 5)
        for q in range(3)
        for r in range(3)
        for c in range(3)
    }
    assert {tuple(sorted(cell)) for cell in supercells().tolist()} == across | windows


def test_supercell_weights_count_each_tc_once():
    shares = np.zeros(TRIGGER_CELLS)
    for cell in supercells():
        for tc in cell:
            shares[tc] += 1.0 / (supercells() == tc).any(axis=1).sum()
    np.testing.assert_allclose(shares, 1.0)
    assert 4.0 * supercell_weights().sum() == pytest.approx(TRIGGER_CELLS)
    # TC 0 is in the window of its quadrant's corner and in one supercell across the border.
    corner = supercells().tolist().index([0, 1, 4, 5])
    assert supercell_weights()[corner] == pytest.approx((1 / 2 + 1 / 4 + 1 / 2 + 1 / 4) / 4)


def test_coarse_groups_tile_the_sensor_with_neighbours():
    assert sorted(coarse_groups().reshape(-1)) == list(range(48))
    for group in coarse_groups():
        assert distances()[np.ix_(group, group)].max() == pytest.approx(2 * np.sqrt(3))


def test_quadrant_sums_add_sixteen_tcs_each():
    events = np.random.default_rng(1).integers(0, 100, (5, 48))
    expected = [[event[0:16].sum(), event[16:32].sum(), event[32:48].sum()] for event in events]
    assert quadrant_sums(events).tolist() == expected
