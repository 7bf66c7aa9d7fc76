"""The measured design beside the ECON-T chip as published: no like-for-like comparison."""

from __future__ import annotations

from report.blocks import Column, Table
from report.numbers import NOT_MEASURED, fixed
from report.results import Results

ECON_T = {
    "process": "65 nm LP",
    "stage": "silicon, as published",
    "content": "whole encoder block: weights loadable over I2C, triplicated registers",
    "area": "3.6 mm²",
    "power": "95 mW",
    "energy": "2.4 nJ",
    "period": "25 ns",
}
"""The encoder of the ECON-T chip as published; 200 Mrad, initiation interval 1."""


def _content(results: Results) -> str:
    chip = (results.rtl or {}).get("chip") or {}
    if chip.get("weights") != "loadable":
        return "weights fixed in gates, no triplication"
    registers = "triplicated" if chip["triplicated"] else "not triplicated"
    shadow = ", with shadow registers" if chip["update"] == "shadow" else ""
    return f"weights loadable over I2C{shadow}, registers {registers}"


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
        "energy": measured(power and power.energy_per_event_pj, 2, 1e-3, "nJ"),
        "period": f"{results.config.clock.period_ns:g} ns",
    }
    names = {
        "process": "process",
        "stage": "stage",
        "content": "content",
        "area": "area",
        "power": "power",
        "energy": "energy per event",
        "period": "time per event",
    }
    columns = [
        Column("", numeric=False),
        Column("this design", numeric=False),
        Column("ECON-T, published", numeric=False),
    ]
    rows = [[name, ours[key], ECON_T[key]] for key, name in names.items()]
    return Table(
        "Beside the ECON-T chip: no like-for-like comparison",
        columns,
        rows,
        "Process, stage and content all differ, each in favour of this design's figures: a smaller "
        "open study library against a production process, gates after synthesis against silicon, "
        "and, where weights are fixed, no radiation hardening against loadable ones with it. No "
        "ratio of the two columns means anything.",
    )
