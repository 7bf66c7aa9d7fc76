"""Command line of studies."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from hexcoder.errors import run_command
from studies.commands import (
    flips,
    front,
    hessian,
    keep,
    profile,
    search,
    study,
)

COMMANDS = (study, search, front, profile, keep, flips, hessian)
EXAMPLES = """examples:
  python -m studies study --config configs/econ_t.toml --seeds 5 --links 2,3,4,5
  python -m studies search --config configs/search.toml --jobs 2
  python -m studies profile build/econ_t/network.json --events energies.csv
  python -m studies keep build/econ_t/network.json --events energies.csv --links 2,3,4
  python -m studies flips build/econ_t/network.json --events energies.csv
  python -m studies hessian build/econ_t/network.json --events energies.csv
  python -m studies front --config configs/search.toml
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m studies",
        description="Many runs of the chain, compared: search, seeds, radiation, fronts.",
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
