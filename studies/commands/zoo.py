"""``hexcoder zoo``: networks for common tasks through the whole chain."""

from __future__ import annotations

import argparse
from pathlib import Path

from hexcoder.config import load_config, shipped_configs
from hexcoder.console import Commands, add_command, progress_bar
from hexcoder.errors import InputError
from hexcoder.files import write_json

EXAMPLES = """examples:
  hexcoder zoo                         all of them: about an hour on two cores
  hexcoder zoo muons clusters          these two
  hexcoder zoo --page docs/own_networks.md
"""


def add_zoo(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(
        commands, "zoo", "networks for common tasks through the whole chain: a table", EXAMPLES
    )
    parser.add_argument("names", nargs="*", help="configs of configs/zoo/ (default: all)")
    parser.add_argument("--build", type=Path, default=Path("build/zoo"), help="folder for results")
    parser.add_argument("--page", type=Path, help="write the table into this page of Markdown")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from hexcoder.studies.zoo.rows import build_rows, put_into, table

    known = {path.stem: path for path in shipped_configs() if path.parent.name == "zoo"}
    for name in arguments.names:
        if name not in known:
            raise InputError(f"zoo: no config is called '{name}'; known are {', '.join(known)}")
    chosen = [known[name] for name in arguments.names or known]
    configs = [(path, load_config(path)) for path in chosen]
    page: Path | None = arguments.page
    if page is not None and not page.is_file():
        raise InputError(f"{page}: no such file")
    with progress_bar() as bar:
        task = bar.add_task("zoo", total=len(configs))

        def show(name: str, done: int) -> None:
            bar.update(task, description=f"zoo: {name}", completed=done)

        rows = build_rows(configs, arguments.build, show)
    write_json(arguments.build / "zoo.json", [row.model_dump(mode="json") for row in rows])
    print(table(rows))
    if page is not None:
        try:
            text = put_into(page.read_text(encoding="utf-8"), rows)
        except ValueError as error:
            raise InputError(f"{page}: {error}") from None
        page.write_text(text, encoding="utf-8")
