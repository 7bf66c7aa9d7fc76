"""``hexcoder i2c-fuzz``: the I2C target against its reference on random bus activity."""

import argparse
import json
import tempfile
from dataclasses import asdict
from pathlib import Path

from hexcoder.console import Commands, add_command, add_number, add_seed, add_work
from hexcoder.errors import CheckFailed

EXAMPLES = """examples:
  hexcoder i2c-fuzz --transfers 10000 --seed 1
A transfer with faults, or noise, is followed by one that must work. The verdict is JSON on standard
output. Exit status: 0 all as the reference, 1 a mismatch, 2 bad input.
"""


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(
        commands,
        "i2c-fuzz",
        "hold the I2C target against its reference on random bus activity",
        EXAMPLES,
    )
    add_number(parser, "--transfers", "pieces of activity", least=1, default=10_000)
    add_seed(parser, 1, "seed of the activity")
    add_work(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    """Run random activity and print the verdict."""
    # Imported late: --help needs none of it.
    from hexcoder.hw.i2c.target import I2cTarget
    from hexcoder.tb.i2c.fuzz import fuzz

    with tempfile.TemporaryDirectory(prefix="hexcoder-") as scratch:
        work = arguments.work or Path(scratch)
        verdict = fuzz(I2cTarget(), arguments.transfers, arguments.seed, work)
    print(json.dumps(asdict(verdict), indent=2))
    if line := verdict.line():
        raise CheckFailed(line)
