"""``hexcoder shuttle``: the block as a project for a shared chip."""

import argparse
from pathlib import Path

from hexcoder.console import (
    Commands,
    add_command,
    add_config_options,
    add_number,
    config_and_build,
)
from hexcoder.flow.folders import require_ours

VECTORS = 10_000
EXAMPLES = """examples:
  hexcoder shuttle tiny --author "A. Name"
  hexcoder shuttle tiny --tiles 2x2 --top tt_um_aname_tiny
  hexcoder shuttle tiny --project caravel
"""


def add(commands: Commands) -> None:
    """Declare the command."""
    text = "a project for TinyTapeout or Caravel: wrapper, description, tests, size"
    parser = add_command(commands, "shuttle", text, EXAMPLES)
    parser.add_argument(
        "--project",
        choices=("tinytapeout", "caravel"),
        default="tinytapeout",
        help="whose project (default: tinytapeout)",
    )
    parser.add_argument("--tiles", metavar="WxH", help="such as 2x2; default: the fewest that do")
    parser.add_argument("--author", default="author not given", help="for the description")
    parser.add_argument("--title", help="for the description (default: the config's name)")
    parser.add_argument("--top", metavar="NAME", help="top module, for TinyTapeout tt_um_...")
    parser.add_argument("-o", "--output", type=Path, help="folder to write")
    add_number(parser, "--vectors", "events in its tests", default=VECTORS, least=200)
    add_config_options(parser, required=True)
    parser.set_defaults(run=_run, precheck=_check)


def _check(arguments: argparse.Namespace) -> None:
    """What can be refused before any stage runs."""
    from hexcoder.flow.shuttle.project import labels_for
    from hexcoder.flow.shuttle.shuttles import SHUTTLES

    config, _ = config_and_build(arguments)
    shuttle = SHUTTLES[arguments.project]
    labels_for(config, shuttle, arguments.author, arguments.title, arguments.top)
    require_ours(_folder(arguments), _mark(arguments))
    shuttle.require_room_for_pins(config, arguments.tiles)


def _folder(arguments: argparse.Namespace) -> Path:
    _, build = config_and_build(arguments)
    return arguments.output or build / arguments.project


def _mark(arguments: argparse.Namespace) -> str:
    from hexcoder.flow.shuttle.shuttles import SHUTTLES

    return SHUTTLES[arguments.project].templates[0][1]


def _run(arguments: argparse.Namespace) -> None:
    from hexcoder.flow.shuttle.project import labels_for, write_project
    from hexcoder.flow.shuttle.shuttles import SHUTTLES
    from hexcoder.flow.shuttle.size import UTILISATION

    _check(arguments)
    config, build = config_and_build(arguments)
    shuttle, folder = SHUTTLES[arguments.project], _folder(arguments)
    labels = labels_for(config, shuttle, arguments.author, arguments.title, arguments.top)
    written = write_project(
        config, build, folder, shuttle, labels, arguments.tiles, arguments.vectors
    )
    room, site = written.room, written.site
    print(
        f"shuttle: {site.name} of {shuttle.name}: about {room.needed_um2:,.0f} of "
        f"{site.area_um2:,.0f} um2 at {UTILISATION:.0%} utilisation (an estimate, {room.source}); "
        f"{arguments.vectors:,} vectors, {written.tests} tests passed: {folder}"
    )
