"""The picture of a Pareto front: EMD against a cost, with baselines as lines."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from hexcoder.pictures import STYLE

BASELINES = ("STC4", "best choice 14", "threshold 47 ADC")
"""Baselines that are drawn, by their names in metrics.json."""

_FRONT, _OTHERS, _LINES = "#b5432a", "#8fa3b5", "#1f4e79"
_LABEL_LINE = 0.052
"""Height of a line of text as a part of the axes."""


def draw_front(
    points: np.ndarray,
    front: Sequence[int],
    baselines: Sequence[Mapping[str, Any]],
    cost_label: str,
    names: tuple[str, str],
    format: str = "svg",
) -> bytes:
    """Draw all points as dots and the front as the steps between its points.

    Parameters
    ----------
    points : float array (n, 2)
        Mean EMD in half pitches, and the cost, which gets a logarithmic axis; NaN is left out.
    front : sequence of int
        Rows on the front.
    baselines : sequence of mapping
        ``name``, ``emd_mean``, ``bits_per_event``; those of :data:`BASELINES` are drawn.
    cost_label : str
        With its unit.
    names : pair of str
        What the dots and the line are called.
    format : str
        Of matplotlib: svg or png.

    Returns
    -------
    bytes
        The same for the same input.
    """
    points = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    rows = list(front)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.4, 4.4), layout="constrained")
        axes = figure.subplots()
        axes.set_xscale("log")
        drawn = [b for b in baselines if b["name"] in BASELINES and b["emd_mean"] is not None]
        low, high = _emd_range(points, rows, [float(b["emd_mean"]) for b in drawn])
        axes.set_ylim(low, high)
        others = np.setdiff1d(np.flatnonzero(~np.isnan(points).any(axis=1)), rows)
        inside = others[points[others, 0] <= high]
        above = others[points[others, 0] > high]
        if len(inside):
            axes.plot(
                points[inside, 1], points[inside, 0], "o", color=_OTHERS, markersize=4.5,
                markeredgewidth=0, alpha=0.85, label=names[0],
            )  # fmt: skip
        if len(above):
            axes.plot(
                points[above, 1], np.full(len(above), high), "^", color=_OTHERS, markersize=5,
                markeredgewidth=0, clip_on=False, label=f"{names[0]} above the axis",
            )  # fmt: skip
        if rows:
            axes.plot(
                points[rows, 1], points[rows, 0], "o-", color=_FRONT, markersize=5.5,
                linewidth=1.4, drawstyle="steps-post", label=names[1],
            )  # fmt: skip
        _draw_baselines(axes, [b for b in drawn if low <= float(b["emd_mean"]) <= high])
        _label_costs(axes)
        axes.set_xlabel(cost_label)
        axes.set_ylabel("mean EMD (half pitches)")
        if axes.get_legend_handles_labels()[0]:
            figure.legend(loc="outside upper center", ncols=3, fontsize=9)
        stream = io.BytesIO()
        metadata = {"Date": None} if format == "svg" else None
        figure.savefig(stream, format=format, dpi=150, metadata=metadata)
    return stream.getvalue()


def _emd_range(points: np.ndarray, front: list[int], baselines: list[float]) -> tuple[float, float]:
    """Show the whole front, and of the rest what does not squeeze it."""
    shown = points[front, 0] if front else points[~np.isnan(points[:, 0]), 0]
    if not len(shown):
        return (0.0, max(baselines, default=1.0) * 1.1)
    low, high = float(shown.min()), float(shown.max())
    for value in baselines:
        if 0.35 * low <= value <= 1.5 * high:
            low, high = min(low, value), max(high, value)
    margin = max(0.08 * (high - low), 0.02 * high)
    return max(0.0, low - margin), high + 2 * margin


def _draw_baselines(axes: Axes, baselines: list[Mapping[str, Any]]) -> None:
    """Lines with their labels to the right, kept apart where lines are close."""
    low, high = axes.get_ylim()
    place = -1.0
    for baseline in sorted(baselines, key=lambda each: float(each["emd_mean"])):
        emd = float(baseline["emd_mean"])
        axes.axhline(emd, color=_LINES, linewidth=0.9, linestyle=(0, (5, 3)))
        place = max((emd - low) / (high - low), place + _LABEL_LINE)
        name = str(baseline["name"]).removesuffix(" 47 ADC")
        axes.text(
            1.015, place, f"{name}, {baseline['bits_per_event']:.0f} bits", fontsize=8.5,
            color=_LINES, transform=axes.transAxes, va="center",
        )  # fmt: skip


def _label_costs(axes: Axes) -> None:
    """Plain numbers at 1, 2 and 5 of each decade."""

    def text(value: float, position: int | None = None) -> str:
        return f"{value:,.0f}" if value >= 10 else f"{value:g}"

    low, high = axes.get_xlim()
    steps = (1.0, 2.0, 5.0) if high / low < 300 else (1.0,)
    axes.xaxis.set_major_locator(LogLocator(subs=steps, numticks=20))
    axes.xaxis.set_major_formatter(FuncFormatter(text))
    axes.xaxis.set_minor_formatter(NullFormatter())
