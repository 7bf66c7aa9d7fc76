"""What all command lines share: progress on standard error, common options."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from hexcoder.config import Config, load_config

stderr = Console(stderr=True)

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""What ``add_subparsers`` gives: the place where a command line's commands are declared."""


def add_config_options(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """Options of every command that works on a design point."""
    parser.add_argument(
        "--config", type=Path, required=required, help="design point, for example configs/tiny.toml"
    )
    parser.add_argument(
        "--events",
        help="CSV of energies in place of the config's data.events, which the stage train reads",
    )
    parser.add_argument(
        "--pdk",
        help="process in place of the config's silicon.pdk; results go to build/<name>_<pdk>",
    )
    parser.add_argument(
        "--build", type=Path, help="folder for results (default: build/<name of the config>)"
    )


def config_and_build(arguments: argparse.Namespace) -> tuple[Config, Path]:
    """Read the config that the options name, and the folder its results go to."""
    config = load_config(arguments.config, arguments.events, arguments.pdk)
    return config, arguments.build or Path("build") / config.name


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A progress bar on standard error that leaves no trace in a log file."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=stderr, transient=True) as progress:
        yield progress
