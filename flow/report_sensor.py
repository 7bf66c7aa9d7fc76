"""Events drawn on the hexagonal sensor: each trigger cell as its rhombus at its true place."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.colors import to_hex

from models.geometry import QUADRANTS, SIDE, positions_cm

_COLOURS = matplotlib.colormaps["YlGnBu"]
_SIZE, _GAP, _TOP, _SCALE_HEIGHT = 170.0, 16.0, 16.0, 30.0
"""Of one sensor, between two, and above and below them, in the picture's own units."""


def sensor_pair(true: Sequence[float], reconstructed: Sequence[float]) -> str:
    """Charge fractions of an event before and after, side by side with one colour scale.

    Parameters
    ----------
    true, reconstructed : sequences of 48 fractions of the event's sum
    """
    top = max(*true, *reconstructed) or 1.0
    sensors = "".join(
        f'<g transform="translate({index * (_SIZE + _GAP):g} {_TOP:g})">'
        f'<text x="{_SIZE / 2:g}" y="-5" text-anchor="middle">{name}</text>'
        f"{_sensor(fractions, top)}</g>"
        for index, (name, fractions) in enumerate(
            (("true", true), ("reconstructed", reconstructed))
        )
    )
    width, height = 2 * _SIZE + _GAP, _TOP + _SIZE + _SCALE_HEIGHT
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}">{sensors}'
        f"{_scale(width / 2, _TOP + _SIZE + 8, top)}</svg>"
    )


def _sensor(fractions: Sequence[float], top: float) -> str:
    grid = positions_cm().reshape(QUADRANTS, SIDE, SIDE, 2)
    outline = np.concatenate([_corners(grid[q], SIDE) for q in range(QUADRANTS)])
    low, high = outline.min(axis=0), outline.max(axis=0)
    scale = _SIZE / (high - low).max()
    margin = (_SIZE - scale * (high - low)) / 2

    def path(corners: np.ndarray) -> str:
        points = (corners - low) * scale + margin
        points[:, 1] = _SIZE - points[:, 1]  # A picture's y axis points down.
        return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "z"

    cells = []
    for cell, fraction in enumerate(fractions):
        quadrant, place = divmod(cell, SIDE * SIDE)
        # Its four corners lie half a step along both sides of the quadrant from its centre.
        rhombus = _corners(grid[quadrant], 1, grid[quadrant].reshape(-1, 2)[place])
        colour = "#fff" if fraction == 0 else to_hex(_COLOURS(fraction / top))
        title = f"<title>TC {cell}: {100 * fraction:.1f} %</title>"
        cells.append(f'<path d="{path(rhombus)}" fill="{colour}">{title}</path>')
    borders = "".join(path(_corners(grid[q], SIDE)) for q in range(QUADRANTS))
    return (
        f'<g stroke="#b9c0c7" stroke-width=".6">{"".join(cells)}</g>'
        f'<path d="{borders}" fill="none" stroke="#333940" stroke-width="1.1"/>'
    )


def _corners(quadrant: np.ndarray, cells: int, centre: np.ndarray | None = None) -> np.ndarray:
    """Corners (4, 2), in cm, of a rhombus of so many cells a side, by default round a quadrant."""
    if centre is None:
        centre = quadrant.reshape(-1, 2).mean(axis=0)
    down = (quadrant[1, 0] - quadrant[0, 0]) * cells / 2
    right = (quadrant[0, 1] - quadrant[0, 0]) * cells / 2
    return np.array(
        [
            centre - down - right,
            centre - down + right,
            centre + down + right,
            centre + down - right,
        ]
    )


def _scale(centre: float, y: float, top: float) -> str:
    steps, width = 24, 5.0
    left = centre - steps * width / 2
    strips = "".join(
        f'<rect x="{left + step * width:g}" y="{y:g}" width="{width + 0.3:g}" height="8" '
        f'fill="{to_hex(_COLOURS((step + 0.5) / steps))}"/>'
        for step in range(steps)
    )
    right = left + steps * width
    return (
        f'{strips}<text x="{left - 4:g}" y="{y + 8:g}" text-anchor="end">0</text>'
        f'<text x="{right + 4:g}" y="{y + 8:g}">{100 * top:.0f} % of the sum</text>'
    )
