"""``hexcoder chip``: link words through the chip with loadable weights."""

import argparse
import json
import tempfile
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

from hexcoder.config import load_config
from hexcoder.console import Commands, add_command, add_work, progress_bar
from hexcoder.errors import CheckFailed, InputError
from hexcoder.gen.stage import compile_stage, rtl_stage
from hexcoder.steps.runner import is_current, run_stage
from hexcoder.tb.i2c import timing

CONFIG = Path("configs/econ_t_chip.toml")
SPEEDS = {
    "100": timing.STANDARD_MODE,
    "400": timing.FAST_MODE,
    "1000": timing.FAST_MODE_PLUS,
    "fastest": timing.FASTEST,
}
"""Clock of I2C in kHz; ``fastest`` is what the target can follow, for quick tries."""
SIMULATORS = ("auto", "verilator", "lanes")

EXAMPLES = """examples:
  hexcoder chip --vectors DIR --config init.yaml --expected testOutput.csv
  hexcoder chip --vectors DIR --config init.yaml --expected testOutput.csv --i2c-khz fastest
  hexcoder chip --vectors DIR --config init.yaml --expected testOutput.csv \\
    --netlist build/econ_t_chip/asic
DIR holds testInput.csv. The verdict is JSON on standard output. Exit status: 0 all agree, 1 a
mismatch, 2 bad input.
"""


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(
        commands,
        "chip",
        "load a chip's registers over I2C and compare every output word",
        EXAMPLES,
    )
    parser.add_argument("--vectors", type=Path, required=True, help="folder with testInput.csv")
    parser.add_argument("--config", type=Path, required=True, help="the chip's YAML file")
    parser.add_argument("--expected", type=Path, required=True, help="CSV of output link words")
    parser.add_argument(
        "--design", type=Path, help=f"compiled chip; default: {CONFIG} is compiled where needed"
    )
    parser.add_argument(
        "--netlist", type=Path, help="folder of the stage asic: its cells in place of the RTL"
    )
    add_work(parser)
    parser.add_argument(
        "--simulator",
        choices=SIMULATORS,
        default="auto",
        help="default: Verilator for a small chip, 64 lanes that are not compiled for a large one",
    )
    parser.add_argument("--i2c-khz", choices=list(SPEEDS), default="1000")
    parser.set_defaults(run=_run)


def default_design() -> Path:
    """The chip of :data:`CONFIG`, compiled if it is not there; its weights do not matter.

    What `make rtl` left is taken where the code that made it is today's.
    """
    from hexcoder.sensor.chip.golden import blank_network

    if not CONFIG.is_file():
        raise InputError(f"{CONFIG}: no such file; give --design FOLDER")
    config = load_config(CONFIG)
    build = Path("build") / config.name
    if is_current(rtl_stage(build / "network.json", {}), config, build):
        return build / "rtl"
    stage = compile_stage("chip_rtl", blank_network, lambda place: "blank", {})
    run_stage(stage, config, build)
    return build / stage.name


def _run(arguments: argparse.Namespace) -> None:
    """Run the vectors and print the verdict."""
    # Imported late: --help needs none of it.
    from hexcoder.sensor.chip.golden import blank_network
    from hexcoder.tb.chip.pins import require_chip
    from hexcoder.tb.chip.simulators import open_chip, open_netlist
    from hexcoder.tb.chip.vectors import check_vectors, chip_fields, read_all
    from hexcoder.tb.modules import modules_under_test

    words, configuration, expected = read_all(
        arguments.vectors, arguments.config, arguments.expected
    )
    if arguments.design is not None:
        require_chip(arguments.design)
        modules_under_test(blank_network(), arguments.design)
    with progress_bar() as bar, tempfile.TemporaryDirectory(prefix="hexcoder-") as scratch:
        task = bar.add_task("compile the chip", total=3)
        design = arguments.design or default_design()
        work = arguments.work or (design.parent / ".simulation" if not arguments.design else None)
        bar.update(task, description="compile the simulation", completed=1)
        opened = (
            open_chip(design, work or Path(scratch), arguments.simulator)
            if arguments.netlist is None
            else nullcontext(open_netlist(design, arguments.netlist))
        )
        with opened as chip:
            bar.update(task, description="registers and events", completed=2)
            verdict = check_vectors(
                chip.run,
                chip_fields(design),
                chip.pins.latency,
                words,
                configuration,
                expected,
                timing.in_clocks(SPEEDS[arguments.i2c_khz], chip.pins.period_ns),
            )
    print(json.dumps(asdict(verdict), indent=2))
    if line := verdict.line():
        raise CheckFailed(line)
