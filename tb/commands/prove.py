"""``hexcoder sim``: a compiled design against its network."""

import argparse
import json
import tempfile
from pathlib import Path

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
from hexcoder.tb.request import Request
from hexcoder.tb.stage import failure_of, proved, sim_stage

EXAMPLES = """examples:
  hexcoder sim network.json rtl --vectors 100000    any design that `hexcoder rtl` made
  hexcoder sim network.json rtl --vectors 1000 --events my.csv --waves waves
  hexcoder sim network.json rtl --inputs x.npz --expected y.npz
  hexcoder sim econ_t                               build/econ_t, if it is out of date
  hexcoder sim econ_t --vectors 1000000
The verdict is JSON on standard output. Exit status: 0 all agree, 1 a mismatch, 2 bad input.
"""


def add(commands: Commands, name: str = "prove") -> None:
    """Declare the command."""
    parser = add_command(
        commands, name, "check a compiled design bit for bit against its network", EXAMPLES
    )
    parser.add_argument("network", type=Path, nargs="?", help="a network.json, or a CONFIG")
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
        "--inputs",
        type=Path,
        help="npz or npy: samples of the network's inputs, integers, or real numbers where its "
        "file says how they become integers",
    )
    parser.add_argument(
        "--expected",
        type=Path,
        help="npz or npy: another tool's answers to --inputs, in place of the golden model's",
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
        raise InputError(f"{arguments.design}: no such folder; run hexcoder rtl NETWORK -o DIR")
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
            arguments.inputs,
            arguments.expected,
        )
        with progress_bar() as bar:
            task = bar.add_task("simulate", total=1.0)
            metrics = proved(
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
    stage = sim_stage(
        config,
        build,
        arguments.vectors,
        arguments.seed,
        arguments.configurations,
        arguments.waves,
    )
    outcome = show_stage(stage, config, build)
    # A verdict that fails is said once; where a tool failed there are no numbers.
    outcome.judge()
    metrics = SimulationMetrics.model_validate(outcome.metrics)
    name, module = next(iter(metrics.modules.items()))
    tests = sum(len(outcomes) for outcomes in metrics.protocol_tests.values())
    sets = metrics.configurations
    print(
        f"sim: {metrics.vectors} vectors{f' over {sets} sets of registers' if sets else ''}, "
        f"{metrics.mismatches} mismatches{f', {tests} protocol tests passed' if tests else ''}; "
        f"{module.vectors_per_s} vectors/s through {name}" + state_of(outcome)
    )
