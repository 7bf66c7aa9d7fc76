"""The comparison's file, its table of fronts and its picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter
from pydantic import Field

from hexcoder.metrics.asic import SynthesisOrigin
from hexcoder.pareto import pareto_front
from hexcoder.pictures import svg
from hexcoder.report.numbers import count, fixed
from hexcoder.studies.front.files import rank_correlation
from hexcoder.studies.record import Record
from hexcoder.studies.tables.designs import KINDS
from hexcoder.studies.tables.measure import Figures
from hexcoder.tables import markdown_table

MARKS = ("<!-- tables -->", "<!-- /tables -->")
"""What the tables of the comparison stand between in a page."""
PRICE_MARKS = ("<!-- price -->", "<!-- /price -->")
_COLOURS = {"sums": "#1f4e79", "tables": "#b5432a", "mixed": "#6b8f3a", "trees": "#8a6bb1"}


class Row(Record):
    """A trained design."""

    task: str
    kind: str
    design: str
    seed: int
    figures: Figures


class Priced(Record):
    """A network of tables of the price's check."""

    design: str
    price: float = Field(description="at the end of training, full adders")
    area_um2: float


class TablesFile(Record):
    """tables.json."""

    samples: int
    epochs: int
    glitch_events: int
    seeds: int
    origin: SynthesisOrigin | None = None
    rows: tuple[Row, ...] = ()
    not_measured: tuple[str, ...] = ()
    priced: tuple[Priced, ...] = ()
    price_rank_correlation: float | None = Field(
        default=None, description="Spearman's, of price and area over 'priced'"
    )


class Mean(Record):
    """A design over its seeds: means, and the standard deviation of the error."""

    task: str
    kind: str
    design: str
    seeds: int
    error: float
    error_deviation: float | None
    area_um2: float
    energy_pj: float | None


def means_of(rows: Sequence[Row]) -> list[Mean]:
    """Designs with the means of their seeds, in the order of the rows."""
    by_design: dict[tuple[str, str, str], list[Figures]] = defaultdict(list)
    for row in rows:
        by_design[row.task, row.kind, row.design].append(row.figures)
    found = []
    for (task, kind, design), figures in by_design.items():
        errors = [one.error for one in figures]
        energies = [
            one.energy_with_glitches_pj
            for one in figures
            if one.energy_with_glitches_pj is not None
        ]
        found.append(
            Mean(
                task=task,
                kind=kind,
                design=design,
                seeds=len(figures),
                error=float(np.mean(errors)),
                error_deviation=float(np.std(errors, ddof=1)) if len(errors) > 1 else None,
                area_um2=float(np.mean([one.area_um2 for one in figures])),
                energy_pj=float(np.mean(energies)) if len(energies) == len(figures) else None,
            )
        )
    return found


def front_of(means: Sequence[Mean], cost: str) -> list[Mean]:
    """Those that no other beats in error and cost, cost rising."""
    points = [[mean.error, getattr(mean, cost) or np.nan] for mean in means]
    return [means[row] for row in pareto_front(np.array(points, float))]


def least_area(means: Sequence[Mean], kind: str, error: float) -> Mean | None:
    """The smallest of a kind whose error is at most so large."""
    fitting = [mean for mean in means if mean.kind == kind and mean.error <= error]
    return min(fitting, key=lambda mean: mean.area_um2, default=None)


def tables_text(content: TablesFile) -> str:
    """Of each task the front of each kind, and of all, in Markdown."""
    text = ""
    for task, rows in groupby(content.rows, key=lambda row: row.task):
        means = means_of(list(rows))
        whole = {id(mean) for mean in front_of(means, "area_um2")}
        energy = {id(mean) for mean in front_of(means, "energy_pj")}
        lines = [
            [
                mean.kind,
                mean.design,
                fixed(mean.error, 4)
                + (f" ± {fixed(mean.error_deviation, 4)}" if mean.error_deviation else ""),
                count(round(mean.area_um2)),
                "not measured" if mean.energy_pj is None else fixed(mean.energy_pj, 2),
                ", ".join(
                    name for name, on in (("area", whole), ("energy", energy)) if id(mean) in on
                ),
            ]
            for kind in KINDS
            for mean in front_of([one for one in means if one.kind == kind], "area_um2")
        ]
        head = ["kind", "network", "error", "area, um2", "energy with glitches, pJ"]
        text += f"\n**{task}**, {_seeds(means)}\n\n"
        text += markdown_table([*head, "on the front of all in"], lines)
    if content.not_measured:
        text += "\nNot measured:\n\n" + "".join(f"- {line}\n" for line in content.not_measured)
    return text.lstrip("\n")


def _seeds(means: Sequence[Mean]) -> str:
    fewest, most = (end(mean.seeds for mean in means) for end in (min, max))
    seeds = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    return f"{len(means)} designs, seeds of each: {seeds}"


def price_text(content: TablesFile) -> str:
    """What the price's check came to."""
    value = content.price_rank_correlation
    if value is None:
        return "not measured\n"
    areas = [one.area_um2 for one in content.priced]
    return (
        f"Rank correlation (Spearman) of price and area over {len(areas)} networks of "
        f"{count(round(min(areas)))} to {count(round(max(areas)))} um2: {fixed(value, 3)}.\n"
    )


def correlation_of(priced: Sequence[Priced]) -> float | None:
    """Spearman's, of price and area."""
    return rank_correlation([one.price for one in priced], [one.area_um2 for one in priced])


def put_between(page: str, marks: tuple[str, str], text: str) -> str:
    """A page with a text between two marks.

    Raises
    ------
    ValueError
        If it has no such marks.
    """
    before, _, rest = page.partition(marks[0])
    _, found, after = rest.partition(marks[1])
    if not found:
        raise ValueError(f"the page has no {' ... '.join(marks)}")
    return f"{before}{marks[0]}\n{text}{marks[1]}{after}"


def draw_fronts(content: TablesFile) -> str:
    """Of each task error against area and against energy, all designs and their kinds' fronts."""
    tasks = list(dict.fromkeys(row.task for row in content.rows))

    def draw(figure: Figure) -> None:
        panels = figure.subplots(max(len(tasks), 1), 2, squeeze=False, sharey="row")
        for line, task in zip(panels, tasks, strict=False):
            means = means_of([row for row in content.rows if row.task == task])
            for axes, (cost, label) in zip(
                line,
                (
                    ("area_um2", "area after synthesis (um$^2$)"),
                    ("energy_pj", "energy with glitches (pJ)"),
                ),
                strict=True,
            ):
                axes.set_xscale("log")
                axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
                axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
                axes.xaxis.set_minor_formatter(NullFormatter())
                for kind in KINDS:
                    own = [one for one in means if one.kind == kind and getattr(one, cost)]
                    front = front_of(own, cost)
                    colour = _COLOURS[kind]
                    for points, style in ((own, "o"), (front, "-")):
                        axes.plot(
                            [getattr(one, cost) for one in points],
                            [one.error for one in points],
                            style,
                            color=colour,
                            markersize=4,
                            linewidth=1.3,
                            drawstyle="steps-post",
                        )
                axes.set_xlabel(label)
            line[0].set_ylabel(f"{task}: error")
        for kind in KINDS:
            panels[0][0].plot([], [], "o-", color=_COLOURS[kind], markersize=4, label=kind)
        figure.legend(loc="outside upper center", ncols=4, fontsize=9)

    return svg((8.0, 0.6 + 2.9 * max(len(tasks), 1)), draw)
