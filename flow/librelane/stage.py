"""The stage 'librelane': one step, which is all of LibreLane."""

from dataclasses import dataclass
from typing import Any

from hexcoder.flow.librelane.run import run_librelane
from hexcoder.metrics.librelane import LibrelaneMetrics
from hexcoder.steps.limits import Verdict
from hexcoder.steps.reads import File, Given, Key, Package, Place
from hexcoder.steps.step import Progress, Stage, Step


@dataclass(frozen=True)
class Request:
    """A run of LibreLane in a place, with a PDK, up to a step."""

    place: Place
    pdk: str
    to: str | None


def run(request: Request, progress: Progress) -> LibrelaneMetrics:
    """Run LibreLane where its tools are."""
    place = request.place
    values = run_librelane(place.config, place.build, place.folder, request.pdk, request.to)
    return LibrelaneMetrics.model_validate(values)


def librelane_stage(pdk: str, to: str | None) -> Stage[Request]:
    """The stage for a PDK, up to a step."""
    step = Step(
        "librelane.run",
        run,
        LibrelaneMetrics,
        reads=(
            File("rtl/encoder.v", maker="'make rtl'"),
            File("rtl/metrics.json", maker="'make rtl'"),
            Key("clock"),
            Key("librelane"),
            Given("pdk", lambda place: [pdk, to]),
            Package("librelane"),
        ),
        writes=(
            "design/",
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
        (step,),
        lambda place: Request(place, pdk, to),
        (Verdict("failed", failure),),
    )
