"""``python -m models generate``: generated events as a CSV file."""

from __future__ import annotations

import argparse
from pathlib import Path

from hexcoder.console import Commands
from hexcoder.errors import InputError


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser("generate", help="write generated events to a CSV file")
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from sensor.events import write_events
    from sensor.generator import generate_events

    if arguments.count < 1:
        raise InputError(f"--count = {arguments.count}: it must be 1 or more")
    if arguments.seed < 0:
        raise InputError(f"--seed = {arguments.seed}: it must be 0 or more")
    if not arguments.output.parent.is_dir():
        raise InputError(f"{arguments.output}: the folder {arguments.output.parent} does not exist")
    partial = arguments.output.with_name(f".{arguments.output.name}.partial")
    write_events(partial, generate_events(arguments.count, seed=arguments.seed))
    partial.replace(arguments.output)
    print(f"{arguments.output}: {arguments.count} events, seed {arguments.seed}")
