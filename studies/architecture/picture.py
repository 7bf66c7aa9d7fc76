"""Period against parameters: where off-chip memory can still give every weight for each event."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hexcoder.pictures import svg
from hexcoder.studies.architecture.demand import longest_period_off_chip
from hexcoder.studies.architecture.supply import Level

_LINES = "#1f4e79"
_POINTS, _LATENCY = "#b5432a", "#333940"
_LABEL_LINE = 0.05
"""Height of a line of text as a part of the axes."""


@dataclass(frozen=True, slots=True)
class Point:
    """A network in the picture; latency is that of the fastest platform that is known, s."""

    name: str
    parameters: int
    period_s: float
    latency_s: float | None = None


def draw_architecture(points: Sequence[Point], levels: Sequence[Level], bits: float) -> str:
    """Points of networks over the lines of off-chip levels, as SVG.

    Below a level's line its bandwidth is too small for weights of ``bits`` bits: they must be on
    the chip.
    """

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.set_xscale("log")
        axes.set_yscale("log")
        counts = [point.parameters for point in points]
        times = [1e9 * t for p in points for t in (p.period_s, p.latency_s) if t is not None]
        axes.set_xlim(min(counts) / 5, max(counts) * 5)
        axes.set_ylim(min(times) / 30, max(times) * 100)
        _draw_levels(axes, [level for level in levels if not level.on_chip], bits)
        for point in points:
            axes.plot(point.parameters, 1e9 * point.period_s, "o", color=_POINTS, markersize=6)
            axes.annotate(
                point.name, (point.parameters, 1e9 * point.period_s), (2, 6),
                textcoords="offset points", fontsize=8, rotation=50,
            )  # fmt: skip
            if point.latency_s is not None:
                axes.plot(
                    point.parameters, 1e9 * point.latency_s, "D", markersize=6,
                    markerfacecolor="none", markeredgecolor=_LATENCY,
                )  # fmt: skip
        axes.plot([], [], "o", color=_POINTS, label="period of a network")
        if any(point.latency_s is not None for point in points):
            axes.plot(
                [], [], "D", markerfacecolor="none", markeredgecolor=_LATENCY,
                linestyle="none", label="its least known latency",
            )  # fmt: skip
        axes.set_xlabel("parameters")
        axes.set_ylabel("time (ns)")
        axes.set_title(f"below a line, weights of {bits:.3g} bits must be on the chip", fontsize=10)
        figure.legend(loc="outside upper center", ncols=2, fontsize=9)

    return svg((7.4, 4.6), draw)


def _draw_levels(axes: Axes, levels: Sequence[Level], bits: float) -> None:
    """Lines with their labels to the right, kept apart where lines are close."""
    ends = np.array(axes.get_xlim())
    low, high = np.log(axes.get_ylim())
    place = -1.0
    for level in sorted(levels, key=lambda level: -(level.bandwidth or 0)):
        if level.bandwidth is None:
            continue
        period = [1e9 * longest_period_off_chip(n, bits, level.bandwidth) for n in ends]
        axes.plot(ends, period, color=_LINES, linewidth=1.0, scalex=False, scaley=False)
        place = min(max((np.log(period[1]) - low) / (high - low), place + _LABEL_LINE), 1.0)
        axes.text(
            1.01, place, level.name, fontsize=8, color=_LINES, transform=axes.transAxes,
            va="center",
        )  # fmt: skip
