"""Pictures of the benchmark."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hexcoder.bench.chip import Variant
from hexcoder.bench.compilers import COMPILERS, Comparison
from hexcoder.bench.folding import Folded
from hexcoder.bench.glitches import Glitches
from hexcoder.bench.pipelining import Pipelined
from hexcoder.bench.scale import Size
from hexcoder.pictures import svg

if TYPE_CHECKING:
    from hexcoder.bench.layout import Drawn

_COLOURS = ("#b5432a", "#1f4e79", "#4f7ea8", "#8fb1cf", "#c9d3dc")


def _svg(
    size: tuple[float, float], places: int, draw: Callable[[list[Axes]], None], title: str = ""
) -> bytes:
    """Axes side by side; more than one with a tight layout."""

    def fill(figure: Figure) -> None:
        draw(list(figure.subplots(1, places, squeeze=False)[0]))
        if title:
            figure.suptitle(title, fontsize=10)
        if places > 1:
            figure.tight_layout()

    return svg(size, fill, layout=None, bbox_inches="tight").encode()


def _curves(
    size: tuple[float, float],
    label: str,
    xs: Sequence[float],
    curves: Mapping[str, Sequence[float]],
    title: str = "",
) -> bytes:
    """A picture for each curve, over the same quantity."""

    def draw(places: list[Axes]) -> None:
        for axes, (name, values) in zip(places, curves.items(), strict=True):
            axes.plot(xs, values, "o-", color=_COLOURS[0])
            axes.set_ylim(bottom=0)
            axes.set_xlabel(label)
            axes.set_title(name, fontsize=10)

    return _svg(size, len(curves), draw, title)


def draw_compilers(comparison: Comparison) -> bytes:
    """Area of each network by each compiler, as bars."""
    networks = comparison.networks
    width = 0.8 / len(COMPILERS)

    def draw(places: list[Axes]) -> None:
        [axes] = places
        for number, (compiler, label) in enumerate(COMPILERS.items()):
            offset = (number - (len(COMPILERS) - 1) / 2) * width
            measured = {
                place + offset: row[compiler].measured
                for place, row in enumerate(networks.values())
                if compiler in row
            }
            areas = {x: value.area_um2 / 1e6 for x, value in measured.items() if value}
            if areas:
                heights = list(areas.values())
                axes.bar(list(areas), heights, width, label=label, color=_COLOURS[number])
        axes.set_xticks(np.arange(len(networks)), list(networks))
        axes.grid(axis="x", visible=False)
        axes.set_ylabel("area of the logic after synthesis, mm²")
        if axes.containers:
            axes.set_yscale("log")
            axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)

    return _svg((8.5, 4.2), 1, draw)


def draw_pipelining(name: str, rows: Sequence[Pipelined]) -> bytes:
    """Stages against shortest period, area and energy."""
    curves = {
        "shortest clock period, ns": [row.shortest_period_ns for row in rows],
        "area with registers, mm²": [row.area_um2 * 1e-6 for row in rows],
        "energy an event, pJ": [row.energy_pj for row in rows],
    }
    title = f"{name}, Nangate45 typical, after synthesis"
    return _curves((10.5, 3.4), "stages of logic", [row.stages for row in rows], curves, title)


def draw_folding(name: str, rows: Sequence[Folded]) -> bytes:
    """Interval against area, energy and latency."""
    curves = {
        "area with registers, mm²": [(row.area_um2 + row.registers_um2) * 1e-6 for row in rows],
        "energy an event, pJ": [row.energy_pj for row in rows],
        "latency, clocks": [row.latency_cycles for row in rows],
    }
    title = f"{name}, Nangate45 typical, after synthesis"
    intervals = [row.interval for row in rows]
    return _curves((10.5, 3.4), "clocks from one event to the next", intervals, curves, title)


def draw_glitches(pdk: str, rows: Sequence[Glitches]) -> bytes:
    """Energy an event without and with glitches, of the network and of the whole encoder."""
    names = [str(row.stages) for row in rows]
    energies = {
        "network": [(row.network_zero_delay_pj, row.network_pj) for row in rows],
        "encoder": [(row.encoder_zero_delay_pj, row.encoder_pj) for row in rows],
    }

    def draw(places: list[Axes]) -> None:
        places[1].sharey(places[0])
        for axes, (part, values) in zip(places, energies.items(), strict=True):
            still, full = np.array(values).T
            axes.bar(names, still, 0.6, color=_COLOURS[1], label="zero delay")
            axes.bar(names, full - still, 0.6, bottom=still, color=_COLOURS[0], label="glitches")
            axes.grid(axis="x", visible=False)
            axes.set_xlabel("stages of logic in the network")
            axes.set_title(f"{part}: energy an event, pJ", fontsize=10)
        places[1].tick_params(labelleft=False)
        places[0].legend(loc="upper left")

    return _svg((8.5, 3.4), 2, draw, f"econ_t_linear_mlp, {pdk}, after synthesis")


def draw_layout(rows: Sequence[Drawn]) -> bytes:
    """Time, memory and what is left open over the number of cells."""
    kinds = (("filters", "o-", "convolutions"), ("dense", "s", "dense layers"))
    curves = (
        ("seconds", "place and route, min", 1 / 60),
        ("memory_gib", "memory, GiB", 1.0),
        ("utilisation", "utilisation, %", 100.0),
        ("open_by_router", "segments open after Coriolis", 1.0),
        ("open_nets", "nets open in the end", 1.0),
    )

    def draw(places: list[Axes]) -> None:
        for axes, (key, label, factor) in zip(places, curves, strict=True):
            values = {row.network: (getattr(row, key) or 0) * factor for row in rows}
            for number, (prefix, marker, name) in enumerate(kinds):
                drawn = [row for row in rows if row.network.startswith(prefix)]
                cells = [row.cells / 1e3 for row in drawn]
                heights = [values[row.network] for row in drawn]
                if drawn:
                    axes.plot(cells, heights, marker, color=_COLOURS[number], label=name)
            axes.set_title(label, fontsize=10)
            axes.set_ylim(0, max(1.1 * max(values.values()), 1.0))
            axes.set_xlabel("thousand cells")
        places[0].legend(fontsize=9)

    return _svg((14.0, 3.2), len(curves), draw, "random 6-bit networks in sky130")


def draw_chip(rows: Sequence[Variant]) -> bytes:
    """Area and power of each variant, stacked by block."""
    blocks = sorted(
        {block for row in rows for block in row.area_by_block_um2},
        key=lambda block: -max(row.area_by_block_um2.get(block, 0) for row in rows),
    )
    parts = (
        ("area_by_block_um2", 1e-6, "area after synthesis, mm²"),
        ("power_by_block_mw", 1.0, "power at 25 ns, mW"),
    )
    colours = matplotlib.colormaps["tab10"].colors  # pyright: ignore[reportAttributeAccessIssue]

    def draw(places: list[Axes]) -> None:
        for axes, (key, unit, label) in zip(places, parts, strict=True):
            base = np.zeros(len(rows))
            for colour, block in zip(colours, blocks, strict=False):
                heights = np.array([getattr(row, key).get(block, 0.0) * unit for row in rows])
                axes.bar(range(len(rows)), heights, 0.6, base, label=block, color=colour)
                base += heights
            names = [row.variant.replace(", ", "\n") for row in rows]
            axes.set_xticks(range(len(rows)), names)
            axes.grid(axis="x", visible=False)
            axes.set_ylabel(label)
        handles, labels = places[0].get_legend_handles_labels()
        figure = places[0].get_figure(root=True)
        assert figure is not None
        figure.legend(handles, labels, loc="upper center", ncols=3, bbox_to_anchor=(0.5, 0.0))

    return _svg((8.5, 4.4), len(parts), draw)


def draw_scale(rows: Sequence[Size]) -> bytes:
    """Time and memory over the number of weights."""
    curves = {
        "network.json to Verilog, s": [row.seconds for row in rows],
        "memory, GiB": [row.memory_gib for row in rows],
    }
    return _curves((8.5, 3.4), "weights", [row.weights for row in rows], curves)
