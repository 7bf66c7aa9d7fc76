"""What all command lines share: commands of a room, common options, progress."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, TypeAlias

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from hexcoder.config import Config, find_config, load_config
from hexcoder.errors import InputError
from hexcoder.sections import MOST

stderr = Console(stderr=True)


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, as all others of ours: exit status 2."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see {self.prog} --help")


Commands: TypeAlias = "argparse._SubParsersAction[Parser]"
"""What ``add_subparsers`` gives: the place where a command line's commands are declared."""


def parse_room(
    prog: str,
    description: str,
    examples: str,
    commands: Sequence[Callable[[Commands], None]],
    argv: Sequence[str] | None = None,
    default: str | None = None,
    version: str | None = None,
) -> argparse.Namespace:
    """Parse a room's command line; ``run`` of the result is the command that it names.

    Parameters
    ----------
    prog, description, examples : str
        For --help.
    commands : sequence of callable
        Each declares a command, whose parser's default ``run`` takes the parsed arguments.
    argv : sequence of str, optional
        Words of the command line; by default the process's.
    version : str, optional
        What --version says.
    default : str, optional
        Command that gets the words where the first of them names none.

    Raises
    ------
    InputError
        If a word is not understood.
    """
    parser = Parser(
        prog=prog,
        description=description,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    if version is not None:
        parser.add_argument("--version", action="version", version=version)
    declared = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add in commands:
        add(declared)
    words = list(sys.argv[1:] if argv is None else argv)
    if default is not None and words[:1] not in [[name] for name in (*declared.choices, *_HELP)]:
        words.insert(0, default)
    return parser.parse_args(words)


def run_room(
    prog: str,
    description: str,
    examples: str,
    commands: Sequence[Callable[[Commands], None]],
    argv: Sequence[str] | None = None,
    default: str | None = None,
) -> int:
    """Run the command that a room's command line names, as :func:`parse_room` finds it.

    Returns exit status 0: a command that fails raises.
    """
    arguments = parse_room(prog, description, examples, commands, argv, default)
    arguments.run(arguments)
    return 0


_HELP = ("-h", "--help")


def add_command(commands: Commands, name: str, description: str, examples: str = "") -> Parser:
    """Declare a command, with what --help says of it."""
    return commands.add_parser(
        name,
        help=description,
        description=description,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_number(
    parser: argparse.ArgumentParser,
    name: str,
    text: str,
    *,
    least: int = 0,
    default: int | None = None,
    required: bool = False,
) -> None:
    """An option that takes a whole number from ``least`` on.

    A smaller one raises :class:`InputError` when the command line is parsed.
    """

    def number(word: str) -> int:
        try:
            value = int(word)
        except ValueError:
            raise InputError(f"{name} = {word}: it must be a whole number") from None
        if not least <= value <= MOST:
            raise InputError(f"{name} = {word}: it must be {least} or more, and at most {MOST}")
        return value

    parser.add_argument(
        name, type=number, default=default, required=required, metavar="N", help=text
    )


def add_seed(
    parser: argparse.ArgumentParser, default: int | None, text: str = "seed of what is drawn"
) -> None:
    """``--seed``: the same seed, the same result."""
    add_number(parser, "--seed", text, default=default)


def add_vectors(
    parser: argparse.ArgumentParser, default: int | None, text: str = "random vectors"
) -> None:
    """``--vectors``."""
    add_number(parser, "--vectors", text, default=default)


def add_jobs(parser: argparse.ArgumentParser, text: str = "processes at a time") -> None:
    """``--jobs``."""
    add_number(parser, "--jobs", text, least=1, default=1)


def add_work(parser: argparse.ArgumentParser) -> None:
    """``--work``: what is compiled there is kept for the next run."""
    parser.add_argument("--work", type=Path, help="folder for compiled simulations")


def add_events(parser: argparse.ArgumentParser, *, required: bool = False) -> None:
    """``--events`` and ``--columns``."""
    parser.add_argument(
        "--events", required=required, help=f"file or folder of energies: {FORMATS}"
    )
    _add_columns(parser)


FORMATS = "CSV, gzip of it, npy, npz, Parquet, HDF5 or ROOT"


def _add_columns(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--columns",
        metavar="NAME",
        help="name of the energies' columns without the cell's number, such as CALQ for CALQ_0 to "
        "CALQ_47, or of an array; found without it where one alone will do",
    )


def add_output(
    parser: argparse.ArgumentParser, text: str, *aliases: str, required: bool = False
) -> None:
    """``-o``: where results go."""
    names = ("-o", "--output", *aliases)
    parser.add_argument(*names, dest="output", type=Path, required=required, help=text)


def add_config_options(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """Options of every command that works on a design point.

    Where one is ``required`` it may also be given by its place.
    """
    text = (
        "a TOML file such as configs/tiny.toml, or the name of one that comes with hexcoder: tiny"
    )
    given = parser.add_mutually_exclusive_group(required=required)
    if required:
        given.add_argument(
            "config", nargs="?", type=_by_place, default=argparse.SUPPRESS, metavar="CONFIG",
            help=f"design point: {text}",
        )  # fmt: skip
        text = "the same as an option"
    given.add_argument("--config", type=find_config, default=None, metavar="CONFIG", help=text)
    parser.add_argument(
        "--events",
        help="file or folder of energies in place of the config's data.events, which the stage "
        f"train reads: {FORMATS}",
    )
    _add_columns(parser)
    parser.add_argument(
        "--pdk",
        help="process in place of the config's silicon.pdk; results go to build/<name>_<pdk>",
    )
    parser.add_argument(
        "--build", type=Path, help="folder for results (default: build/<name of the config>)"
    )


def _by_place(word: str) -> Path | str:
    """A config; where none is given argparse asks for the word that stands for nothing."""
    return word if word == argparse.SUPPRESS else find_config(word)


def config_and_build(arguments: argparse.Namespace) -> tuple[Config, Path]:
    """Read the config that the options name, and the folder its results go to."""
    config = load_config(arguments.config, arguments.events, arguments.pdk, arguments.columns)
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
    with Progress(
        *columns, console=stderr, transient=True, disable=not stderr.is_terminal
    ) as progress:
        yield progress
