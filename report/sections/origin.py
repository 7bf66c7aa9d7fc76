"""Section of the report: where every number comes from, and how to get it again."""

from fnmatch import fnmatch

from hexcoder.report.blocks import Block, Links, Section, Table, Text, Verbatim, words
from hexcoder.report.results import LINKED, Results
from hexcoder.steps.records import RECORDS
from hexcoder.version import __version__


def origin(results: Results) -> Section:
    """Commands, seeds, versions, digests and the config."""
    blocks: list[Block] = [
        Text("These commands, in this order, make everything in this report again:"),
        Verbatim("Commands", "\n".join(results.command(stage) for stage in results.stages())),
        _links(results),
        _settings(results),
        _tools(results),
        _files(results),
        Verbatim("The config", results.config_text.strip()),
    ]
    return Section("origin", "Origin", blocks)


def _links(results: Results) -> Links:
    def what(name: str) -> str:
        return next(text for pattern, text in LINKED.items() if fnmatch(name, pattern))

    return Links("Files", [(name, what(name)) for name in results.files])


def _settings(results: Results) -> Table:
    train, process = results.train, results.asic and results.asic.origin
    events, training = (train.events, train.training) if train else (None, None)
    unknown = "stage has not run"
    corner = (
        f"{process.corner}, {process.voltage_v:g} V, {process.temperature_c:g} °C"
        if process
        else unknown
    )
    rows = [
        ["events", events.source if events else unknown],
        ["seed of the events and their split", str(events.seed if events else unknown)],
        ["seed of training", str(training.seed if training else unknown)],
        ["seed of the RTL's vectors", str(results.sim.seed if results.sim else unknown)],
        ["PDK", f"{results.config.silicon.pdk}: {process.process if process else unknown}"],
        ["corner", corner],
        ["activity for power", (process and process.activity) or unknown],
    ]
    return Table("Seeds and settings", words("setting", "value"), rows)


def _tools(results: Results) -> Table:
    rows = [["hexcoder", __version__, "all"]]
    stages_with: dict[tuple[str, str], list[str]] = {}
    for stage, record in results.records.items():
        for name, version in record.tools.items():
            stages_with.setdefault((name, str(version or "not installed")), []).append(stage)
    rows += [[name, version, ", ".join(stages)] for (name, version), stages in stages_with.items()]
    columns = words("tool", "version", "stages")
    return Table("Tools, as each stage recorded them", columns, rows)


def _files(results: Results) -> Table:
    rows = [
        [name, digest[:16] if digest else "missing"]
        for name, digest in results.digests.items()
        if not name.endswith(RECORDS)
    ]
    columns = words("file", "SHA-256, first 16 digits")
    return Table("Files that this report was made from", columns, rows)
