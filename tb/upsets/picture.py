"""The picture of a campaign: outcomes by class, and cross-sections with their intervals."""

import io

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hexcoder.pictures import STYLE
from hexcoder.tb.upsets.campaign import Outcome
from hexcoder.tb.upsets.statistics import Statistics

COLOURS = {
    Outcome.CORRECTED: "#4c8c6b",
    Outcome.MASKED: "#b9c4ce",
    Outcome.EVENT: "#e0a63a",
    Outcome.RELOAD: "#b5432a",
    Outcome.HUNG: "#5b1f3a",
}
HARM = (Outcome.EVENT, Outcome.RELOAD, Outcome.HUNG)
_LEAST_SHARE = 0.06
"""Of a bar's part that gets a number."""


def draw_flips(found: Statistics, format: str = "svg") -> bytes:
    """Draw a campaign as "svg" or "png"."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 0.55 * len(found.classes) + 2.2), layout="constrained")
        shares, sections = figure.subplots(1, 2, width_ratios=(3, 2), sharey=True)
        _draw_shares(shares, found)
        _draw_sections(sections, found)
        figure.legend(
            ncols=len(Outcome), loc="outside upper center", fontsize=8.5,
            handlelength=1.0, columnspacing=1.2,
        )  # fmt: skip
        target = io.BytesIO()
        metadata = {"Date": None} if format == "svg" else None
        figure.savefig(target, format=format, dpi=120, metadata=metadata)
    return target.getvalue()


def _draw_shares(axes: Axes, found: Statistics) -> None:
    for row, entry in enumerate(found.classes.values()):
        left = 0.0
        for outcome in Outcome:
            share = entry.outcomes[outcome.value].probability
            axes.barh(
                row, share, left=left, height=0.62, color=COLOURS[outcome],
                label=outcome.value if row == 0 else None,
            )  # fmt: skip
            if share >= _LEAST_SHARE:
                dark = outcome is not Outcome.MASKED
                axes.text(
                    left + share / 2, row, f"{share:.1%}", ha="center", va="center",
                    fontsize=8.5, color="white" if dark else "#333940",
                )  # fmt: skip
            left += share
    labels = [
        f"{name}\n{entry.bits:,} bits, {entry.flips:,} flips"
        for name, entry in found.classes.items()
    ]
    axes.set_yticks(range(len(labels)), labels)
    axes.set_xlim(0, 1)
    axes.invert_yaxis()
    axes.set_xlabel("share of the flips")
    axes.grid(False, axis="y")


def _draw_sections(axes: Axes, found: Statistics) -> None:
    for row, entry in enumerate(found.classes.values()):
        for place, outcome in enumerate(HARM):
            share = entry.outcomes[outcome.value]
            low, high = share.cross_section_low, share.cross_section_high
            at = row + 0.2 * (place - 1)
            axes.plot([max(low, 1e-3), high], [at, at], color=COLOURS[outcome], linewidth=2)
            if share.flips:
                axes.plot(share.cross_section_bits, at, "o", color=COLOURS[outcome], markersize=5)
            else:
                # No hit: the line ends at the upper bound.
                axes.plot(high, at, "|", color=COLOURS[outcome], markersize=8)
    axes.set_xscale("log")
    axes.set_xlabel(f"cross-section, flip-flops ({found.confidence:.0%})")
    axes.tick_params(axis="y", length=0)
