"""Section of the report: what LibreLane measured, beside the embedded flow."""

from collections.abc import Mapping

from hexcoder.report.blocks import Block, Notice, Section, Table, Text, numbers, words
from hexcoder.report.numbers import NOT_MEASURED, count, fixed
from hexcoder.report.results import Results

_ROWS = (
    ("cells", "design__instance__count", "", 1.0, None),
    ("area of the cells", "design__instance__area", "um²", 1.0, 0),
    ("area of the die", "design__die__area", "um²", 1.0, 0),
    ("utilisation", "design__instance__utilization", "", 1.0, 3),
    ("setup slack, worst", "timing__setup__ws", "ns", 1.0, 3),
    ("hold slack, worst", "timing__hold__ws", "ns", 1.0, 3),
    ("power", "power__total", "mW", 1e3, 3),
    ("wires", "route__wirelength", "um", 1.0, 0),
    ("rule violations, Magic", "magic__drc_error__count", "", 1.0, None),
    ("rule violations, KLayout", "klayout__drc_error__count", "", 1.0, None),
    ("differences layout to netlist", "design__lvs_error__count", "", 1.0, None),
    ("antennas above the limit", "antenna__violating__nets", "", 1.0, None),
    ("lint errors", "design__lint_error__count", "", 1.0, None),
    ("cells that synthesis left unmapped", "design__instance_unmapped__count", "", 1.0, None),
)
"""Quantity, LibreLane's name of it, unit, factor to it, decimals."""


def librelane(results: Results) -> Section:
    """LibreLane's own numbers, with those of the embedded flow in columns of their own."""
    measured = results.librelane and results.librelane.run
    if measured is None:
        return Section("librelane", "LibreLane", [results.missing("librelane", "LibreLane")])
    origin = measured.origin
    text = (
        f"By {origin.tool} with PDK {origin.pdk}, {origin.state}: its last step was "
        f"{origin.last_step}. Its column has its own numbers alone. Power of LibreLane is of "
        "its default activity, that of the embedded flow of simulated events."
    )
    blocks: list[Block] = [Text(text)]
    if measured.failed:
        blocks.append(Notice("failure", f"LibreLane: {measured.failed}"))
    flows = [f"LibreLane, {origin.pdk}"]
    sources: list[Mapping[str, object]] = [measured.metrics]
    for own, title in (
        (results.asic, "embedded, synthesis"),
        (results.layout, "embedded, layout"),
    ):
        if own is not None:
            flows.append(f"{title}, {results.config.silicon.pdk}")
            sources.append(own.flat())
    rows = []
    for name, key, unit, factor, decimals in _ROWS:
        values = [_value(source.get(key), factor, decimals) for source in sources]
        if any(value != NOT_MEASURED for value in values):
            rows.append([name, *values, unit])
    columns = [*words("quantity"), *numbers(*flows), *words("unit")]
    blocks.append(Table("LibreLane beside the embedded flow", columns, rows))
    return Section("librelane", "LibreLane", blocks)


def _value(value: object, factor: float, decimals: int | None) -> str:
    if not isinstance(value, (int, float)):
        return NOT_MEASURED
    return count(int(value)) if decimals is None else fixed(float(value), decimals, factor)
