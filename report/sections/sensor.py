"""Events drawn on the hexagonal sensor: each trigger cell as the four sensor cells that it sums."""

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_hex

from hexcoder.sensor.geometry import QUADRANTS, SIDE, positions_cm

_COLOURS = LinearSegmentedColormap.from_list(
    "charge", ["#ffffff", "#c9e8bd", "#5bbcc2", "#2a6fb0", "#0b1f5c"]
)
_SIZE, _GAP, _TOP, _SCALE_HEIGHT = 170.0, 16.0, 16.0, 30.0
"""Of one sensor, between two, and above and below them, in the picture's own units."""


def sensor_pair(name: str, true: Sequence[float], reconstructed: Sequence[float]) -> str:
    """Charge fractions of an event before and after, side by side with one colour scale.

    Parameters
    ----------
    name : str
        Keeps the identifiers of this picture apart from those of others.
    true, reconstructed : sequences of 48 fractions of the event's sum
    """
    top = max(*true, *reconstructed) or 1.0
    shapes, border = _shapes(name)
    sensors = "".join(
        f'<g transform="translate({index * (_SIZE + _GAP):g} {_TOP:g})">'
        f'<text x="{_SIZE / 2:g}" y="-5" text-anchor="middle">{title}</text>'
        f'<g stroke="#aeb6be" stroke-width=".5">{_cells(name, fractions, top)}</g>'
        f'<path d="{border}" fill="none" stroke="#333940"/></g>'
        for index, (title, fractions) in enumerate(
            (("true", true), ("reconstructed", reconstructed))
        )
    )
    width, height = 2 * _SIZE + _GAP, _TOP + _SIZE + _SCALE_HEIGHT
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}"><defs>{shapes}</defs>{sensors}'
        f"{_scale(width / 2, _TOP + _SIZE + 8, top)}</svg>"
    )


def _cells(name: str, fractions: Sequence[float], top: float) -> str:
    places = _picture(positions_cm())
    return "".join(
        f'<use href="#{name}-{cell // SIDE**2}" x="{x:.1f}" y="{y:.1f}" '
        f'fill="{to_hex(_COLOURS(fraction / top))}">'
        f"<title>TC {cell}: {100 * fraction:.1f} %</title></use>"
        for cell, (fraction, (x, y)) in enumerate(zip(fractions, places, strict=True))
    )


def _shapes(name: str) -> tuple[str, str]:
    """Return the shape of a trigger cell in each quadrant, and the quadrants' borders."""
    quadrants = positions_cm().reshape(QUADRANTS, SIDE, SIDE, 2)
    shapes, border = "", ""
    for number, quadrant in enumerate(quadrants):
        # Two cells of the lattice make a step to the next TC.
        u, v = (quadrant[1, 0] - quadrant[0, 0]) / 2, (quadrant[0, 0] - quadrant[0, 1]) / 2
        four = np.array([(i * u + j * v) / 2 for i in (-1, 1) for j in (-1, 1)])
        cells = (quadrant.reshape(-1, 1, 2) + four).reshape(-1, 2)
        shape = _picture(_outline(four, u, v)) - _picture(np.zeros(2))
        shapes += f'<path id="{name}-{number}" d="{_path(shape)}"/>'
        border += _path(_picture(_outline(cells, u, v)))
    return shapes, border


def _outline(centres: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return the outline (n, 2) of hexagons that touch.

    ``u`` and ``v`` are steps of their lattice, 120 degrees apart.
    """
    around = [u, u + v, v, -u, -u - v, -v]
    corners = [(around[i - 1] + around[i]) / 3 for i in range(6)]
    points: dict[tuple[float, float], np.ndarray] = {}
    edges = set()
    for centre in centres:
        keys = []
        for corner in corners:
            point = centre + corner
            # Corners that hexagons share come out alike but for rounding; + 0 turns -0 to 0.
            key = (round(float(point[0]), 4) + 0.0, round(float(point[1]), 4) + 0.0)
            points.setdefault(key, point)
            keys.append(key)
        edges |= {(keys[i - 1], keys[i]) for i in range(6)}
    # An edge that two hexagons share is run through in both directions.
    after = {start: end for start, end in edges if (end, start) not in edges}
    walk = [min(after)]
    while (key := after[walk[-1]]) != walk[0]:
        walk.append(key)
    return np.array([points[key] for key in walk])


def _picture(points_cm: np.ndarray) -> np.ndarray:
    """Turn points on the sensor into points of the picture, whose y axis points down."""
    positions = positions_cm()
    low, high = positions.min(axis=0), positions.max(axis=0)
    # A trigger cell reaches 0.7 of a pitch from its centre at most.
    margin = 0.7 * np.linalg.norm(positions[1] - positions[0])
    scale = _SIZE / ((high - low).max() + 2 * margin)
    return _SIZE / 2 + (points_cm - (low + high) / 2) * scale * (1, -1)


def _path(points: np.ndarray) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "z"


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
