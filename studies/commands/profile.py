"""``python -m studies profile``: statistics of one trained network, in JSON and pictures."""

from __future__ import annotations

import argparse

from hexcoder.console import Commands, add_command, add_output
from hexcoder.files import write_json
from studies.commands.options import add_trained


def add(commands: Commands) -> None:
    """Declare the command."""
    text = "intervals, profiles and response of a network on a file of events"
    parser = add_command(commands, "profile", text)
    add_trained(parser)
    add_output(parser, "folder for results (default: profile/ beside NETWORK)")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    # Imported late: torch takes seconds to load.
    from studies.seeds.comparison import network_method
    from studies.seeds.profile import compare_and_draw, summary_lines
    from studies.seeds.statistics import BOOTSTRAP
    from studies.trained import load_trained

    network, decoder, sample = load_trained(arguments)
    folder = arguments.output or arguments.network.parent / "profile"
    method = network_method(network, decoder, sample, network.name)
    comparison = compare_and_draw(method, sample.events, folder)
    origin = {"events": len(sample.events), "bootstrap": BOOTSTRAP.as_json()}
    write_json(folder / "profile.json", origin | comparison.as_json())
    print("\n".join(summary_lines(comparison)))
    print(f"written: {folder / 'profile.json'} and pictures beside it")
