"""``python -m studies study``: a config over seeds and numbers of links."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from hexcoder.console import Commands, add_config_options, config_and_build, progress_bar
from hexcoder.errors import InputError

if TYPE_CHECKING:
    from studies.seeds.trainings import SeedResult


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser("study", help="train over several seeds and link counts")
    add_config_options(parser, required=True)
    parser.add_argument("--seeds", type=int, default=5, help="trainings for each number of links")
    parser.add_argument("--links", default="5", help="such as 2,3,4,5 (default: 5)")
    parser.add_argument("--jobs", type=int, help="trainings at a time (default: one a core)")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from studies.seeds.links import parse_links

    for name in ("seeds", "jobs"):
        value = getattr(arguments, name)
        if value is not None and value < 1:
            raise InputError(f"--{name} = {value}: it must be 1 or more")
    links = parse_links(arguments.links)
    config, build = config_and_build(arguments)
    folder = build / "study"
    # Imported late: torch takes seconds to load.
    from studies.seeds.study import study

    ran, total = 0, len(links) * arguments.seeds
    with progress_bar() as bar:
        task = bar.add_task("study", total=total)

        def show(done: int, total: int, result: SeedResult | None) -> None:
            nonlocal ran
            ran += bool(result and result.ran)
            latest = f": {result.links} links, seed {result.seed} done" if result else ""
            bar.update(task, description=f"study{latest}", completed=done, total=total)

        found = study(config, folder, links, arguments.seeds, arguments.jobs, show)
    for row in found["links"]:
        emd = row["emd"]
        spread = emd["standard_deviation"]
        print(
            f"study: {row['links']} links, {row['bits_per_event']:.0f} bits an event: EMD "
            f"{emd['median']:.3f} median, {emd['mean']:.3f} mean, {emd['best']:.3f} best"
            + (f", {spread:.3f} standard deviation" if spread is not None else "")
            + f" of {emd['seeds_counted']} seeds ({emd['seeds_failed']} failed)"
        )
    print(f"written: {folder / 'study.md'}; {ran} of {total} trainings ran")
