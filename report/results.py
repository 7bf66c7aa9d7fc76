"""What the stages left under build/<config>, for the report: by file only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hexcoder.config import Config
from hexcoder.files import read_json
from hexcoder.stage import RECORD
from hexcoder.steps.reads import file_digest
from report.blocks import Notice

STAGES = {
    "train": "python -m models train",
    "rtl": "python -m gen",
    "sim": "python -m tb",
    "asic": "python -m flow asic",
    "layout": "python -m flow layout",
    "librelane": "python -m flow librelane",
    "report": "python -m flow report",
}
"""The command that makes each stage."""

_SHOWN = ("train", "rtl", "sim", "asic", "layout", "librelane")
PICTURES = ("placement.png", "zoom.png", "clock_tree.png", "congestion.png")
"""What the stage layout draws."""

FLIPS = ("flips", "flips_netlist")
"""Folders of `python -m tb flips`."""

INPUTS = (
    "network.json",
    *(f"{stage}/metrics.json" for stage in _SHOWN),
    *(f"{stage}/{RECORD}" for stage in _SHOWN),
    "rtl/encoder.v",
    "asic/cells.json",
    "asic/netlist.v",
    "asic/timing_setup.rpt",
    *(f"layout/{name}" for name in PICTURES),
    *(f"{folder}/flips.{kind}" for folder in FLIPS for kind in ("json", "svg")),
)
"""Files that the report depends on, each of which may be missing."""

_MADE_FROM = {
    "rtl": {"network": "network.json"},
    "sim": {"network": "network.json", "verilog": "rtl/encoder.v"},
    "asic": {"network.json": "network.json", "encoder.v": "rtl/encoder.v"},
    "layout": {"netlist.v": "asic/netlist.v"},
    "librelane": {"encoder.v": "rtl/encoder.v"},
}
"""Under which key a stage's record keeps the digest of which file."""


@dataclass(frozen=True)
class Results:
    """Everything that the report tells of.

    Attributes
    ----------
    config : Config
    options : str
        Options that select this design point on each command line.
    config_text : str
        The config file as the user wrote it.
    metrics : mapping
        By stage its metrics.json; None where the stage has not run.
    digests : mapping
        By file of :data:`INPUTS` its SHA-256; None where it is missing.
    records : mapping
        By stage what it recorded of its own run.
    cells : mapping
        Models of the library's cells by name; empty if unknown.
    setup_report : str
        Worst paths as the timing tool wrote them; empty if there is none.
    pictures : mapping
        By name of :data:`PICTURES` a PNG; without those that are missing.
    flips : mapping
        By folder of :data:`FLIPS` what a campaign counted, and its picture as SVG.
    others : mapping
        Runs of the same network in folders beside this one: by folder the metrics of its stages
        asic and layout.
    """

    config: Config
    options: str
    config_text: str
    metrics: Mapping[str, dict[str, Any] | None]
    digests: Mapping[str, str | None]
    records: Mapping[str, dict[str, Any]]
    cells: Mapping[str, Any]
    setup_report: str
    pictures: Mapping[str, bytes]
    flips: Mapping[str, tuple[dict[str, Any], bytes]]
    others: Mapping[str, Mapping[str, Any]]

    def command(self, stage: str) -> str:
        """Return the command line that makes a stage."""
        return f"{STAGES[stage]} {self.options}"

    def missing(self, stage: str, what: str) -> Notice:
        """Say that a stage has not run, what it would show, and how to run it."""
        text = f"{what}: not measured, because stage '{stage}' has no result yet."
        return Notice("missing", text, self.command(stage))

    def why_not(self, stage: str, key: str) -> str:
        """Return the reason that a stage gave for a value that it did not measure."""
        reasons = (self.metrics[stage] or {}).get("not_measured") or {}
        return reasons.get(key, "no reason recorded")

    def made_from_others(self, stage: str) -> list[str]:
        """Files that have changed since the stage read them."""
        reads = self.records[stage].get("reads", {})
        return [
            file
            for key, file in _MADE_FROM.get(stage, {}).items()
            if reads.get(key) and self.digests[file] and reads[key] != self.digests[file]
        ]

    def doubts(self) -> list[Notice]:
        """Failed checks and results that do not belong together, most serious first."""
        failures = [
            Notice("failure", f"Stage '{stage}' failed: {record['failed']}.", self.command(stage))
            for stage, record in self.records.items()
            if record.get("failed")
        ]
        stale = [
            Notice(
                "stale",
                f"The results of stage '{stage}' were made from another {' and '.join(files)} "
                "than the one that lies here now: they do not describe this design.",
                self.command(stage),
            )
            for stage in _MADE_FROM
            if self.metrics[stage] is not None and (files := self.made_from_others(stage))
        ]
        return failures + stale


def input_digests(build: Path) -> dict[str, str | None]:
    """SHA-256 of each file of :data:`INPUTS`, None where it is missing."""
    beside = [
        f"../{other.name}/{stage}/metrics.json" for other in _others(build) for stage in _COMPARED
    ]
    return {
        name: file_digest(build / name) if (build / name).is_file() else None
        for name in (*INPUTS, *beside)
    }


_COMPARED = ("asic", "layout")


def _others(build: Path) -> list[Path]:
    """Folders beside this one with another synthesis of the same network."""
    if not (build / "network.json").is_file():
        return []
    found, network = [], _nameless(build)
    for folder in sorted(build.resolve().parent.iterdir()):
        files = folder / "network.json", folder / "asic" / "metrics.json"
        if folder == build.resolve() or not all(file.is_file() for file in files):
            continue
        if _nameless(folder) == network:
            found.append(folder)
    return found


def _nameless(build: Path) -> dict[str, Any]:
    network = read_json(build / "network.json")
    return {key: value for key, value in network.items() if key != "name"}


def read_results(config: Config, options: str, config_text: str, build: Path) -> Results:
    """Read all that is there.

    Raises
    ------
    InputError
        If a file is there and is not JSON.
    """

    def read(name: str) -> Any:
        return read_json(build / name) if (build / name).is_file() else None

    setup = build / "asic" / "timing_setup.rpt"
    return Results(
        config=config,
        options=options,
        config_text=config_text,
        metrics={stage: read(f"{stage}/metrics.json") for stage in _SHOWN},
        digests=input_digests(build),
        records={stage: read(f"{stage}/{RECORD}") or {} for stage in _SHOWN},
        cells=(read("asic/cells.json") or {}).get("cells", {}),
        setup_report=setup.read_text(encoding="utf-8") if setup.is_file() else "",
        pictures={
            name: (build / "layout" / name).read_bytes()
            for name in PICTURES
            if (build / "layout" / name).is_file()
        },
        flips={
            folder: (read(f"{folder}/flips.json"), (build / folder / "flips.svg").read_bytes())
            for folder in FLIPS
            if all((build / folder / f"flips.{kind}").is_file() for kind in ("json", "svg"))
        },
        others={
            other.name: {
                stage: read(f"../{other.name}/{stage}/metrics.json") for stage in _COMPARED
            }
            for other in _others(build)
        },
    )
