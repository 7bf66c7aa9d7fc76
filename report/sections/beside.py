"""The design beside the published ECON-T chip, and beside itself in other processes."""

from collections.abc import Iterator

from hexcoder.config import ClassicalMethod, Network
from hexcoder.metrics.asic import PowerMetrics
from hexcoder.pdk.scaling import METHOD, TARGET_NM, area_in_target, energy_in_target
from hexcoder.report.blocks import Table, numbers, words
from hexcoder.report.numbers import NOT_MEASURED, fixed
from hexcoder.report.results import Results, Silicon

UNKNOWN = "\N{EN DASH}"
ECON_T = {
    "process": "65 nm LP",
    "stage": "silicon, as published",
    "content": "whole encoder block: weights loadable over I2C, triplicated registers",
    "area": "3.6 mm²",
    "power": "95 mW",
    "energy per event": "2.4 nJ",
    "time per event": "25 ns",
}
"""The encoder of the ECON-T chip as published; 200 Mrad, initiation interval 1."""


def _content(results: Results) -> str:
    chip = results.rtl and results.rtl.chip
    what = "weights" if isinstance(results.config.network, Network) else "tables"
    if isinstance(results.config.network, ClassicalMethod):
        return "a fixed algorithm, no triplication"
    if not chip or chip.weights != "loadable":
        return f"{what} fixed in gates, no triplication"
    registers = "triplicated" if chip.triplicated else "not triplicated"
    shadow = ", with shadow registers" if chip.update == "shadow" else ""
    return f"{what} loadable over I2C{shadow}, registers {registers}"


def beside_published(results: Results) -> Table:
    """Put figures side by side with what differs between them."""
    asic = results.asic
    origin = asic and asic.origin
    area, power = (asic.area, asic.power) if asic else (None, None)

    def measured(value: float | None, decimals: int, scale: float, unit: str) -> str:
        return NOT_MEASURED if value is None else f"{fixed(value, decimals, scale)} {unit}"

    ours = {
        "process": origin.process if origin else NOT_MEASURED,
        "stage": f"{origin.stage}: {origin.wires}" if origin else NOT_MEASURED,
        "content": f"{_content(results)}, no clock tree, no wires beyond the wire-load estimate",
        "area": measured(area and area.design__instance__area, 3, 1e-6, "mm²"),
        "power": measured(power and power.power__total, 1, 1e3, "mW"),
        "energy per event": measured(power and power.energy_per_event_pj, 2, 1e-3, "nJ"),
        "time per event": f"{results.event_ns:g} ns",
    }
    rows = [[name, value, ECON_T[name]] for name, value in ours.items()]
    return Table(
        "Beside the ECON-T chip: no like-for-like comparison",
        words("", "this design", "ECON-T, published"),
        rows,
        "Process, stage and content all differ, each in favour of this design's figures: a smaller "
        "open study library against a production process, gates after synthesis against silicon, "
        "and, where weights are fixed, no radiation hardening against loadable ones with it. No "
        "ratio of the two columns means anything.",
    )


def in_other_processes(results: Results) -> Table | None:
    """A row for each run of this network beside this one; None where nothing can be scaled."""
    name = results.config.name
    runs = {name: Silicon(results.asic, results.layout)} | dict(results.others)
    rows = [row for run, silicon in runs.items() for row in _rows(run, silicon)]
    if not any(row[-1] != UNKNOWN for row in rows):
        return None
    rows.append(["ECON-T", ECON_T["process"], ECON_T["stage"], "3.6", "95", "2.40", "3.6", "2.40"])
    columns = [
        *words("run", "process", "stage"),
        *numbers(("area", "mm²"), ("power", "mW"), ("energy per event", "nJ")),
        *numbers((f"area at {TARGET_NM} nm", "mm²"), (f"energy at {TARGET_NM} nm", "nJ")),
    ]
    note = (
        f"{METHOD} Area is that of cells; after layout that of the die. The chip's area and energy "
        "are those of the whole encoder with what the other rows do not have."
    )
    return Table("In other processes", columns, rows, note)


def _rows(run: str, silicon: Silicon) -> Iterator[list[str]]:
    asic, layout = silicon
    process, node, volts = UNKNOWN, None, None
    if asic is not None:
        origin = asic.origin
        node, volts = origin.node_nm, origin.voltage_v
        process = f"{origin.pdk}, {origin.corner}, {volts:g} V"
    stages: list[tuple[str, float, PowerMetrics | None]] = []
    if asic is not None and asic.area is not None:
        stages.append(("after synthesis", asic.area.design__instance__area, asic.power))
    if layout is not None and layout.place is not None:
        stages.append(("after layout", layout.place.design__die__area, layout.power))
    for stage, area, power in stages:
        scaled = UNKNOWN, UNKNOWN
        energy = power and power.energy_per_event_pj
        if node is not None and volts is not None and energy is not None:
            scaled = (
                fixed(area_in_target(area, node), 3, 1e-6),
                fixed(energy_in_target(energy, node, volts), 3, 1e-3),
            )
        yield [
            run,
            process,
            stage,
            fixed(area, 3, 1e-6),
            fixed(power and power.power__total, 1, 1e3),
            fixed(energy, 3, 1e-3),
            *scaled,
        ]
