"""Command line of training, events and physics."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from hexcoder.errors import run_command
from models.commands import (
    check,
    evaluate,
    generate,
    train,
)

COMMANDS = (train, evaluate, check, generate)
EXAMPLES = """examples:
  python -m models train --config configs/econ_t.toml
  python -m models train --config configs/econ_t.toml --events energies.csv
  python -m models evaluate build/econ_t/network.json --events energies.csv --json
  python -m models check build/econ_t/network.json --events energies.csv
  python -m models generate --count 10000 --seed 7 -o events.csv
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models",
        description="Train, evaluate and check the quantised autoencoder; generate events.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for command in COMMANDS:
        command.add(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command."""
    arguments = _parser().parse_args(argv)
    arguments.run(arguments)
    return 0


if __name__ == "__main__":
    run_command(main)
