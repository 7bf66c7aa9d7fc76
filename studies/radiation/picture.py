"""Picture of a fault-injection campaign: what each bit position costs, and what to protect."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hexcoder.pictures import svg
from hexcoder.studies.radiation.faults import GROUPS
from hexcoder.studies.radiation.flips import Campaign

_TITLES = {"stored": "weights and biases, stored", "register": "registers"}


def _positions(axes: Axes, campaign: Campaign, group: str) -> None:
    """Mean increase of each tensor's bits by position."""
    for number, site in enumerate(campaign.sites):
        if site.group == group:
            bits = np.unique(site.bits)
            estimate = campaign.estimate[campaign.owner == number]
            means = np.array([estimate[site.bits == bit].mean() for bit in bits])
            # A logarithmic axis shows what costs something; the table has the rest.
            shown = np.where(means > 0, means, np.nan)
            axes.plot(bits, shown, "o-", markersize=3, label=site.label)
    axes.set_title(_TITLES[group])
    axes.set_xlabel("bit (0 is the lowest)")
    axes.set_ylabel("mean EMD increase (half pitches)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    members = campaign.group(group)
    if (campaign.estimate[members] > 0).any():
        axes.set_yscale("log")
    if members.any():
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
    """Draw flips.svg; ``curves`` are those of ``protection`` of report.py."""

    def draw(figure: Figure) -> None:
        left, middle, right = figure.subplots(1, 3)
        for axes, group in zip((left, middle), GROUPS, strict=True):
            _positions(axes, campaign, group)
        _shares(right, curves)

    return svg((11, 3.7), draw)
