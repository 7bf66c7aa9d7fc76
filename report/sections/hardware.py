"""Section of the report: area, timing and power, beside the published chip."""

import re
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from hexcoder.metrics.asic import AreaMetrics, AsicFile
from hexcoder.report.blocks import (
    Block,
    Notice,
    Picture,
    Pictures,
    Section,
    Table,
    Text,
    Verbatim,
    numbers,
    titled,
    words,
)
from hexcoder.report.charts import slack_bars, stacked_bars
from hexcoder.report.numbers import count, fixed, percent
from hexcoder.report.results import Results
from hexcoder.report.sections.beside import beside_published, in_other_processes
from hexcoder.report.sections.path import worst_path
from hexcoder.report.sections.power import power_picture, power_table

_PARTS = {
    "encoder_core": "registers between layers",
    "encoder": "connections",
    "front_end": "sum, leading one, shift",
    "sum_code": "delay of the sum's code",
    "valid": "valid bit",
    "energies": "registers of the energies",
    "chains": "multiples, rounding with each step",
    "length_sums": "bits that each mode takes",
    "choice": "the first mode that fits",
    "select": "its values",
    "coders": "code words",
    "shifts": "where each word begins",
    "packer": "joins the words",
}
"""What parts of the design that are no layer hold."""
FEWEST = 4
"""Fewer numbered copies keep a row each."""


def hardware(results: Results) -> Section:
    """Area, timing, power and the comparison with the chip."""
    asic = results.asic
    blocks: list[Block] = []
    if asic is None:
        blocks.append(results.missing("asic", "Area, timing and power"))
    else:
        asic = copies_together(asic, _layers(results))
        blocks += [Text(_origin(asic)), *_area(asic, results)]
        blocks += [*_timing(asic, results), *_power(asic, results)]
    blocks.append(beside_published(results))
    if (processes := in_other_processes(results)) is not None:
        blocks.append(processes)
    return Section("hardware", "Hardware", blocks)


def _origin(asic: AsicFile) -> str:
    origin = asic.origin
    return (
        f"All figures are of the gates {origin.stage}. Process: {origin.process}. "
        f"Corner {origin.corner}, {origin.voltage_v:g} V, {origin.temperature_c:g} °C. "
        f"Wires: {origin.wires}. Clock: {origin.clock}."
    )


def _layers(results: Results) -> list[str]:
    return [layer.name for layer in results.rtl.layers] if results.rtl else []


def _parts(area: AreaMetrics, results: Results) -> list[str]:
    """Layers in the order of the data, then the other parts, the largest first."""
    areas, layers = area.area_by_layer_um2, _layers(results)
    others = sorted((part for part in areas if part not in layers), key=lambda part: -areas[part])
    return [layer for layer in layers if layer in areas] + others


def _part(name: str) -> str:
    """Name of a part, with what it holds; synthesis may have put a number behind the name."""
    held = _PARTS.get(name) or _PARTS.get(name.rstrip("0123456789").rstrip("_"))
    return f"{name}: {held}" if held else name


def _area(asic: AsicFile, results: Results) -> list[Block]:
    area = asic.area
    if area is None:
        return [results.unmeasured("asic", "Area", asic.why_not("design__instance__area"))]
    areas, total = area.area_by_layer_um2, area.design__instance__area
    parts = _parts(area, results)
    # A bar of less than a thousandth of the whole cannot be seen; the table has them all.
    seen = [part for part in parts if areas[part] >= total / 1000]
    picture = Picture(
        f"Area by layer, {fixed(total, 0)} µm² in all: "
        + ", ".join(f"{part} {percent(areas[part], total)}" for part in seen),
        stacked_bars(
            "area", seen, {"area": [areas[part] / 1e3 for part in seen]}, "area (10³ µm²)", 1
        ),
        "Area of the cells by layer; parts under 0.1 % are in the table only.",
        "Area by layer",
    )
    power = asic.power and power_picture("power", asic.power, asic.glitch, parts)
    return [Pictures([picture, power] if power else [picture]), _area_table(area, results, parts)]


def _area_table(measured: AreaMetrics, results: Results, parts: list[str]) -> Table:
    areas, total = measured.area_by_layer_um2, measured.design__instance__area
    cells = measured.cells_by_layer

    def row(name: str, area: float, kinds: Mapping[str, int]) -> list[str]:
        number = sum(kinds.values()) or None
        shares = [percent(value, number) for value in cell_classes(kinds, results.cells)]
        decimals = 0 if area >= 10 else 1
        return [name, fixed(area, decimals), percent(area, total), count(number), *shares]

    rows = [row(_part(part), areas[part], cells.get(part, {})) for part in parts]
    everything: Counter[str] = Counter()
    for kinds in cells.values():
        everything.update(kinds)
    rows.append(row("whole design", total, everything))
    classes = ("full and half adders", "registers", "other")
    columns = [
        *words("part"),
        *numbers(("area", "µm²"), ("share", "of area"), "cells"),
        *numbers(*((name, "share of cells") for name in classes)),
    ]
    note = "Adders and registers are told by their function in the Liberty file, not by name."
    if not results.cells:
        note = f"Kinds of cells: asic/cells.json is missing; {results.command('asic')} writes it."
    return Table("Area and cells by layer", columns, rows, note, frozenset({len(rows) - 1}))


def cell_classes(
    kinds: Mapping[str, int], models: Mapping[str, Any]
) -> tuple[int, int, int] | tuple[None, None, None]:
    """Count adder cells, registers and others.

    Parameters
    ----------
    kinds : mapping of library cell to number of instances
    models : mapping of library cell to its inputs, outputs and register, as in asic/cells.json;
        without them nothing can be told

    Returns
    -------
    tuple of three int, or of three None
    """
    if not models:
        return None, None, None
    adders = registers = 0
    for kind, number in kinds.items():
        model = models.get(kind, {})
        if model.get("register"):
            registers += number
        elif len(model.get("outputs", {})) == 2:
            # The only combinational cells of a library with two outputs give sum and carry.
            adders += number
    return adders, registers, sum(kinds.values()) - adders - registers


def copies_together(asic: AsicFile, layers: Collection[str]) -> AsicFile:
    """Metrics of the stage asic with the sums of numbered copies in place of each.

    Parameters
    ----------
    asic : AsicFile
    layers : collection of str
        Layers of the network, which are never put together.
    """
    area, power = asic.area, asic.power
    if area is None:
        return asic
    parts = [part for part in area.area_by_layer_um2 if part not in layers]
    stems = {part: match[1] for part in parts if (match := re.fullmatch(r"(.+)_\d+", part))}
    copies = Counter(stems.values())
    names = {
        part: f"{stem} ({copies[stem]})" for part, stem in stems.items() if copies[stem] >= FEWEST
    }
    areas: dict[str, float] = {}
    for part, value in area.area_by_layer_um2.items():
        name = names.get(part, part)
        areas[name] = areas.get(name, 0.0) + value
    changed = {"area_by_layer_um2": areas, "cells_by_layer": _summed(area.cells_by_layer, names)}
    area = area.model_copy(update=changed)
    if power is not None:
        powers = _summed(power.power_by_layer_w, names)
        power = power.model_copy(update={"power_by_layer_w": powers})
    return asic.model_copy(update={"area": area, "power": power})


def _summed(
    by_part: Mapping[str, Mapping[str, float]], names: Mapping[str, str]
) -> dict[str, dict[str, float]]:
    sums: dict[str, dict[str, float]] = {}
    for part, values in by_part.items():
        total = sums.setdefault(names.get(part, part), {})
        for key, value in values.items():
            total[key] = total.get(key, 0) + value
    return sums


def _timing(asic: AsicFile, results: Results) -> list[Block]:
    timing, period = asic.timing, asic.clock__period_ns
    if timing is None:
        return [results.unmeasured("asic", "Timing", asic.why_not("timing__setup__ws"))]
    blocks: list[Block] = []
    slack = timing.timing__setup__ws
    if slack < 0:
        text = f"The clock period of {period:g} ns is not met: setup slack {fixed(slack, 3)} ns."
        blocks.append(Notice("failure", text))
    clock = results.config.clock
    rows = [
        ["clock period", fixed(period, 2), "ns"],
        ["clock uncertainty", fixed(clock.uncertainty_ns, 2), "ns"],
        ["input delay", fixed(clock.input_delay_ns, 2), "ns"],
        ["output delay", fixed(clock.output_delay_ns, 2), "ns"],
        ["worst setup slack", fixed(slack, 3), "ns"],
        ["total negative setup slack", fixed(timing.timing__setup__tns, 3), "ns"],
        ["worst hold slack", fixed(timing.timing__hold__ws, 3), "ns"],
        ["endpoints without constraint", count(timing.unconstrained_endpoints), "endpoints"],
    ]
    columns = [*words("quantity"), *numbers("value"), *words("unit")]
    note = (
        f"Worst path: {timing.worst_path}. By OpenSTA, {asic.origin.corner} corner "
        "only. Hold is of an ideal clock: it can be judged only with a clock tree."
    )
    blocks.append(Table("Timing", columns, rows, note))
    histogram = timing.timing__setup__histogram
    if histogram.count:
        corner = asic.origin.corner
        text = "Endpoints by setup slack after synthesis; what is left of the dashed line is late."
        drawn = slack_bars("slack", {corner: histogram})
        blocks.append(Pictures([titled("Slack", text, drawn)]))
    if results.setup_report:
        caption = "The worst path, abridged from asic/timing_setup.rpt (ns, fF)"
        blocks.append(Verbatim(caption, worst_path(results.setup_report)))
    else:
        text = "The worst path in full: asic/timing_setup.rpt is missing."
        blocks.append(Notice("missing", text, results.command("asic")))
    return blocks


def _power(asic: AsicFile, results: Results) -> list[Block]:
    power = asic.power
    if power is None:
        return [results.unmeasured("asic", "Power", asic.why_not("power__total"))]
    ordered = _parts(asic.area, results) if asic.area else list(power.power_by_layer_w)
    parts = [part for part in ordered if part in power.power_by_layer_w]
    title = "Power by layer and by kind of cell"
    energy = asic.energy_per_event_with_glitches_pj
    return [power_table(power, asic.glitch, energy, parts, title, results.event_ns, _part)]
