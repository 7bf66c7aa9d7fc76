"""Power in the report: after synthesis or after layout, by part and by kind, with glitches."""

from collections.abc import Callable, Mapping, Sequence

from hexcoder.metrics.asic import GlitchMetrics, PowerMetrics
from hexcoder.report.blocks import Picture, Table, numbers, words
from hexcoder.report.charts import stacked_bars
from hexcoder.report.numbers import count, fixed, percent

_POWER = ("internal", "switching", "leakage")


def power_picture(
    name: str, power: PowerMetrics, glitch: GlitchMetrics | None, parts: Sequence[str]
) -> Picture | None:
    """Bars by part; None without any power.

    Parameters
    ----------
    name : str
        Keeps the picture's identifiers apart.
    power : PowerMetrics
    glitch : GlitchMetrics or None
    parts : sequence of str
        In the order of the bars.
    """
    powers, total = power.power_by_layer_w, power.power__total
    if not powers or not total:
        return None
    glitches = glitch.glitches.power_by_layer_w if glitch else {}
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
    power: PowerMetrics,
    glitch: GlitchMetrics | None,
    energy_with_glitches_pj: float | None,
    parts: Sequence[str],
    title: str,
    event_ns: float,
    label: Callable[[str], str] = str,
) -> Table:
    """Every part, every kind of cell, and what glitches add.

    Parameters
    ----------
    power : PowerMetrics
    glitch : GlitchMetrics or None
    energy_with_glitches_pj : float or None
        Of an event.
    parts : sequence of str
        In the order of the rows.
    title : str
    event_ns : float
    label : callable
        What a part is called in its row.
    """
    total, glitches = power.power__total, glitch and glitch.glitches
    by_part = glitches.power_by_layer_w if glitches else {}
    lively = total + sum(by_part.values())

    def row(name: str, watts: Mapping[str, float], added: float | None) -> list[str]:
        values = [fixed(watts[kind], 3, 1e3) for kind in (*_POWER, "total")]
        if glitches:
            values.append("" if added is None else fixed(added, 3, 1e3))
        return [name, *values, percent(watts["total"] + (added or 0.0), lively)]

    layers = power.power_by_layer_w
    rows = [row(label(part), layers[part], by_part.get(part, 0.0)) for part in parts]
    whole = {
        "internal": power.power__internal__total,
        "switching": power.power__switching__total,
        "leakage": power.power__leakage__total,
        "total": total,
    }
    rows.append(row("whole design", whole, sum(by_part.values())))
    mark = frozenset({len(rows) - 1})
    kinds = power.power_by_kind_w
    rows += [row(f"of it {kind}", watts, None) for kind, watts in kinds.items()]
    powers = (*_POWER, "at zero delay", *(("glitches add",) if glitches else ()))
    columns = [
        *words("part"),
        *numbers(*((name, "mW") for name in powers), ("share", "of power")),
    ]
    note = (
        f"Activity: {power.activity}. Power over the time of an event, "
        f"{event_ns:g} ns, makes {fixed(power.energy_per_event_pj, 1)} pJ per event."
    )
    if glitches:
        by = "hexcoder, an estimate" if glitches.is_estimate else "Icarus Verilog"
        note += (
            f" Glitches: {count(glitches.events)} events simulated with the cells' delays by "
            f"{by}, {fixed(glitches.toggles_per_event, 0)} toggles an event instead "
            f"of {fixed(glitches.toggles_per_event_zero_delay, 0)}; with them "
            f"{fixed(energy_with_glitches_pj, 1)} pJ per event."
        )
    else:
        note += " Glitches are not counted."
    return Table(title, columns, rows, note, mark)
