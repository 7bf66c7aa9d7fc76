"""Power in the report: after synthesis or after layout, by part and by kind, with glitches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from report.blocks import Column, Picture, Table
from report.charts import stacked_bars
from report.numbers import count, fixed, percent

_POWER = ("internal", "switching", "leakage")


def glitch_power(found: Mapping[str, Any]) -> Mapping[str, float]:
    """What glitches add in W, by part; empty where it was not measured."""
    return (found.get("glitches") or {}).get("power_by_layer_w", {})


def power_picture(name: str, found: Mapping[str, Any], parts: Sequence[str]) -> Picture | None:
    """Bars by part.

    Parameters
    ----------
    name : str
        Keeps the picture's identifiers apart.
    found : mapping
        Metrics of the stage asic or layout.
    parts : sequence of str
        In the order of the bars.
    """
    powers, total = found.get("power_by_layer_w"), found.get("power__total")
    if not powers or not total:
        return None
    glitches = glitch_power(found)
    total += sum(glitches.values())

    def whole(part: str) -> float:
        return powers.get(part, {}).get("total", 0.0) + glitches.get(part, 0.0)

    # A bar of less than a thousandth of the whole cannot be seen; the table has them all.
    seen = [part for part in parts if whole(part) >= total / 1000]
    series = {kind: [1e3 * powers[part][kind] for part in seen] for kind in _POWER}
    if glitches:
        series["glitches"] = [1e3 * max(glitches.get(part, 0.0), 0.0) for part in seen]
    return Picture(
        f"Power by layer, {fixed(total, 2, 1e3)} mW in all: "
        + ", ".join(f"{part} {fixed(whole(part), 2, 1e3)} mW" for part in seen),
        stacked_bars(name, seen, series, "power (mW)", 2),
        "Power by layer, split by kind; parts under 0.1 % are in the table only.",
        "Power by layer",
    )


def power_table(
    found: Mapping[str, Any],
    parts: Sequence[str],
    title: str,
    period_ns: float,
    label: Callable[[str], str] = str,
) -> Table:
    """Every part, every kind of cell, and what glitches add.

    Parameters
    ----------
    found : mapping
        Metrics of the stage asic or layout.
    parts : sequence of str
        In the order of the rows.
    title : str
    period_ns : float
    label : callable
        What a part is called in its row.
    """
    total, glitches = found["power__total"], found.get("glitches")
    by_part = glitch_power(found)
    lively = total + sum(by_part.values())

    def row(name: str, power: Mapping[str, float], glitch: float | None) -> list[str]:
        values = [fixed(power[kind], 3, 1e3) for kind in (*_POWER, "total")]
        if glitches:
            values.append("" if glitch is None else fixed(glitch, 3, 1e3))
        return [name, *values, percent(power["total"] + (glitch or 0.0), lively)]

    layers = found.get("power_by_layer_w") or {}
    rows = [row(label(part), layers[part], by_part.get(part, 0.0)) for part in parts]
    whole = {kind: found[f"power__{kind}__total"] for kind in _POWER} | {"total": total}
    rows.append(row("whole design", whole, sum(by_part.values())))
    mark = frozenset({len(rows) - 1})
    kinds = found.get("power_by_kind_w") or {}
    rows += [row(f"of it {kind}", power, None) for kind, power in kinds.items()]
    columns = [
        Column("part", numeric=False),
        *(Column(kind, "mW") for kind in _POWER),
        Column("at zero delay", "mW"),
        *([Column("glitches add", "mW")] if glitches else []),
        Column("share", "of power"),
    ]
    note = (
        f"Activity: {found['origin'].get('activity')}. Power over the clock period of "
        f"{period_ns:g} ns makes {fixed(found['energy_per_event_pj'], 1)} pJ per event."
    )
    if glitches:
        note += (
            f" Glitches: {count(glitches['events'])} events simulated with the cells' delays by "
            f"Icarus Verilog, {fixed(glitches['toggles_per_event'], 0)} toggles an event instead "
            f"of {fixed(glitches['toggles_per_event_zero_delay'], 0)}; with them "
            f"{fixed(found['energy_per_event_with_glitches_pj'], 1)} pJ per event."
        )
    else:
        note += " Glitches are not counted."
    return Table(title, columns, rows, note, mark)
