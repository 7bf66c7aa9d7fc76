"""Where the 48 trigger cells (TCs) of a hexagonal sensor lie, and how they are grouped.

The sensor is three rhombic quadrants of 4x4 TCs around its centre; TC ``16 q + 4 r + c`` is row r,
column c of quadrant q. A TC is 2x2 cells of a hexagonal lattice that has a corner of a cell at the
sensor's centre. Quadrants follow one another by turns of 120 degrees about that centre.
"""

import functools

import numpy as np
import numpy.typing as npt

TRIGGER_CELLS = 48
QUADRANTS = 3
SIDE = 4
"""Rows, and columns, of TCs in a quadrant."""

HALF_PITCH_CM = 1.20840075
"""Half the distance of neighbouring TCs in a quadrant: the pitch of the cells, and unit of EMD."""

_CHIP_IMAGE = (8, 8, 1)
_QUADRANT_IMAGE = (4, 4, 3)


@functools.cache
def positions_cm() -> npt.NDArray[np.float64]:
    """Centres of the TCs in the sensor's plane: float64 (48, 2), read-only.

    x and y in cm, TC 0 at the origin.
    """
    quadrant, row, column = np.unravel_index(np.arange(TRIGGER_CELLS), (QUADRANTS, SIDE, SIDE))
    turn = 120.0 * quadrant
    # The innermost cell of a quadrant touches the sensor's centre with one corner. Its TC reaches
    # half a cell further along both sides; from there on it is two cells to each next TC.
    from_centre = (
        _direction(turn) / np.sqrt(3.0)
        + (2 * row + 0.5)[:, None] * _direction(turn - 30.0)
        + (2 * (SIDE - 1 - column) + 0.5)[:, None] * _direction(turn + 90.0)
    )
    positions = HALF_PITCH_CM * (from_centre - from_centre[0])
    positions.flags.writeable = False
    return positions


def distances() -> npt.NDArray[np.float64]:
    """Distances between the TCs' centres: float64 array (48, 48), in units of half a pitch."""
    positions = positions_cm()
    return np.linalg.norm(positions[:, None] - positions[None], axis=-1) / HALF_PITCH_CM


def image_order(shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Which TC each element of a network's input image shows, int64 (elements,).

    Shape (4, 4, 3) has a channel for each quadrant; (8, 8, 1) is the chip's image, TCs 0-31 in rows
    0-3, TCs 32-47 in columns 0-3 of rows 4-7. Elements are those of the flattened (row, column,
    channel) image; -1 where it is always zero. ValueError for any other shape.
    """
    if tuple(shape) == _QUADRANT_IMAGE:
        quadrants = np.arange(TRIGGER_CELLS, dtype=np.int64).reshape(QUADRANTS, SIDE, SIDE)
        return quadrants.transpose(1, 2, 0).reshape(-1)
    if tuple(shape) == _CHIP_IMAGE:
        image = np.full((8, 8), -1, dtype=np.int64)
        image[:4] = np.arange(32).reshape(4, 8)
        image[4:, :4] = np.arange(32, 48).reshape(4, 4)
        return image.reshape(-1)
    raise ValueError(f"no image of the sensor has shape {shape}: use (4, 4, 3) or (8, 8, 1)")


def symmetries() -> npt.NDArray[np.int64]:
    """Permutations of the TCs under the sensor's three turns, without and with reflection.

    Turns are exact. The reflection is of the sensor's outline: the lattice has a cell's corner, not
    a mirror line, at the centre, so each reflected TC comes to lie 0.58 half pitches beside the TC
    that it is given to.

    Of the int64 (6, 48), ``events[:, symmetries()[k]]`` are the events turned by 0, 120, 240
    degrees (k 0, 1, 2) or reflected and turned (k = 3, 4, 5). Row 0 is the identity.
    """
    from_centre = positions_cm() - positions_cm().mean(axis=0)
    axis = _direction(30.0)  # Through the middle of quadrant 0.
    mirror = 2.0 * np.outer(axis, axis) - np.eye(2)
    permutations = []
    for reflect in (np.eye(2), mirror):
        for turn in (0.0, 120.0, 240.0):
            x_axis, y_axis = _direction(turn), _direction(turn + 90.0)
            moved = from_centre @ (np.stack([x_axis, y_axis], axis=1) @ reflect).T
            gaps = np.linalg.norm(from_centre[:, None] - moved[None], axis=-1)
            permutations.append(gaps.argmin(axis=1))
    return np.array(permutations, dtype=np.int64)


@functools.cache
def supercells() -> npt.NDArray[np.int64]:
    """TCs of the overlapping 2x2 supercells: int64 (36, 4), read-only.

    27 lie inside of a quadrant, 9 across the quadrants' borders.
    """
    tcs = np.arange(TRIGGER_CELLS).reshape(QUADRANTS, SIDE, SIDE)
    steps = range(SIDE - 1)
    inside = [
        tcs[q, r : r + 2, c : c + 2].reshape(-1)
        for q in range(QUADRANTS)
        for r in steps
        for c in steps
    ]
    # Row 0 of a quadrant lies along the last column, read backwards, of the next quadrant.
    across = [
        np.concatenate([tcs[q, 0, c : c + 2], tcs[(q + 1) % QUADRANTS, 2 - c : 4 - c, SIDE - 1]])
        for q in range(QUADRANTS)
        for c in steps
    ]
    cells = np.array(inside + across, dtype=np.int64)
    cells.flags.writeable = False
    return cells


def supercell_weights() -> npt.NDArray[np.float64]:
    """Weights, float64 (36,), with which each TC counts once over the overlapping supercells.

    A quarter of the sum, over a supercell's TCs, of 1 / (number of supercells with that TC).
    """
    memberships = np.bincount(supercells().reshape(-1), minlength=TRIGGER_CELLS)
    return (1.0 / memberships[supercells()]).sum(axis=1) / 4.0


@functools.cache
def coarse_groups() -> npt.NDArray[np.int64]:
    """TCs of the 12 disjoint 2x2 supercells that tile the quadrants, row-major: int64 (12, 4).

    Read-only.
    """
    blocks = np.arange(TRIGGER_CELLS).reshape(QUADRANTS, 2, 2, 2, 2)
    groups = blocks.transpose(0, 1, 3, 2, 4).reshape(12, 4).astype(np.int64)
    groups.flags.writeable = False
    return groups


def quadrant_sums(events: npt.NDArray[np.number]) -> npt.NDArray[np.number]:
    """Sum each quadrant: array (..., 48), any unit, to array (..., 3) of the same type and unit."""
    return events.reshape(*events.shape[:-1], QUADRANTS, SIDE * SIDE).sum(axis=-1)


def _direction(degrees: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Unit vectors (..., 2) at angles counter-clockwise from the x axis."""
    radians = np.deg2rad(degrees)
    return np.stack([np.cos(radians), np.sin(radians)], axis=-1)
