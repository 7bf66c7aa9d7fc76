"""Command line of the flow."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from flow.commands import asic, compare, layout, librelane, report, verify
from hexcoder.errors import run_command

COMMANDS = (asic, layout, librelane, verify, report, compare)
EXAMPLES = """examples:
  python -m flow asic --config configs/econ_t.toml
  python -m flow report --config configs/econ_t.toml
  python -m flow layout --config configs/tiny.toml --pdk sky130
  python -m flow verify --config configs/econ_t.toml --vectors 1000000
  python -m flow compare build/econ_t build/econ_t_sky130
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m flow",
        description="Take Verilog to gates, timing and power, and report on the whole design.",
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
