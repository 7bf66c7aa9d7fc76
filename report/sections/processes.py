"""The same encoder in every process that it was built in, as measured and scaled to the chip's."""

from __future__ import annotations

from collections.abc import Iterator

from hexcoder.metrics.asic import PowerMetrics
from pdk.scaling import METHOD, TARGET_NM, area_in_target, energy_in_target
from report.blocks import Column, Table
from report.numbers import fixed
from report.results import Results, Silicon
from report.sections.published import ECON_T

UNKNOWN = "\N{EN DASH}"


def in_other_processes(results: Results) -> Table | None:
    """A row for each run of this network beside this one; None where nothing can be scaled."""
    name = results.config.name
    runs = {name: Silicon(results.asic, results.layout)} | dict(results.others)
    rows = [row for run, silicon in runs.items() for row in _rows(run, silicon)]
    if not any(row[-1] != UNKNOWN for row in rows):
        return None
    rows.append(["ECON-T", ECON_T["process"], ECON_T["stage"], "3.6", "95", "2.40", "3.6", "2.40"])
    columns = [
        Column("run", numeric=False),
        Column("process", numeric=False),
        Column("stage", numeric=False),
        Column("area", "mm²"),
        Column("power", "mW"),
        Column("energy per event", "nJ"),
        Column(f"area at {TARGET_NM} nm", "mm²"),
        Column(f"energy at {TARGET_NM} nm", "nJ"),
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
