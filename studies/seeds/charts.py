"""Pictures of the physics statistics as SVG, the same bytes from run to run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from studies.seeds.comparison import Method

INK = "#333940"
NETWORK = "#b5432a"
# Distinct without colour vision too, in this order (Okabe and Ito), each with a line style.
_OTHERS = ("#0072b2", "#009e73", "#56b4e9", "#e69f00", "#8a5a83", "#777777")
_DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    # Without a salt the identifiers, and so the bytes, change from run to run.
    "svg.hashsalt": "hexcoder",
    "font.size": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dde1e5",
    "grid.linewidth": 0.6,
    "text.color": INK,
    "axes.labelcolor": INK,
    "legend.frameon": False,
}
_EMD = "mean EMD (half pitches)"


def draw_profile(comparison: Mapping[str, Any], abscissa: str, path: Path) -> None:
    """Mean EMD of a network and of baselines against occupancy or charge.

    Parameters
    ----------
    comparison : mapping
        From :func:`studies.seeds.comparison.compare`.
    abscissa : str
        ``occupancy`` or ``charge_adc``: a key of its profiles.
    """

    def draw(axes: Axes) -> None:
        for row, colour, dashes in _rows(comparison):
            bins = row["profiles"][abscissa]
            if not bins:
                continue
            x = [one["centre"] for one in bins]
            low, mean, high = ([one["emd"][key] for one in bins] for key in ("low", "mean", "high"))
            is_network = colour == NETWORK
            axes.fill_between(x, low, high, color=colour, alpha=0.25 if is_network else 0.12, lw=0)
            width = 2.0 if is_network else 1.2
            label = _label(row["name"], row["bits_per_event"])
            axes.plot(x, mean, color=colour, ls=dashes, lw=width, marker="o", ms=3, label=label)
        if abscissa == "charge_adc":
            axes.set_xscale("log")
        names = {"occupancy": "trigger cells above zero", "charge_adc": "sum of charge (ADC)"}
        axes.set_xlabel(names[abscissa])
        axes.set_ylabel(_EMD)
        axes.set_ylim(bottom=0)

    _save(path, (7.4, 4.2), lambda figure: _beside(figure, draw))


def draw_response(methods: Sequence[Method], path: Path) -> None:
    """Histograms of the response of sum, mean position and RMS width; the first is the network."""
    panels: list[tuple[str, Callable[[Method], np.ndarray], np.ndarray]] = [
        ("reconstructed / true sum", lambda m: m.response.sum_ratio, _bins_round(1.0, 0.2)),
        ("shift of mean x (cm)", lambda m: m.response.shift_cm[:, 0], _bins_round(0.0, 3.0)),
        ("shift of mean y (cm)", lambda m: m.response.shift_cm[:, 1], _bins_round(0.0, 3.0)),
        ("change of RMS width (cm)", lambda m: m.response.width_change_cm, _bins_round(0.0, 3.0)),
    ]

    def draw(figure: Figure) -> None:
        grid = figure.subplots(2, 2)
        for axes, (title, values, edges) in zip(grid.flat, panels, strict=True):
            for place, method in enumerate(methods):
                found = values(method)
                found = found[~np.isnan(found)]
                if not len(found):
                    continue
                # What lies outside is counted in the outermost bins: nothing is hidden.
                heights = np.histogram(np.clip(found, edges[0], edges[-1]), edges)[0] / len(found)
                colour, dashes = (NETWORK, "-") if place == 0 else _other(place - 1)
                label = _label(method.name, method.bits)
                axes.stairs(
                    heights, edges, color=colour, ls=dashes, label=label,
                    lw=1.6 if place == 0 else 1.1, fill=False,
                )  # fmt: skip
            axes.set_xlabel(title)
            axes.set_ylabel("fraction of events")
            axes.set_yscale("log")
        handles, labels = grid.flat[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=9)

    _save(path, (8.0, 6.2), draw)


def draw_emd_against_bits(links: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Mean EMD of every seed, and of the baselines, against bits per event.

    Parameters
    ----------
    links : sequence of mappings
        ``links`` of study.json.
    """

    def draw(axes: Axes) -> None:
        medians: list[tuple[float, float]] = []
        seeds: list[tuple[float, float]] = []
        others: dict[str, dict[float, float]] = {}
        for row in links:
            found = [one for one in row["seeds"] if "emd_mean" in one]
            bits = row["bits_per_event"]
            seeds += [(bits, one["emd_mean"]) for one in found]
            if row["emd"]["median"] is not None:
                medians.append((bits, row["emd"]["median"]))
            for baseline in row["comparison"]["baselines"] if row["comparison"] else []:
                if baseline["emd"]["mean"] is not None:
                    points = others.setdefault(_family(baseline["name"]), {})
                    points[baseline["bits_per_event"]] = baseline["emd"]["mean"]
        for place, (family, points) in enumerate(others.items()):
            colour, dashes = _other(place)
            line = dashes if len(points) > 1 else "none"
            xs, ys = zip(*sorted(points.items()), strict=True)
            axes.plot(xs, ys, marker="s", ms=4, ls=line, lw=1.1, color=colour, label=family)
        if seeds:
            axes.plot(*zip(*seeds, strict=True), "o", color=NETWORK, ms=4, alpha=0.5, label="seeds")
        if medians:
            xs, ys = zip(*medians, strict=True)
            axes.plot(xs, ys, "_-", color=NETWORK, ms=14, lw=1.6, label="network, median of seeds")
        axes.set_xlabel("bits per event")
        axes.set_ylabel(_EMD)
        axes.set_ylim(bottom=0)

    _save(path, (7.4, 4.2), lambda figure: _beside(figure, draw))


def _rows(comparison: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], str, Any]]:
    rows: list[tuple[Mapping[str, Any], str, Any]] = [(comparison["network"], NETWORK, "-")]
    for place, row in enumerate(comparison["baselines"]):
        rows.append((row, *_other(place)))
    return rows


def _other(place: int) -> tuple[str, Any]:
    return _OTHERS[place % len(_OTHERS)], _DASHES[place % len(_DASHES)]


def _label(name: str, bits: float) -> str:
    return f"{name} ({bits:.0f} bits)"


def _family(name: str) -> str:
    """Best choice with any number of TCs, and the threshold that fits, are a curve each."""
    if name.startswith("best choice"):
        return "best choice"
    if name.startswith("threshold") and name != "threshold 47 ADC":
        return "threshold that fits"
    return name


def _bins_round(centre: float, reach: float) -> np.ndarray:
    return np.linspace(centre - reach, centre + reach, 42)


def _beside(figure: Figure, draw: Callable[[Axes], None]) -> None:
    """One set of axes with its legend to the right, where it hides no line."""
    axes = figure.subplots()
    draw(axes)
    figure.legend(loc="outside right upper", fontsize=9)


def _save(path: Path, size: tuple[float, float], draw: Callable[[Figure], None]) -> None:
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure)
        partial = path.with_name(f".{path.name}.partial")
        figure.savefig(partial, format="svg", metadata={"Date": None})
    partial.replace(path)
