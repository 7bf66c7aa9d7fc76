"""The measured front as JSON, CSV, Markdown and pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from hexcoder.files import write_json, write_whole
from hexcoder.front_picture import draw_front
from hexcoder.pareto import pareto_front
from hexcoder.tables import baseline_table, csv_table, markdown_table, value_text
from studies.front.measure import FrontResult, rank_correlation
from studies.front.point import CORE_AREA

UM2_PER_MM2 = 1e6
_FULL = ("power__total", "energy_per_event_pj")


def write_files(result: FrontResult, folder: Path) -> dict[str, Any]:
    """Write front.json, .csv, .md, .svg and front_encoder.svg, each in one step.

    Returns
    -------
    dict
        What front.json holds.
    """
    rows = [
        _row(point, metrics)
        for point, metrics in zip(result.points, result.measured, strict=True)
        if metrics is not None
    ]
    costs = {key: [row[key] for row in rows] for key in ("area_core_mm2", "area_encoder_mm2")}
    emd = [row["emd_mean"] for row in rows]
    fronts = {key: pareto_front(np.column_stack([emd, cost])) for key, cost in costs.items()}
    for place, row in enumerate(rows):
        row["on_front"] = place in fronts["area_core_mm2"]
    adder_bits = [row["adder_bits"] for row in rows]
    origins = [metrics["origin"] for metrics in result.measured if metrics is not None]
    content: dict[str, Any] = {
        "name": result.search["name"],
        "origin": origins[0] if origins else None,
        "rank_correlation_of_adder_bits_and_area": rank_correlation(
            adder_bits, costs["area_core_mm2"]
        ),
        "baselines": result.search["baselines"],
        "front": rows,
        "not_measured": result.failures,
    }
    write_json(folder / "front.json", content)
    write_whole(folder / "front.csv", _csv(rows))
    write_whole(folder / "front.md", _markdown(content, _keys_that_differ(rows)))
    names = {
        "front.svg": ("area_core_mm2", "area of the network, encoder_core"),
        "front_encoder.svg": ("area_encoder_mm2", "area of the whole block, encoder"),
    }
    for name, (key, label) in names.items():
        points = np.column_stack([emd, costs[key]])
        text = f"{label} (mm$^2$){_where(content)}"
        titles = ("points beaten once measured", "front")
        write_whole(
            folder / name,
            draw_front(points, fronts[key].tolist(), content["baselines"], text, titles),
        )
    return content


def _row(point: dict[str, Any], metrics: dict[str, Any]) -> dict[str, Any]:
    row = {
        "trial": point["trial"],
        "config": f"../search/{point['config']}",
        "emd_mean": point["emd_mean"],
        "bits_per_event": point["bits_per_event"],
        "area_core_mm2": metrics[CORE_AREA] / UM2_PER_MM2,
        "area_encoder_mm2": metrics["design__instance__area"] / UM2_PER_MM2,
        "cells": metrics["design__instance__count"],
        "timing__setup__ws": metrics["timing__setup__ws"],
        "adder_bits": point["adder_bits"],
    }
    row |= {key: metrics[key] for key in _FULL if key in metrics}
    return row | {"parameters": point["parameters"]}


def _keys_that_differ(rows: list[dict[str, Any]]) -> list[str]:
    """Parameters that tell the measured points apart, in the search's order."""
    keys = dict.fromkeys(key for row in rows for key in row["parameters"])
    return [
        key for key in keys if len({json.dumps(row["parameters"].get(key)) for row in rows}) > 1
    ]


def _csv(rows: list[dict[str, Any]]) -> str:
    header = [key for key in (rows[0] if rows else {}) if key not in ("parameters", "config")]
    return csv_table(header, [[row[key] for key in header] for row in rows])


def _where(content: dict[str, Any]) -> str:
    origin = content["origin"]
    if origin is None:
        return ""
    return f"\nafter synthesis, {origin['pdk']}, corner {origin['corner']}"


def _markdown(content: dict[str, Any], keys: list[str]) -> str:
    text = f"# Measured front of {content['name']}\n\n"
    if (origin := content["origin"]) is not None:
        tools = ", ".join(f"{name} {version}" for name, version in origin["tools"].items())
        text += (
            "Mean EMD (half pitches) on held-out events against area "
            f"{origin['stage']}: {origin['process']}, corner {origin['corner']} "
            f"({origin['voltage_v']} V, {origin['temperature_c']} C); wires: {origin['wires']}; "
            f"clock {origin['clock']}. Tools: {tools}.\n\n"
        )
    correlation = content["rank_correlation_of_adder_bits_and_area"]
    if correlation is not None:
        text += (
            f"Rank correlation (Spearman) of adder bits and the network's area over "
            f"{len(content['front'])} points: {correlation:.3f}.\n\n"
        )
    text += "![front](front.svg)\n\n"
    header = ["trial", "EMD", "bits an event", "network mm2", "encoder mm2", "cells"]
    header += ["setup slack ns", "adder bits", "on the front"]
    full = any(_FULL[1] in row for row in content["front"])
    header += ["pJ an event"] if full else []
    rows = []
    for row in content["front"]:
        cells = [
            f"[{row['trial']}]({row['config']})",
            f"{row['emd_mean']:.4f}",
            str(row["bits_per_event"]),
            f"{row['area_core_mm2']:.5f}",
            f"{row['area_encoder_mm2']:.5f}",
            f"{row['cells']:,}",
            _number(row["timing__setup__ws"], ".2f"),
            f"{row['adder_bits']:,.0f}",
            "yes" if row["on_front"] else "no",
        ]
        cells += [_number(row.get(_FULL[1]), ".1f")] if full else []
        rows.append([*cells, *(value_text(row["parameters"].get(key)) for key in keys)])
    text += markdown_table([*header, *keys], rows)
    text += "\nBaselines on the same events:\n\n" + baseline_table(content["baselines"])
    if content["not_measured"]:
        text += "\nNot measured:\n\n" + "".join(f"- {line}\n" for line in content["not_measured"])
    return text


def _number(value: float | None, form: str) -> str:
    return "not measured" if value is None else format(value, form)
