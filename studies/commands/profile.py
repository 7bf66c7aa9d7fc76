"""``python -m studies profile``: statistics of one trained network, in JSON and pictures."""

from __future__ import annotations

import argparse
from pathlib import Path

from hexcoder.console import Commands


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "profile", help="intervals, profiles and response of a network on a file of events"
    )
    parser.add_argument("network", type=Path)
    parser.add_argument("--events", required=True, help="CSV of energies")
    parser.add_argument("--decoder", type=Path, help="default: train/decoder.safetensors beside")
    parser.add_argument(
        "-o", "--output", type=Path, help="folder for results (default: profile/ beside NETWORK)"
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    # Imported late: torch takes seconds to load.
    from models.decoder import load_decoder
    from models.evaluation.physics import find_decoder
    from network.schema import load_network
    from studies.seeds.profile import profile_network, sample_for, summary_lines

    network = load_network(arguments.network)
    decoder = load_decoder(arguments.decoder or find_decoder(arguments.network))
    sample = sample_for(decoder, arguments.events)
    folder = arguments.output or arguments.network.parent / "profile"
    comparison = profile_network(network, decoder, sample, folder)
    print("\n".join(summary_lines(comparison)))
    print(f"written: {folder / 'profile.json'} and pictures beside it")
