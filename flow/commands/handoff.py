"""``hexcoder handoff``: the block as a folder for designers who have no hexcoder."""

import argparse
from pathlib import Path

from hexcoder.console import Commands, add_config_options, add_number, config_and_build
from hexcoder.flow.folders import require_ours

EVENTS = 1000


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "handoff",
        help="a folder and an archive for designers: RTL, testbench, scripts, descriptions, views",
        description="Write build/<config>/handoff/ and handoff.tar.gz from what the stages left.",
    )
    parser.add_argument("-o", "--output", type=Path, help="folder to write")
    add_number(parser, "--vectors", "events in the testbench", default=EVENTS, least=10)
    add_config_options(parser, required=True)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from hexcoder.flow.handoff.package import write_handoff

    config, build = config_and_build(arguments)
    folder = arguments.output or build / "handoff"
    require_ours(folder, "SHA256SUMS")
    archive = write_handoff(config, build, folder, arguments.vectors)
    files = sum(path.is_file() for path in folder.rglob("*"))
    size = archive.stat().st_size / 1e6
    print(f"handoff: {files} files: {folder}; {archive}: {size:.1f} MB")
