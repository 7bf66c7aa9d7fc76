"""``python -m models generate``: generated events as a CSV file."""

import argparse

from hexcoder.console import Commands, add_command, add_number, add_output, add_seed
from hexcoder.errors import InputError


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(commands, "generate", "write generated events to a CSV file")
    add_number(parser, "--count", "events", least=1, required=True)
    add_seed(parser, 1)
    parser.add_argument(
        "--pile-up",
        type=_factor,
        default=1.0,
        metavar="FACTOR",
        help="factor on the number of particles and showers, but for the hard collision's",
    )
    add_output(parser, "CSV file", required=True)
    parser.set_defaults(run=_run)


def _factor(word: str) -> float:
    try:
        factor = float(word)
    except ValueError:
        raise InputError(f"--pile-up = {word}: it must be a number") from None
    if not 0.01 <= factor <= 100:
        raise InputError(f"--pile-up = {word}: it must be 0.01 to 100")
    return factor


def _run(arguments: argparse.Namespace) -> None:
    from hexcoder.sensor.events import write_events
    from hexcoder.sensor.generator import ShowerParameters, generate_events

    if not arguments.output.parent.is_dir():
        raise InputError(f"{arguments.output}: the folder {arguments.output.parent} does not exist")
    partial = arguments.output.with_name(f".{arguments.output.name}.partial")
    parameters = ShowerParameters().with_pile_up(arguments.pile_up)
    write_events(partial, generate_events(arguments.count, arguments.seed, parameters))
    partial.replace(arguments.output)
    more = "" if arguments.pile_up == 1 else f", {arguments.pile_up:g} times the pile-up"
    print(f"{arguments.output}: {arguments.count} events, seed {arguments.seed}{more}")
