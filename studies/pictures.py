"""Pictures of studies as SVG, the same bytes from run to run."""

from __future__ import annotations

import io
from collections.abc import Callable

import matplotlib
from matplotlib.figure import Figure

from hexcoder.front_picture import STYLE


def svg(size: tuple[float, float], draw: Callable[[Figure], None]) -> str:
    """What ``draw`` draws, in the project's style; the size is in inches."""
    text = io.StringIO()
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure)
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()
