"""``hexcoder tables``: networks of tables beside networks of sums, mixed ones and trees."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hexcoder.console import Commands, add_command, add_number, progress_bar
from hexcoder.errors import CheckFailed, InputError
from hexcoder.files import write_json, write_whole

if TYPE_CHECKING:
    from hexcoder.studies.tables.report import TablesFile

EXAMPLES = """examples:
  hexcoder tables                            all tasks and kinds, five seeds: many hours
  hexcoder tables jets --kinds tables,sums --seeds 1
  hexcoder tables jets --price 30            and whether the price in training tells the area
  hexcoder tables jets --page docs/tables.md
"""


def add_tables(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(
        commands, "tables", "tables beside sums, mixed networks and trees: fronts", EXAMPLES
    )
    text = "jets, digits, muons, sensor, or none for --price alone (default: all)"
    parser.add_argument("tasks", nargs="*", metavar="TASK", help=text)
    text = "some of sums,tables,mixed,trees (default: all)"
    parser.add_argument("--kinds", metavar="LIST", help=text)
    add_number(parser, "--designs", "of each kind, spread from small to large", least=1)
    add_number(parser, "--seeds", "trainings of each design (default 5)", least=1, default=5)
    add_number(parser, "--samples", "of a task (default 20000)", least=100, default=20_000)
    add_number(parser, "--epochs", "of each training (default 15)", least=1, default=15)
    text = "events simulated with delays (default 50)"
    add_number(parser, "--glitch-events", text, default=50)
    text = "small networks of tables whose price is held against their area (default 0)"
    add_number(parser, "--price", text, default=0)
    parser.add_argument("--build", type=Path, default=Path("build/tables"), help="for results")
    parser.add_argument("--page", type=Path, help="write the results into this page of Markdown")
    parser.set_defaults(run=_run)


def _chosen(words: Sequence[str], known: Sequence[str], what: str) -> list[str]:
    for word in words:
        if word not in known:
            raise InputError(f"{what} = {word}: not known; valid are {', '.join(known)}")
    return list(dict.fromkeys(words))


def _run(arguments: argparse.Namespace) -> None:
    from hexcoder.models.training.stage import take_one_thread
    from hexcoder.studies.tables.designs import KINDS, TASKS, Effort
    from hexcoder.studies.tables.report import (
        MARKS,
        PRICE_MARKS,
        draw_fronts,
        price_text,
        put_between,
        tables_text,
    )
    from hexcoder.studies.tables.run import Wanted, compare

    words = [] if arguments.tasks == ["none"] else arguments.tasks or list(TASKS)
    tasks = _chosen(words, list(TASKS), "TASK")
    kinds = _chosen((arguments.kinds or ",".join(KINDS)).split(","), KINDS, "--kinds")
    page: Path | None = arguments.page
    if page is not None and not page.is_file():
        raise InputError(f"{page}: no such file")
    if not tasks and not arguments.price:
        raise InputError("none: nothing to do without --price")
    take_one_thread()
    effort = Effort(arguments.samples, arguments.epochs, arguments.glitch_events)
    wanted = Wanted(
        tuple(tasks), tuple(kinds), arguments.seeds, arguments.designs, arguments.price, effort
    )
    folder: Path = arguments.build
    folder.mkdir(parents=True, exist_ok=True)
    with progress_bar() as bar:
        task = bar.add_task("tables", total=1.0)

        def show(what: str, part: float, content: TablesFile) -> None:
            bar.update(task, description=f"tables: {what}", completed=part)
            # Written after every point: what a kill leaves is whole.
            write_json(folder / "tables.json", content.as_json())

        content = compare(wanted, folder, show)
    parts = []
    if content.rows:
        write_whole(folder / "tables.svg", draw_fronts(content))
        parts.append((MARKS, tables_text(content)))
    if content.priced:
        parts.append((PRICE_MARKS, price_text(content)))
    print("\n".join(text for _, text in parts), end="")
    if page is not None:
        text = page.read_text(encoding="utf-8")
        try:
            for marks, part in parts:
                text = put_between(text, marks, part)
        except ValueError as error:
            raise InputError(f"{page}: {error}") from None
        write_whole(page, text)
    if not content.rows and not content.priced:
        raise CheckFailed("tables: no point could be measured: " + "; ".join(content.not_measured))
