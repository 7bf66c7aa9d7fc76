"""Picture of a fault-injection campaign: what each bit position costs, and what to protect."""

from __future__ import annotations

import io
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from studies.radiation.flips import GROUPS, Campaign

_TITLES = {"stored": "weights and biases, stored", "register": "registers"}
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    # Without a salt the identifiers, and so the bytes, change from run to run.
    "svg.hashsalt": "hexcoder",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.alpha": 0.4,
    "legend.frameon": False,
}


def _positions(axes: Axes, campaign: Campaign, group: str) -> None:
    """Mean increase of each tensor's bits by position."""
    members = [s for s in campaign.sensitivities if s.group == group]
    for found in members:
        site = found.site
        bits = np.unique(site.bits)
        means = np.array([found.estimate[site.bits == bit].mean() for bit in bits])
        # A logarithmic axis shows what costs something; the table has the rest.
        axes.plot(bits, np.where(means > 0, means, np.nan), "o-", markersize=3, label=site.label)
    axes.set_title(_TITLES[group])
    axes.set_xlabel("bit (0 is the lowest)")
    axes.set_ylabel("mean EMD increase (half pitches)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if any((s.estimate > 0).any() for s in members):
        axes.set_yscale("log")
    if members:
        axes.legend()
    else:
        axes.text(0.5, 0.5, "none", transform=axes.transAxes, ha="center")


def _shares(axes: Axes, curves: dict[str, np.ndarray]) -> None:
    """Share of the sensitivity against the share of bits protected, in order of rank."""
    for group, curve in curves.items():
        label = f"{_TITLES[group]} ({len(curve) - 1} bits)"
        axes.plot(np.linspace(0, 100, len(curve)), 100 * curve, label=label)
    axes.set_title("what protection buys")
    axes.set_xlabel("bits protected, in order of rank (%)")
    axes.set_ylabel("share of the sensitivity (%)")
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 105)
    if curves:
        axes.legend(loc="lower right")
    else:
        axes.text(0.5, 0.5, "flips cost nothing", transform=axes.transAxes, ha="center")


def draw_flips(campaign: Campaign, curves: dict[str, np.ndarray]) -> str:
    """Draw flips.svg.

    Parameters
    ----------
    campaign : Campaign
    curves : dict of float64 arrays (bits + 1,)
        Share of the sensitivity by number of bits protected, by group.

    Returns
    -------
    str
        SVG; the same campaign gives the same bytes.
    """
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(11, 3.7), layout="constrained")
        left, middle, right = figure.subplots(1, 3)
        for axes, group in zip((left, middle), GROUPS, strict=True):
            _positions(axes, campaign, group)
        _shares(right, curves)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()
