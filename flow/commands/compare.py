"""``hexcoder compare``: two runs side by side."""

import argparse
from pathlib import Path

from hexcoder.console import Commands


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "compare",
        help="two runs side by side",
        description="Print what rtl, asic and layout of two build folders measured differently.",
        epilog="example:\n  hexcoder compare build/econ_t build/econ_t_sky130\n",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("first", type=Path, help="for example build/econ_t")
    parser.add_argument("second", type=Path)
    parser.add_argument("--all", action="store_true", help="equal numbers too")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from rich.console import Console

    from hexcoder.report.compare import compare, table

    differences = compare(arguments.first, arguments.second)
    names = str(arguments.first), str(arguments.second)
    Console().print(table(differences, *names, arguments.all))
