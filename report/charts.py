"""Charts of the report: matplotlib figures as SVG that can stand inside of a page.

The ``name`` of each keeps the identifiers of its SVG apart from those of others on the page.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

from hexcoder.metrics.asic import Histogram
from hexcoder.metrics.train import Figures
from hexcoder.pictures import INK, svg

OURS, OTHERS, THIRD, FOURTH = "#b5432a", "#1f4e79", "#8fa3b5", "#d9a441"
# In inches. At 72 points an inch the text keeps about its size on a phone of 400 pixels.
_WIDTH, _HEIGHT = 4.9, 3.3
_BEST_CHOICE = re.compile(r"best choice (\d+)$")


class Method(NamedTuple):
    """A way to send events: mean bits of an event, and mean EMD in half pitches."""

    name: str
    bits: float
    emd: float
    figures: Figures


def emd_against_bits(ours: Method, baselines: Sequence[Method]) -> str:
    """Mean EMD (half pitches) of an encoder and of baselines against bits per event."""
    bits, emd = ours.bits, ours.emd

    def draw(axes: Axes) -> None:
        chosen, others = [], []
        for baseline in baselines:
            point = (baseline.bits, baseline.emd)
            if match := _BEST_CHOICE.match(baseline.name):
                chosen.append((*point, match[1]))
            else:
                others.append((*point, baseline.name))
        axes.axvline(bits, color=OURS, linewidth=0.8, linestyle="--")
        labels = [Label(bits, emd, ours.name, OURS, bold=True)]
        if chosen:
            xs, ys, kept = zip(*sorted(chosen), strict=True)
            axes.plot(xs, ys, "o-", color=OTHERS, markersize=4, linewidth=1)
            labels += [Label(x, y, f"BC {n}", OTHERS) for x, y, n in zip(xs, ys, kept, strict=True)]
        for x, y, text in others:
            axes.plot([x], [y], "s", color=THIRD, markeredgecolor=OTHERS, markersize=5)
            labels.append(Label(x, y, text, INK))
        axes.plot([bits], [emd], "D", color=OURS, markersize=7)
        axes.set_xlabel("bits per event")
        axes.set_ylabel("mean EMD (half pitches)")
        axes.margins(x=0.14, y=0.12)
        axes.set_ylim(bottom=0)
        place_labels(axes, labels)

    return _svg("emd", draw)


def training_curves(
    history: Sequence[Sequence[float]], loss: str, part: str = "epoch", trained: str = "training"
) -> str:
    """Loss on trained and on held-out events against epochs, or other parts of training."""

    def draw(axes: Axes) -> None:
        epochs = range(1, len(history) + 1)
        axes.plot(epochs, [row[0] for row in history], color=OTHERS, label=trained)
        axes.plot(epochs, [row[1] for row in history], color=OURS, label="held out")
        axes.set_xlabel(part)
        axes.set_ylabel(loss)
        axes.set_ylim(bottom=0)
        axes.legend()

    return _svg("curves", draw)


def stacked_bars(
    name: str,
    parts: Sequence[str],
    series: Mapping[str, Sequence[float]],
    unit_label: str,
    decimals: int,
) -> str:
    """Horizontal bars, the first part on top, with its total at the end of each.

    ``series`` maps a label to a value for each part; ``unit_label`` is quantity and unit;
    ``decimals`` are those of the totals.
    """
    colours = (OTHERS, OURS, THIRD, FOURTH)
    totals = [sum(values) for values in zip(*series.values(), strict=True)]

    def draw(axes: Axes) -> None:
        left = [0.0] * len(parts)
        for colour, (label, values) in zip(colours, series.items(), strict=False):
            axes.barh(parts, values, left=left, height=0.62, color=colour, label=label)
            left = [start + value for start, value in zip(left, values, strict=True)]
        for place, total in enumerate(totals):
            axes.annotate(
                f"{total:,.{decimals}f}",
                (total, place),
                (4, 0),
                textcoords="offset points",
                va="center",
            )
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0)
        axes.set_xlim(0, 1.18 * max(totals, default=0.0) or 1.0)
        axes.set_xlabel(unit_label)
        if len(series) > 1:
            axes.legend(loc="lower right")

    return _svg(name, draw, 0.9 + 0.36 * max(len(parts), 3))


def slack_bars(name: str, histograms: Mapping[str, Histogram]) -> str:
    """Endpoints by setup slack, a line of steps for each corner."""

    def draw(axes: Axes) -> None:
        colours = dict(zip(histograms, (OTHERS, OURS, FOURTH), strict=False))
        for corner, histogram in histograms.items():
            axes.stairs(
                histogram.count,
                histogram.edges_ns,
                color=colours.get(corner, THIRD),
                fill=len(histograms) == 1,
                linewidth=1.5,
                label=corner,
            )
        axes.axvline(0.0, color=INK, linewidth=0.8, linestyle="--")
        axes.set_xlabel("setup slack (ns)")
        axes.set_ylabel("endpoints")
        if len(histograms) > 1:
            axes.legend(loc="upper left")

    return _svg(name, draw)


class Label(NamedTuple):
    """Text at a point of a chart."""

    x: float
    y: float
    text: str
    colour: str
    bold: bool = False


_AROUND = (
    ("center", "bottom", 0, 5), ("left", "center", 7, 0), ("right", "center", -7, 0),
    ("center", "top", 0, -5), ("left", "bottom", 5, 4), ("right", "bottom", -5, 4),
    ("left", "top", 5, -4), ("right", "top", -5, -4), ("center", "bottom", 0, 17),
    ("center", "top", 0, -17), ("left", "bottom", 12, 14), ("right", "bottom", -12, 14),
    ("left", "top", 12, -14), ("right", "top", -12, -14), ("center", "bottom", 0, 29),
    ("center", "top", 0, -29),
)  # fmt: skip
"""Where a label may stand: its alignment, and points to the right of and above its point."""


def place_labels(axes: Axes, labels: Sequence[Label]) -> list[Annotation]:
    """Write labels so that none covers another, a point or an edge, the first ones foremost."""
    figure = axes.get_figure()
    assert figure is not None
    renderer = FigureCanvasAgg(figure).get_renderer()  # pyright: ignore[reportArgumentType]
    points = [axes.transData.transform((label.x, label.y)) for label in labels]
    taken = [Bbox.from_extents(x - 5, y - 5, x + 5, y + 5) for x, y in points]
    inside = axes.get_window_extent(renderer)
    placed = []
    for label in labels:
        best: tuple[float, int] | None = None
        texts = []
        for number, (ha, va, right, up) in enumerate(_AROUND):
            text = axes.annotate(
                label.text,
                (label.x, label.y),
                (right, up),
                textcoords="offset points",
                ha=ha,
                va=va,
                color=label.colour,
                size=9,
                weight="bold" if label.bold else "normal",
            )
            texts.append(text)
            box = text.get_window_extent(renderer)
            covered = sum(_shared(box, other) for other in taken)
            outside = box.width * box.height - _shared(box, inside)
            if best is None or (covered + outside, number) < best:
                best = (covered + outside, number)
        assert best is not None
        for number, text in enumerate(texts):
            if number != best[1]:
                text.remove()
        chosen = texts[best[1]]
        taken.append(chosen.get_window_extent(renderer))
        placed.append(chosen)
    return placed


def _shared(first: Bbox, second: Bbox) -> float:
    """Area that two boxes share."""
    width = min(first.x1, second.x1) - max(first.x0, second.x0)
    height = min(first.y1, second.y1) - max(first.y0, second.y0)
    return max(width, 0.0) * max(height, 0.0)


def _svg(name: str, draw: Callable[[Axes], None], height: float = _HEIGHT) -> str:
    text = svg((_WIDTH, height), lambda figure: draw(figure.subplots()), transparent=True)
    return for_page(text, name)


def for_page(picture: str, name: str) -> str:
    """Make an SVG file into an element of an HTML page.

    The page's style gives size and font. Identifiers get ``name`` before them, since those of all
    pictures share one page, and those that nothing refers to go.
    """
    picture = picture[picture.index("<svg") :].strip()
    picture = re.sub(r"<metadata>.*?</metadata>", "", picture, flags=re.DOTALL)
    # This rule would reach out to the whole page.
    picture = re.sub(r"<style.*?</style>", "", picture, flags=re.DOTALL)
    head, rest = picture.split(">", 1)
    box = re.search(r'viewBox="[^"]*"', head)
    assert box is not None
    picture = f"<svg {box[0]}>{rest}".replace("xlink:href", "href")
    picture = re.sub(r"font: ([^\"';]*?) *'[^;\"]*", r"font: \1 sans-serif", picture)
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', picture))

    def identifier(match: re.Match[str]) -> str:
        return f' id="{name}-{match[1]}"' if match[1] in used else ""

    picture = re.sub(r' id="([^"]*)"', identifier, picture)
    picture = re.sub(r'(href="#|url\(#)', rf"\1{name}-", picture)
    return re.sub(r"\n\s*", "\n", picture)
