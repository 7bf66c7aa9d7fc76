"""Look of the project's pictures, and SVG that has the same bytes from run to run."""

import io
from collections.abc import Callable
from typing import Any, Literal

import matplotlib
from matplotlib.figure import Figure

INK = "#333940"
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    # Without a salt the identifiers, and so the bytes, change from run to run.
    "svg.hashsalt": "hexcoder",
    "font.size": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.7,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dde1e5",
    "grid.linewidth": 0.6,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
}
"""Look of the project's pictures, for ``matplotlib.rc_context``."""


def svg(
    size: tuple[float, float],
    draw: Callable[[Figure], None],
    layout: Literal["constrained"] | None = "constrained",
    **options: Any,
) -> str:
    """What ``draw`` draws, in the project's style.

    The size is in inches; ``options`` are those of :meth:`matplotlib.figure.Figure.savefig`.
    """
    text = io.StringIO()
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=size, layout=layout)
        draw(figure)
        figure.savefig(text, format="svg", metadata={"Date": None}, **options)
    return text.getvalue()
