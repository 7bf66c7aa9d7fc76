"""The stage 'librelane': its design, and one step that is all of LibreLane."""

from dataclasses import dataclass
from typing import Any

from hexcoder.flow.librelane.design import DESIGN_FILES, write_design
from hexcoder.flow.librelane.run import run_librelane
from hexcoder.metrics.librelane import LibrelaneMetrics
from hexcoder.steps.limits import Verdict
from hexcoder.steps.reads import File, Given, Key, Package, Place
from hexcoder.steps.step import Progress, Stage, Step
from hexcoder.tools import ToolFailed, ToolMissing


@dataclass(frozen=True)
class Request:
    """A run of LibreLane in a place, with a PDK, up to a step."""

    place: Place
    pdk: str
    to: str | None


def write(request: Request, progress: Progress) -> None:
    """Write the design's folder: it stays, whatever becomes of the run."""
    place = request.place
    write_design(place.config, place.build / "rtl", place.folder / "design", request.pdk)


def run(request: Request, progress: Progress) -> LibrelaneMetrics:
    """Run LibreLane where its tools are; where they are missing the next run tries again."""
    place = request.place
    try:
        values = run_librelane(place.config, place.folder, request.pdk, request.to)
    except ToolMissing as missing:
        raise ToolFailed(str(missing)) from None
    return LibrelaneMetrics.model_validate(values)


def librelane_stage(pdk: str, to: str | None) -> Stage[Request]:
    """The stage for a PDK, up to a step."""
    design = Step(
        "librelane.design",
        write,
        reads=(
            File("rtl/encoder.v", maker="'make rtl'"),
            File("rtl/metrics.json", maker="'make rtl'"),
            Key("clock"),
            Key("librelane"),
            Given("pdk", lambda place: pdk),
        ),
        writes=tuple(f"design/{name}" for name in DESIGN_FILES),
    )
    step = Step(
        "librelane.run",
        run,
        LibrelaneMetrics,
        reads=(
            *design.reads,
            Given("to", lambda place: to),
            Package("librelane"),
        ),
        writes=(
            "design/runs/",
            "bin/",
            "layout.gds",
            "settings.json",
            "state.json",
            "librelane.log",
            "*.rpt",
        ),
        resumable=True,
    )

    def failure(text: str, metrics: Any, place: Place) -> str:
        return text

    return Stage(
        "librelane",
        (design, step),
        lambda place: Request(place, pdk, to),
        (Verdict("failed", failure),),
    )
