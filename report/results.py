"""What the stages left under build/<config>, for the report: by file only."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel

from hexcoder.config import Config
from hexcoder.documents import read_json
from hexcoder.errors import InputError
from hexcoder.metrics.asic import AsicFile
from hexcoder.metrics.file import File, read_metrics
from hexcoder.metrics.layout import LayoutFile
from hexcoder.metrics.librelane import LibrelaneFile
from hexcoder.metrics.rtl import RtlFile
from hexcoder.metrics.sim import SimulationMetrics
from hexcoder.metrics.train import TrainMetrics
from hexcoder.pdk.description import LAYOUT_PDKS
from hexcoder.report.blocks import Notice
from hexcoder.steps.reads import file_digest
from hexcoder.steps.records import RECORDS, Records

STAGES = {
    "train": "hexcoder train",
    "rtl": "hexcoder rtl",
    "sim": "hexcoder sim",
    "asic": "hexcoder asic",
    "layout": "hexcoder layout",
    "librelane": "hexcoder librelane",
    "report": "hexcoder report",
}
"""The command that makes each stage."""

_SHOWN = ("train", "rtl", "sim", "asic", "layout", "librelane")
PICTURES = ("placement.png", "zoom.png", "clock_tree.png", "congestion.png")
"""What the stage layout draws."""

FLIPS = ("flips", "flips_netlist")
UPSETS = "hexcoder upsets"
"""Folders of a campaign of upsets, and what writes them."""

INPUTS = (
    "network.json",
    *(f"{stage}/metrics.json" for stage in _SHOWN),
    *(f"{stage}/{RECORDS}" for stage in _SHOWN),
    "rtl/encoder.v",
    "asic/cells.json",
    "asic/netlist.v",
    "asic/timing_setup.rpt",
    *(f"layout/{name}" for name in PICTURES),
    *(f"{folder}/flips.{kind}" for folder in FLIPS for kind in ("json", "svg")),
)
"""Files that the report depends on, each of which may be missing."""


class Flips(BaseModel):
    """How many flips came to one outcome."""

    flips: int


class FlippedClass(BaseModel):
    """Registers or voters of one class."""

    bits: int
    flips: int
    outcomes: dict[str, Flips]


class Campaign(BaseModel):
    """Of flips.json, what the report shows."""

    flips: int
    seed: int
    triplicated: bool
    registers_not_corrected: int
    classes: dict[str, FlippedClass]


class Silicon(NamedTuple):
    """What was measured of one run in a process; None where a stage has not run."""

    asic: AsicFile | None
    layout: LayoutFile | None


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
    train, rtl, sim, asic, layout, librelane
        metrics.json of the stage; None where it has not run, or is of other files.
    stale : mapping
        By stage the files that it is not of: the ones that lie here now are others.
    digests : mapping
        By file of :data:`INPUTS` its SHA-256; None where it is missing.
    records : mapping
        By stage what it recorded of its own run.
    files : tuple of str
        What the page leads to.
    files : tuple of str
        What the page leads to, by names below the build folder.
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
    train: TrainMetrics | None
    rtl: RtlFile | None
    sim: SimulationMetrics | None
    asic: AsicFile | None
    layout: LayoutFile | None
    librelane: LibrelaneFile | None
    stale: Mapping[str, tuple[str, ...]]
    digests: Mapping[str, str | None]
    records: Mapping[str, Records]
    files: tuple[str, ...]
    cells: Mapping[str, Any]
    setup_report: str
    pictures: Mapping[str, bytes]
    flips: Mapping[str, tuple[Campaign, bytes]]
    others: Mapping[str, Silicon]

    @property
    def event_ns(self) -> float:
        """Time from one event to the next."""
        return self.config.clock.period_ns * (self.rtl.interval_cycles if self.rtl else 1)

    def command(self, stage: str) -> str:
        """Return the command line that makes a stage."""
        return f"{STAGES[stage]} {self.options}"

    def stages(self) -> list[str]:
        """Stages that this design point has: a layout for its process, LibreLane where it ran."""
        has_layout = self.config.silicon.pdk in LAYOUT_PDKS
        has_librelane = self.librelane is not None or "librelane" in self.stale
        left_out = [] if has_layout else ["layout"]
        left_out += [] if has_librelane else ["librelane"]
        return [stage for stage in STAGES if stage not in left_out]

    def missing(self, stage: str, what: str) -> Notice:
        """Say why a stage has nothing to show, what it would show, and how to run it."""
        if stage in self.stale:
            text = f"{what}: not shown, because the results of stage '{stage}' are out of date."
            return Notice("stale", text, self.command(stage))
        text = f"{what}: not measured, because stage '{stage}' has no result yet."
        return Notice("missing", text, self.command(stage))

    def unmeasured(self, stage: str, what: str, reason: str = "") -> Notice:
        """Say that a stage has run, and what it did not measure."""
        because = f" ({reason})" if reason else ""
        return Notice("missing", f"{what}: not measured{because}.", self.command(stage))

    def doubts(self) -> list[Notice]:
        """Failed checks and results that do not belong together, most serious first."""
        failures = [
            Notice(
                "failure",
                f"Stage '{stage}' failed: {'; '.join(record.failures)}.",
                self.command(stage),
            )
            for stage, record in self.records.items()
            if record.failures
        ]
        stale = [
            Notice(
                "stale",
                f"The results of stage '{stage}' were made from another {' and '.join(files)} "
                "than the one that lies here now: they do not describe this design.",
                self.command(stage),
            )
            for stage, files in self.stale.items()
        ]
        return failures + stale


def stale_files(
    stage: str, records: Mapping[str, Records], digests: Mapping[str, str | None]
) -> tuple[str, ...]:
    """Files that a stage's results are not of: others lie there now.

    A stage that read a file of a stale stage is stale with it.

    Parameters
    ----------
    stage : str
    records : mapping
        By stage what it recorded of its own run.
    digests : mapping
        By file the SHA-256 of what lies there now.
    """
    stale = []
    for file, digest in records[stage].reads(stage).items():
        if digests.get(file) not in (None, digest):
            stale.append(file)
        elif (maker := file.partition("/")[0]) in records and maker != stage:
            stale += stale_files(maker, records, digests)
    return tuple(dict.fromkeys(stale))


def input_digests(build: Path) -> dict[str, str | None]:
    """SHA-256 of each file of :data:`INPUTS`, None where it is missing."""
    beside = [
        f"../{other.name}/{stage}/metrics.json" for other in _others(build) for stage in _COMPARED
    ]
    return {
        name: file_digest(build / name) if (build / name).is_file() else None
        for name in (*INPUTS, *beside)
    }


LINKED = {
    "network.json": "the network",
    "rtl/encoder.v": "Verilog",
    "rtl/metrics.json": "ports, latency, sizes",
    "sim/metrics.json": "verdict of the simulation",
    "waves/*.fst": "waveform",
    "asic/netlist.v": "gates",
    "asic/constraints.sdc": "constraints",
    "asic/delays.sdf": "delays",
    "asic/timing_setup.rpt": "worst paths, setup",
    "asic/timing_hold.rpt": "worst paths, hold",
    "asic/metrics.json": "area, timing, power",
    "layout/layout.gds": "layout",
    "layout/netlist.v": "gates after layout",
    "layout/*.spef": "what wires add",
    "layout/timing*.rpt": "paths after layout",
    "train/decoder.safetensors": "the decoder",
}
"""Files that the page leads to, by their names below the build folder."""


def linked_files(build: Path) -> tuple[str, ...]:
    """Those of :data:`LINKED` that are there."""
    found = (path for name in LINKED for path in sorted(build.glob(name)) if path.is_file())
    return tuple(path.relative_to(build).as_posix() for path in found)


_COMPARED = ("asic", "layout")


def _others(build: Path) -> list[Path]:
    """Folders beside this one with another synthesis of the same network."""
    if not (build / "network.json").is_file():
        return []

    def nameless(folder: Path) -> Any:
        try:
            return {**read_json(folder / "network.json"), "name": ""}
        except (InputError, TypeError):
            # A neighbour that cannot be read is none of this report's.
            return folder

    network = nameless(build)
    return [
        folder
        for folder in sorted(build.resolve().parent.iterdir())
        if folder != build.resolve()
        and (folder / "network.json").is_file()
        and (folder / "asic" / "metrics.json").is_file()
        and nameless(folder) == network
    ]


def read_results(config: Config, options: str, config_text: str, build: Path) -> Results:
    """Read all that is there; of a stage whose results are of other files, nothing.

    Raises
    ------
    InputError
        If a file is there and is not what this version writes: with the stage to run again.
    """

    def read(name: str) -> Any:
        return read_json(build / name) if (build / name).is_file() else None

    digests = input_digests(build)
    records = {stage: Records.read(build / stage) for stage in _SHOWN}
    stale = {
        stage: files
        for stage in _SHOWN
        if digests[f"{stage}/metrics.json"] and (files := stale_files(stage, records, digests))
    }
    for stage, record in records.items():
        own = f"{stage}/metrics.json"
        if record.metrics is not None and digests[own] not in (None, record.metrics):
            # Someone else has written it: its numbers are of nothing that was measured here.
            stale[stage] = (own,)

    def measured(stage: str, file: type[File]) -> File | None:
        if stage in stale:
            return None
        try:
            return read_stage(build, stage, file, options)
        except InputError:
            # A stage whose tool failed has measured nothing; the failure stands on top of the page.
            if records[stage].failures:
                return None
            raise

    setup = build / "asic" / "timing_setup.rpt"
    return Results(
        config=config,
        options=options,
        config_text=config_text,
        train=measured("train", TrainMetrics),
        rtl=measured("rtl", RtlFile),
        sim=measured("sim", SimulationMetrics),
        asic=measured("asic", AsicFile),
        layout=measured("layout", LayoutFile),
        librelane=measured("librelane", LibrelaneFile),
        stale=stale,
        digests=digests,
        records=records,
        files=linked_files(build),
        cells=(read("asic/cells.json") or {}).get("cells", {}),
        setup_report=setup.read_text(encoding="utf-8") if setup.is_file() else "",
        pictures={
            name: (build / "layout" / name).read_bytes()
            for name in PICTURES
            if (build / "layout" / name).is_file()
        },
        flips={
            folder: (campaign, (build / folder / "flips.svg").read_bytes())
            for folder in FLIPS
            if (build / folder / "flips.svg").is_file()
            and (campaign := read_metrics(build / folder / "flips.json", Campaign, UPSETS))
        },
        others={
            folder.name: silicon
            for folder in _others(build)
            if (silicon := _silicon(folder)) is not None
        },
    )


def _silicon(folder: Path) -> Silicon | None:
    """What another build folder measured; None where its files are not of this version."""
    try:
        return Silicon(
            read_stage(folder, "asic", AsicFile), read_stage(folder, "layout", LayoutFile)
        )
    except InputError:
        return None


def read_stage(build: Path, stage: str, file: type[File], options: str = "") -> File | None:
    """Read a stage's metrics; None where it has not run."""
    command = f"{STAGES[stage]} {options}".strip()
    return read_metrics(build / stage / "metrics.json", file, command)
