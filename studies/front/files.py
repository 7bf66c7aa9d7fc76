"""From the front of a search to the measured front: JSON, CSV, Markdown and pictures."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from hexcoder.documents import read_json
from hexcoder.errors import InputError
from hexcoder.files import write_json, write_whole
from hexcoder.front_picture import draw_front
from hexcoder.metrics.asic import SynthesisOrigin
from hexcoder.metrics.train import Baseline
from hexcoder.pareto import pareto_front
from hexcoder.sections import validated
from hexcoder.studies.front.point import Measured, MeasuredPoint
from hexcoder.studies.record import Record
from hexcoder.studies.search.front import Point, SearchFront, baselines_text, keys_that_differ
from hexcoder.tables import csv_table, markdown_table, value_text


class MeasuredFront(Record):
    """What front.json holds."""

    name: str
    origin: SynthesisOrigin | None
    rank_correlation_of_adder_bits_and_area: float | None
    baselines: list[Baseline]
    front: list[MeasuredPoint]
    not_measured: list[str]


def read_search(build: Path) -> SearchFront:
    """Read build/search/front.json; InputError where there is none that can be used."""
    file = build / "search" / "front.json"
    if not file.is_file():
        raise InputError(f"{file}: no such file; 'hexcoder search' writes it")
    return validated(SearchFront, read_json(file), str(file))


def select_points(points: Sequence[Point], wanted: int | None) -> list[Point]:
    """About so many points, evenly in the logarithm of their adder bits, both ends among them.

    Adder bits of the points rise; ``wanted`` is 2 or more, or None for all.
    """
    if wanted is None or wanted >= len(points):
        return list(points)
    places = np.log([max(point.adder_bits, 1.0) for point in points])
    grid = np.linspace(places[0], places[-1], wanted)
    rows = {int(np.abs(places - place).argmin()) for place in grid}
    return [points[row] for row in sorted(rows)]


def write_files(search: SearchFront, results: Sequence[Measured], folder: Path) -> MeasuredFront:
    """Write front.json, .csv, .md, .svg and front_encoder.svg, each in one step."""
    points = [each.point for each in results if each.point is not None]
    emd = [point.emd_mean for point in points]
    core = [point.area_core_mm2 for point in points]
    encoder = [point.area_encoder_mm2 for point in points]
    front = pareto_front(np.column_stack([emd, core])).tolist()
    content = MeasuredFront(
        name=search.name,
        origin=next((each.origin for each in results if each.origin), None),
        rank_correlation_of_adder_bits_and_area=rank_correlation(
            [point.adder_bits for point in points], core
        ),
        baselines=search.baselines,
        front=[
            point.model_copy(update={"on_front": row in front}) for row, point in enumerate(points)
        ],
        not_measured=[each.failed for each in results if each.failed is not None],
    )
    write_json(folder / "front.json", content.as_json())
    write_whole(folder / "front.csv", _csv(content.front))
    write_whole(folder / "front.md", _markdown(content))
    for name, areas, label in (
        ("front.svg", core, "area of the network, encoder_core"),
        ("front_encoder.svg", encoder, "area of the whole block, encoder"),
    ):
        figures = np.column_stack([emd, areas])
        picture = draw_front(
            figures,
            pareto_front(figures).tolist(),
            [row.model_dump() for row in content.baselines],
            f"{label} (mm$^2$){_where(content.origin)}",
            ("points beaten once measured", "front"),
        )
        write_whole(folder / name, picture)
    return content


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Spearman's rank correlation; None where it is not defined."""
    if len(first) < 3 or len(set(first)) < 2 or len(set(second)) < 2:
        return None
    value = float(spearmanr(first, second).statistic)
    return value if math.isfinite(value) else None


def _csv(points: Sequence[MeasuredPoint]) -> str:
    rows = [
        point.model_dump(exclude={"parameters", "config"}, exclude_unset=True) for point in points
    ]
    return csv_table(list(rows[0]) if rows else [], [list(row.values()) for row in rows])


def _where(origin: SynthesisOrigin | None) -> str:
    return f"\nafter synthesis, {origin.pdk}, corner {origin.corner}" if origin else ""


def _markdown(content: MeasuredFront) -> str:
    text = f"# Measured front of {content.name}\n\n"
    if (origin := content.origin) is not None:
        tools = ", ".join(f"{name} {version}" for name, version in origin.tools.items())
        text += (
            "Mean EMD (half pitches) on held-out events against area "
            f"{origin.stage}: {origin.process}, corner {origin.corner} "
            f"({origin.voltage_v} V, {origin.temperature_c} C); wires: {origin.wires}; "
            f"clock {origin.clock}. Tools: {tools}.\n\n"
        )
    correlation = content.rank_correlation_of_adder_bits_and_area
    if correlation is not None:
        text += (
            f"Rank correlation (Spearman) of adder bits and the network's area over "
            f"{len(content.front)} points: {correlation:.3f}.\n\n"
        )
    text += "![front](front.svg)\n\n"
    header = ["trial", "EMD", "bits an event", "network mm2", "encoder mm2", "cells"]
    header += ["setup slack ns", "adder bits", "on the front"]
    full = any("energy_per_event_pj" in row.model_fields_set for row in content.front)
    header += ["pJ an event"] if full else []
    keys = keys_that_differ([row.parameters for row in content.front])
    rows = [
        [
            f"[{row.trial}]({row.config})",
            f"{row.emd_mean:.4f}",
            str(row.bits_per_event),
            f"{row.area_core_mm2:.5f}",
            f"{row.area_encoder_mm2:.5f}",
            f"{row.cells:,}",
            _number(row.timing__setup__ws, ".2f"),
            f"{row.adder_bits:,.0f}",
            "yes" if row.on_front else "no",
            *([_number(row.energy_per_event_pj, ".1f")] if full else []),
            *(value_text(row.parameters.get(key)) for key in keys),
        ]
        for row in content.front
    ]
    text += markdown_table([*header, *keys], rows) + baselines_text(content.baselines)
    if content.not_measured:
        text += "\nNot measured:\n\n" + "".join(f"- {line}\n" for line in content.not_measured)
    return text


def _number(value: float | None, form: str) -> str:
    return "not measured" if value is None else format(value, form)
