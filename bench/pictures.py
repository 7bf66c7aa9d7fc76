"""Pictures of the benchmark."""

from __future__ import annotations

import io
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from bench.compilers import COMPILERS
from hexcoder.front_picture import STYLE

_COLOURS = ("#b5432a", "#1f4e79", "#4f7ea8", "#8fb1cf", "#c9d3dc")


def _svg(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None})
    return buffer.getvalue()


def draw_compilers(result: dict[str, Any]) -> bytes:
    """Area of each network by each compiler, as bars."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(8.5, 4.2))
        axes = figure.subplots()
        names = list(result["networks"])
        width = 0.8 / len(COMPILERS)
        for number, (compiler, label) in enumerate(COMPILERS.items()):
            areas = [
                result["networks"][name].get(compiler, {}).get("measured", {}).get("area_um2")
                for name in names
            ]
            places = np.arange(len(names)) + (number - (len(COMPILERS) - 1) / 2) * width
            known = [(p, a / 1e6) for p, a in zip(places, areas, strict=True) if a]
            if known:
                axes.bar(
                    [place for place, _ in known],
                    [area for _, area in known],
                    width,
                    label=label,
                    color=_COLOURS[number],
                )
        axes.set_xticks(np.arange(len(names)), names)
        axes.grid(axis="x", visible=False)
        axes.set_ylabel("area of the logic after synthesis, mm²")
        if axes.containers:
            axes.set_yscale("log")
            axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
        return _svg(figure)


def draw_pipelining(name: str, rows: list[dict[str, Any]]) -> bytes:
    """Stages against shortest period, area and energy."""
    stages = [row["stages"] for row in rows]
    curves = (
        ("shortest_period_ns", 1.0, "shortest clock period, ns"),
        ("area_um2", 1e-6, "area with registers, mm²"),
        ("energy_pj", 1.0, "energy an event, pJ"),
    )
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(10.5, 3.4))
        for axes, (key, unit, label) in zip(figure.subplots(1, 3), curves, strict=True):
            axes.plot(stages, [row[key] * unit for row in rows], "o-", color=_COLOURS[0])
            axes.set_ylim(bottom=0)
            axes.set_xlabel("stages of logic")
            axes.set_title(label, fontsize=10)
        figure.suptitle(f"{name}, Nangate45 typical, after synthesis", fontsize=10)
        figure.tight_layout()
        return _svg(figure)


def draw_glitches(pdk: str, rows: list[dict[str, Any]]) -> bytes:
    """Energy an event without and with glitches, of the network and of the whole encoder."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(8.5, 3.4))
        for axes, part in zip(
            figure.subplots(1, 2, sharey=True), ("network", "encoder"), strict=True
        ):
            names = [str(row["stages"]) for row in rows]
            still = [row[f"{part}_zero_delay_pj"] for row in rows]
            added = [row[f"{part}_pj"] - row[f"{part}_zero_delay_pj"] for row in rows]
            axes.bar(names, still, 0.6, color=_COLOURS[1], label="zero delay")
            axes.bar(names, added, 0.6, bottom=still, color=_COLOURS[0], label="glitches")
            axes.grid(axis="x", visible=False)
            axes.set_xlabel("stages of logic in the network")
            axes.set_title(f"{part}: energy an event, pJ", fontsize=10)
        figure.axes[0].legend(loc="upper left")
        figure.suptitle(f"econ_t, {pdk}, after synthesis", fontsize=10)
        figure.tight_layout()
        return _svg(figure)


def draw_layout(rows: list[dict[str, Any]]) -> bytes:
    """Time, memory and what is left open over the number of cells."""
    kinds = (("filters", "o-", "convolutions"), ("dense", "s", "dense layers"))
    curves: tuple[tuple[str, str, float], ...] = (
        ("seconds", "place and route, min", 1 / 60),
        ("memory_gib", "memory, GiB", 1.0),
        ("utilisation", "utilisation, %", 100.0),
        ("open_by_router", "segments open after Coriolis", 1.0),
        ("open_nets", "nets open in the end", 1.0),
    )
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(14.0, 3.2))
        places = figure.subplots(1, len(curves))
        for axes, (key, label, factor) in zip(places, curves, strict=True):
            most = max((row[key] or 0) * factor for row in rows)
            for number, (prefix, marker, name) in enumerate(kinds):
                its = [row for row in rows if row["network"].startswith(prefix)]
                if not its:
                    continue
                axes.plot(
                    [row["cells"] / 1e3 for row in its],
                    [(row[key] or 0) * factor for row in its],
                    marker, color=_COLOURS[number], label=name,
                )  # fmt: skip
            axes.set_title(label, fontsize=10)
            axes.set_ylim(0, max(1.1 * most, 1.0))
            axes.set_xlabel("thousand cells")
        places[0].legend(fontsize=9)
        figure.suptitle("random 6-bit networks in sky130", fontsize=10)
        figure.tight_layout()
        return _svg(figure)


def draw_chip(rows: list[dict[str, Any]]) -> bytes:
    """Area and power of each variant, stacked by block."""
    blocks = sorted(
        {block for row in rows for block in row["area_by_block_um2"]},
        key=lambda block: -max(row["area_by_block_um2"].get(block, 0) for row in rows),
    )
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(8.5, 4.4))
        parts = (
            ("area_by_block_um2", 1e-6, "area after synthesis, mm²"),
            ("power_by_block_mw", 1.0, "power at 25 ns, mW"),
        )
        colours = matplotlib.colormaps["tab10"].colors  # pyright: ignore[reportAttributeAccessIssue]
        for axes, (key, unit, label) in zip(figure.subplots(1, 2), parts, strict=True):
            base = np.zeros(len(rows))
            for colour, block in zip(colours, blocks, strict=False):
                heights = np.array([row[key].get(block, 0.0) * unit for row in rows])
                axes.bar(range(len(rows)), heights, 0.6, base, label=block, color=colour)
                base += heights
            names = [row["variant"].replace(", ", "\n") for row in rows]
            axes.set_xticks(range(len(rows)), names)
            axes.grid(axis="x", visible=False)
            axes.set_ylabel(label)
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="upper center", ncols=3, bbox_to_anchor=(0.5, 0.0))
        figure.tight_layout()
        return _svg(figure)


def draw_scale(rows: list[dict[str, Any]]) -> bytes:
    """Time and memory over the number of weights."""
    weights = [row["weights"] for row in rows]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(8.5, 3.4))
        pairs = (("seconds", "network.json to Verilog, s"), ("memory_gib", "memory, GiB"))
        for axes, (key, label) in zip(figure.subplots(1, 2), pairs, strict=True):
            axes.plot(weights, [row[key] for row in rows], "o-", color=_COLOURS[0])
            axes.set_ylim(bottom=0)
            axes.set_xlabel("weights")
            axes.set_title(label, fontsize=10)
        figure.tight_layout()
        return _svg(figure)
