"""The same encoder in every process that it was built in, as measured and scaled to the chip's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pdk.scaling import METHOD, TARGET_NM, area_in_target, energy_in_target
from report.blocks import Column, Table
from report.numbers import fixed
from report.results import Results
from report.sections.published import ECON_T

UNKNOWN = "\N{EN DASH}"


def in_other_processes(results: Results) -> Table | None:
    """A row for each run of this network beside this one; None where nothing can be scaled."""
    name = results.config.name
    runs = {name: results.metrics} | dict(results.others)
    rows = [row for run, metrics in runs.items() for row in _rows(run, metrics)]
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


def _rows(run: str, metrics: Mapping[str, Any]) -> Iterator[list[str]]:
    asic, layout = metrics["asic"] or {}, metrics["layout"] or {}
    origin = asic.get("origin") or {}
    node, volts = origin.get("node_nm"), origin.get("voltage_v")
    for stage, found, area in (
        ("after synthesis", asic, asic.get("design__instance__area")),
        ("after layout", layout, layout.get("design__die__area")),
    ):
        if area is None:
            continue
        energy = found.get("energy_per_event_pj")
        scaled = UNKNOWN, UNKNOWN
        if node is not None and volts is not None and energy is not None:
            scaled = (
                fixed(area_in_target(area, node), 3, 1e-6),
                fixed(energy_in_target(energy, node, volts), 3, 1e-3),
            )
        yield [
            run,
            f"{origin.get('pdk')}, {origin.get('corner')}, {volts:g} V" if volts else UNKNOWN,
            stage,
            fixed(area, 3, 1e-6),
            fixed(found.get("power__total"), 1, 1e3),
            fixed(energy, 3, 1e-3),
            *scaled,
        ]
