"""Pictures of the physics statistics."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hexcoder.files import write_whole
from hexcoder.pictures import svg
from hexcoder.studies.seeds.comparison import (
    Comparison,
    Method,
    baseline_method,
    baselines_at,
    compare,
)
from hexcoder.studies.seeds.report import CountedSeed, LinksRow

NETWORK = "#b5432a"
# Distinct without colour vision too, in this order (Okabe and Ito), each with a line style.
_OTHERS = ("#0072b2", "#009e73", "#56b4e9", "#e69f00", "#8a5a83", "#777777")
_DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))
_ABSCISSAE = {"occupancy": "trigger cells above zero", "charge_adc": "sum of charge (ADC)"}


def compare_and_draw(network: Method, events: np.ndarray, folder: Path) -> Comparison:
    """Compare a network with the baselines at its bits, in figures and pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    baselines = [baseline_method(each, events) for each in baselines_at(events, network.bits)]
    comparison = compare(network, baselines, events)
    draw_profile(comparison, "occupancy", folder / "occupancy.svg")
    draw_profile(comparison, "charge_adc", folder / "charge.svg")
    draw_response([network, *baselines], folder / "response.svg")
    return comparison


def draw_profile(comparison: Comparison, abscissa: str, path: Path) -> None:
    """Mean EMD of a network and of baselines against 'occupancy' or 'charge_adc'."""

    def draw(axes: Axes) -> None:
        for place, method in enumerate([comparison.network, *comparison.baselines]):
            bins = method.profiles[abscissa]
            if not bins:
                continue
            colour, dashes = _look(place)
            x = [each.centre for each in bins]
            low, mean, high = (
                [getattr(each.emd, key) for each in bins] for key in ("low", "mean", "high")
            )
            alpha, width = (0.12, 1.2) if place else (0.25, 2.0)
            axes.fill_between(x, low, high, color=colour, alpha=alpha, lw=0)
            label = _label(method.name, method.bits_per_event)
            axes.plot(x, mean, color=colour, ls=dashes, lw=width, marker="o", ms=3, label=label)
        if abscissa == "charge_adc":
            axes.set_xscale("log")

    _save_emd(path, _ABSCISSAE[abscissa], draw)


def draw_response(methods: Sequence[Method], path: Path) -> None:
    """Histograms of the response of sum, mean position and RMS width; the first is the network."""
    panels: list[tuple[str, Callable[[Method], np.ndarray], float, float]] = [
        ("reconstructed / true sum", lambda m: m.response.sum_ratio, 1.0, 0.2),
        ("shift of mean x (cm)", lambda m: m.response.shift_cm[:, 0], 0.0, 3.0),
        ("shift of mean y (cm)", lambda m: m.response.shift_cm[:, 1], 0.0, 3.0),
        ("change of RMS width (cm)", lambda m: m.response.width_change_cm, 0.0, 3.0),
    ]

    def draw(figure: Figure) -> None:
        grid = figure.subplots(2, 2)
        for axes, (title, values, centre, reach) in zip(grid.flat, panels, strict=True):
            edges = np.linspace(centre - reach, centre + reach, 42)
            for place, method in enumerate(methods):
                kept = values(method)
                kept = kept[~np.isnan(kept)]
                if not len(kept):
                    continue
                # What lies outside is counted in the outermost bins: nothing is hidden.
                heights = np.histogram(np.clip(kept, edges[0], edges[-1]), edges)[0] / len(kept)
                colour, dashes = _look(place)
                axes.stairs(
                    heights, edges, color=colour, ls=dashes, lw=1.1 if place else 1.6, fill=False,
                    label=_label(method.name, method.bits),
                )  # fmt: skip
            axes.set_xlabel(title)
            axes.set_ylabel("fraction of events")
            axes.set_yscale("log")
        handles, labels = grid.flat[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=9)

    write_whole(path, svg((8.0, 6.2), draw))


def draw_emd_against_bits(links: Sequence[LinksRow], path: Path) -> None:
    """Mean EMD of every seed, and of the baselines, against bits per event."""
    seeds = [
        (row.bits_per_event, seed.emd_mean)
        for row in links
        for seed in row.seeds
        if isinstance(seed, CountedSeed)
    ]
    medians = [(row.bits_per_event, row.emd.median) for row in links if row.comparison]
    baselines: dict[str, dict[float, float]] = {}
    for row in links:
        for each in row.comparison.baselines if row.comparison else []:
            if each.emd.counted:
                family = baselines.setdefault(_family(each.name), {})
                family[each.bits_per_event] = each.emd.mean

    def draw(axes: Axes) -> None:
        for place, (name, points) in enumerate(baselines.items(), 1):
            colour, dashes = _look(place)
            line = dashes if len(points) > 1 else "none"
            xs, ys = zip(*sorted(points.items()), strict=True)
            axes.plot(xs, ys, marker="s", ms=4, ls=line, lw=1.1, color=colour, label=name)
        if seeds:
            axes.plot(*zip(*seeds, strict=True), "o", color=NETWORK, ms=4, alpha=0.5, label="seeds")
            xs, ys = zip(*medians, strict=True)
            axes.plot(xs, ys, "_-", color=NETWORK, ms=14, lw=1.6, label="network, median of seeds")

    _save_emd(path, "bits per event", draw)


def _look(place: int) -> tuple[str, Any]:
    """Colour and dashes: the network's at place 0, then the baselines'."""
    if place == 0:
        return NETWORK, "-"
    return _OTHERS[(place - 1) % len(_OTHERS)], _DASHES[(place - 1) % len(_DASHES)]


def _label(name: str, bits: float) -> str:
    return f"{name} ({bits:.0f} bits)"


def _family(name: str) -> str:
    """Best choice with any number of TCs, and the threshold that fits, are a curve each."""
    if name.startswith("best choice"):
        return "best choice"
    if name.startswith("threshold") and name != "threshold 47 ADC":
        return "threshold that fits"
    return name


def _save_emd(path: Path, abscissa: str, draw: Callable[[Axes], None]) -> None:
    """One set of axes with its legend to the right, where it hides no line."""

    def beside(figure: Figure) -> None:
        axes = figure.subplots()
        draw(axes)
        axes.set_xlabel(abscissa)
        axes.set_ylabel("mean EMD (half pitches)")
        axes.set_ylim(bottom=0)
        figure.legend(loc="outside right upper", fontsize=9)

    write_whole(path, svg((7.4, 4.2), beside))
