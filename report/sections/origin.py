"""Section of the report: where every number comes from, and how to get it again."""

from __future__ import annotations

from hexcoder import __version__
from hexcoder.steps.runner import RECORDS
from report.blocks import Block, Column, Section, Table, Text, Verbatim
from report.results import STAGES, Results


def origin(results: Results) -> Section:
    """Commands, seeds, versions, digests and the config."""
    blocks: list[Block] = [
        Text("These commands, in this order, make everything in this report again:"),
        Verbatim("Commands", "\n".join(results.command(stage) for stage in STAGES)),
        _settings(results),
        _tools(results),
        _files(results),
        Verbatim("The config", results.config_text.strip()),
    ]
    return Section("origin", "Origin", blocks)


def _settings(results: Results) -> Table:
    config, train = results.config, results.train or {}
    sim, process = results.sim or {}, results.asic and results.asic.origin
    unknown = "stage has not run"
    corner = (
        f"{process.corner}, {process.voltage_v:g} V, {process.temperature_c:g} °C"
        if process
        else unknown
    )
    rows = [
        ["events", str(train.get("events", {}).get("source", unknown))],
        ["seed of the events and their split", str(train.get("events", {}).get("seed", unknown))],
        ["seed of training", str(train.get("training", {}).get("seed", unknown))],
        ["seed of the RTL's vectors", str(sim.get("seed", unknown))],
        ["PDK", f"{config.silicon.pdk}: {process.process if process else unknown}"],
        ["corner", corner],
        ["activity for power", (process and process.activity) or unknown],
    ]
    columns = [Column("setting", numeric=False), Column("value", numeric=False)]
    return Table("Seeds and settings", columns, rows)


def _tools(results: Results) -> Table:
    rows = [["hexcoder", __version__, "all"]]
    found: dict[tuple[str, str], list[str]] = {}
    for stage, record in results.records.items():
        for name, version in record.tools.items():
            found.setdefault((name, str(version or "not installed")), []).append(stage)
    rows += [[name, version, ", ".join(stages)] for (name, version), stages in found.items()]
    columns = [Column(name, numeric=False) for name in ("tool", "version", "stages")]
    return Table("Tools, as each stage recorded them", columns, rows)


def _files(results: Results) -> Table:
    rows = [
        [name, digest[:16] if digest else "missing"]
        for name, digest in results.digests.items()
        if not name.endswith(RECORDS)
    ]
    columns = [Column("file", numeric=False), Column("SHA-256, first 16 digits", numeric=False)]
    return Table("Files that this report was made from", columns, rows)
