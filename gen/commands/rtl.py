"""``hexcoder rtl``: compile a network, or check the compiler on it."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from hexcoder.config import Config
from hexcoder.console import (
    Commands,
    add_command,
    add_config_options,
    add_number,
    add_output,
    add_seed,
    config_and_build,
    progress_bar,
)
from hexcoder.errors import InputError
from hexcoder.gen.stage import by_pass, rtl_stage
from hexcoder.metrics.rtl import RtlFile, Size
from hexcoder.steps.console import show_stage, state_of

EXAMPLES = """examples:
  hexcoder rtl network.json -o rtl          compile any network.json
  hexcoder rtl econ_t                       compile build/econ_t/network.json if it is out of date
  hexcoder rtl network.json --check 100000  compare the compiled graph with the golden model
"""


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(commands, "rtl", "compile a network.json to Verilog", EXAMPLES)
    parser.add_argument("network", type=Path, nargs="?", help="a network.json, or a CONFIG")
    add_output(parser, "folder for encoder.v and metrics.json")
    add_number(
        parser,
        "--check",
        "write nothing; compare the compiled graph with the golden model on so many random "
        "vectors, and on --events if given",
    )
    add_seed(parser, 0, "seed of --check")
    add_config_options(parser, required=False)
    parser.set_defaults(run=_run)


def _build(network: Path, config: Config | None, folder: Path) -> str:
    # Imported late: a stage that is up to date need not load Amaranth.
    from hexcoder.gen.build import build
    from hexcoder.gen.compiler import Settings
    from hexcoder.sensor.encoders import load_encoder

    loaded = load_encoder(network)
    with progress_bar() as progress:
        task = progress.add_task("compile", total=1.0)
        show = by_pass(lambda name, part: progress.update(task, description=name, completed=part))
        built = build(loaded, Settings.of(config) if config else Settings(), folder, show)
    seconds = {"compile_s": built.compile_s, "emit_s": built.emit_s}
    return _summary(folder, built.metrics, seconds)


def _check(network: Path, config: Config | None, arguments: argparse.Namespace) -> None:
    """Print a verdict as JSON."""
    import numpy as np

    from hexcoder.gen.agreement import compare_with_golden
    from hexcoder.gen.compiler import Settings
    from hexcoder.network.schema import Network
    from hexcoder.sensor.encoders import load_encoder
    from hexcoder.sensor.events import load_events

    events = np.zeros((0, 48), np.int64)
    if arguments.events:
        events = load_events(arguments.events, arguments.columns)
    loaded = load_encoder(network)
    if not isinstance(loaded, Network):
        print(f"{network}: goes to gates without passes; `hexcoder sim` compares it")
        return
    with progress_bar() as progress:
        task = progress.add_task("golden = graph", total=arguments.check + len(events))
        verdict = compare_with_golden(
            loaded,
            Settings.of(config) if config else Settings(),
            events,
            arguments.check,
            arguments.seed,
            lambda done: progress.update(task, completed=done),
        )
    print(json.dumps(verdict, indent=2))


def _summary(folder: Path, metrics: RtlFile, seconds: Mapping[str, float]) -> str:
    total, took = metrics.total, ""
    if seconds:
        took = f"; compiled in {seconds['compile_s']:.1f} s, written in {seconds['emit_s']:.1f} s"
    if code := metrics.code:
        return (
            f"rtl: {folder / 'encoder.v'}: {len(code.steps)} steps and {code.tables} tables, "
            f"{sum(code.registers.values())} register bits, latency {metrics.latency_cycles} "
            f"clocks{took}"
        )
    registers = total.register_bits if isinstance(total, Size) else metrics.triplicated_bits
    if classical := metrics.classical:
        return (
            f"rtl: {folder / 'encoder.v'}: {classical.method}, "
            f"{sum(classical.registers.values())} register bits, latency {metrics.latency_cycles} "
            f"clocks{took}"
        )
    return (
        f"rtl: {folder / 'encoder.v'}: {total.full_adders} full adders, "
        f"{total.other_gates} other gates, {registers} register bits, "
        f"latency {metrics.latency_cycles} clocks{took}"
    )


def _run(arguments: argparse.Namespace) -> None:
    if arguments.config is None and arguments.check is not None and arguments.network is not None:
        _check(arguments.network, None, arguments)
    elif arguments.config is None:
        if arguments.network is None or arguments.output is None:
            raise InputError("give a network.json and -o FOLDER, or --config CONFIG; see --help")
        print(_build(arguments.network, None, arguments.output))
    else:
        _run_config(arguments)


def _run_config(arguments: argparse.Namespace) -> None:
    config, build_folder = config_and_build(arguments)
    if arguments.output is not None and arguments.check is None:
        if arguments.network is None:
            raise InputError(
                "-o is for a network.json of your own; a config's goes to build/<name>"
            )
        print(_build(arguments.network, config, arguments.output))
        return
    network = arguments.network or build_folder / "network.json"
    if not network.is_file():
        raise InputError(f"{network}: no such file; run `make train` first, or give a network.json")
    if arguments.check is not None:
        _check(network, config, arguments)
        return
    seconds: dict[str, float] = {}
    outcome = show_stage(rtl_stage(network, seconds), config, build_folder)
    outcome.judge()
    metrics = RtlFile.model_validate(outcome.metrics)
    print(_summary(build_folder / "rtl", metrics, seconds) + state_of(outcome))
