"""``python -m studies study``: a config over seeds and numbers of links."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from hexcoder.console import (
    Commands,
    add_command,
    add_config_options,
    add_number,
    config_and_build,
    progress_bar,
)
from studies.commands.options import add_links

if TYPE_CHECKING:
    from studies.seeds.trainings import SeedResult


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(commands, "study", "train over several seeds and link counts")
    add_config_options(parser, required=True)
    add_number(parser, "--seeds", "trainings for each number of links", least=1, default=5)
    add_links(parser, "5")
    add_number(parser, "--jobs", "trainings at a time (default: one a core)", least=1)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    config, build = config_and_build(arguments)
    folder = build / "study"
    # Imported late: torch takes seconds to load.
    from studies.seeds.study import study

    ran, total = 0, len(arguments.links) * arguments.seeds
    with progress_bar() as bar:
        task = bar.add_task("study", total=total)

        def show(result: SeedResult) -> None:
            nonlocal ran
            ran += result.ran
            text = f"study: {result.links} links, seed {result.seed} done"
            bar.update(task, description=text, advance=1)

        result = study(config, folder, arguments.links, arguments.seeds, arguments.jobs, show)
    for row in result.links:
        emd = row.emd
        spread = emd.standard_deviation
        print(
            f"study: {row.links} links, {row.bits_per_event:.0f} bits an event: EMD "
            f"{emd.median:.3f} median, {emd.mean:.3f} mean, {emd.best:.3f} best"
            + (f", {spread:.3f} standard deviation" if spread is not None else "")
            + f" of {emd.seeds_counted} seeds ({emd.seeds_failed} failed)"
        )
    print(f"written: {folder / 'study.md'}; {ran} of {total} trainings ran")
