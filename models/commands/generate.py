"""``python -m models generate``: generated events as a CSV file."""

import argparse

from hexcoder.console import Commands, add_command, add_number, add_output, add_seed
from hexcoder.errors import InputError


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(commands, "generate", "write generated events to a CSV file")
    add_number(parser, "--count", "events", least=1, required=True)
    add_seed(parser, 1)
    add_output(parser, "CSV file", required=True)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from hexcoder.sensor.events import write_events
    from hexcoder.sensor.generator import generate_events

    if not arguments.output.parent.is_dir():
        raise InputError(f"{arguments.output}: the folder {arguments.output.parent} does not exist")
    partial = arguments.output.with_name(f".{arguments.output.name}.partial")
    write_events(partial, generate_events(arguments.count, seed=arguments.seed))
    partial.replace(arguments.output)
    print(f"{arguments.output}: {arguments.count} events, seed {arguments.seed}")
