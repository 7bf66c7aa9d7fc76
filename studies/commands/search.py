"""``hexcoder search`` and ``front``: EMD against adder bits, and against area."""

from __future__ import annotations

import argparse
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hexcoder.config import Config, Search
from hexcoder.console import (
    Commands,
    add_command,
    add_config_options,
    add_jobs,
    add_number,
    config_and_build,
    progress_bar,
)
from hexcoder.errors import CheckFailed, InputError
from hexcoder.steps.runner import exclusive

if TYPE_CHECKING:
    from hexcoder.studies.search.run import SearchRun
    from hexcoder.studies.search.workers import Workers


_EXAMPLES = """examples:
  hexcoder front configs/search.toml
  hexcoder front configs/search.toml --points 12 --jobs 2
  hexcoder front configs/search.toml --full
"""


def add_search(commands: Commands) -> None:
    """Declare ``search``: many configs trained, and their front."""
    parser = add_command(
        commands,
        "search",
        "train what a config's section [search] spans, and write the Pareto front "
        "of EMD against adder bits; goes on where it was stopped",
    )
    add_config_options(parser, required=True)
    add_number(parser, "--trials", "in place of search.trials", least=1)
    add_jobs(parser, "trials at a time, a process each (default: 1)")
    parser.add_argument(
        "--cluster",
        metavar="local|slurm|htcondor|ADDRESS",
        help="run trials by Dask: on this machine, as jobs of a batch system (section "
        "[search.cluster]), or by the scheduler at an address such as tcp://host:8786",
    )
    parser.set_defaults(run=_search)


def add_front(commands: Commands) -> None:
    """Declare ``front``: the points of a search at their measured area."""
    parser = add_command(
        commands,
        "front",
        "compile and synthesise the points of a search: EMD against area",
        _EXAMPLES,
    )
    add_config_options(parser, required=True)
    text = "about so many, evenly in the logarithm of adder bits"
    add_number(parser, "--points", text, least=2)
    parser.add_argument(
        "--all", action="store_true", help="also trials that are not on the search's front"
    )
    add_jobs(parser, "points at a time (default: 1)")
    parser.add_argument(
        "--full", action="store_true", help="netlist simulation and power as well (stage asic)"
    )
    parser.set_defaults(run=_front)


def _search(arguments: argparse.Namespace) -> None:
    # Imported late: torch and optuna take seconds to load.
    from hexcoder.studies.search.front import FILES, write_front
    from hexcoder.studies.search.run import SearchRun

    config, build = config_and_build(arguments)
    folder = build / "search"
    with exclusive(folder):
        run = SearchRun(config, str(arguments.config), folder, arguments.trials)
        current = run.complete and all((folder / name).is_file() for name in FILES)
        if not run.complete:
            with _workers(arguments, run.search) as workers, progress_bar() as bar:
                _write_held_out(config, folder)
                task = bar.add_task("search", total=run.trials)

                def show() -> None:
                    best = min((outcome.emd for outcome in run.front()), default=None)
                    text = "search"
                    if best is not None:
                        text += f": best EMD {best:.3f}, hypervolume {run.hypervolume():.3f}"
                    bar.update(task, description=text, completed=run.tried)
                    write_front(run, config.name, folder)

                show()
                run.run(workers, show)
        if not current:
            write_front(run, config.name, folder)
        _summarise(run, folder, current)


def _workers(arguments: argparse.Namespace, search: Search) -> AbstractContextManager[Workers]:
    if arguments.cluster is None:
        from hexcoder.studies.search.workers import local_workers

        return local_workers(arguments.jobs)
    from hexcoder.studies.search.cluster import cluster_workers

    return cluster_workers(arguments.cluster, search.cluster, arguments.jobs)


def _write_held_out(config: Config, folder: Path) -> None:
    """Keep one copy of the events that all trials are measured on."""
    from hexcoder.models.data.sample import split_events
    from hexcoder.sensor.events import write_events

    path = folder / "held_out.csv"
    if not path.is_file():
        partial = folder / ".held_out.csv.partial"
        write_events(partial, split_events(config)[1])
        partial.replace(path)


def _summarise(run: SearchRun, folder: Path, current: bool) -> None:
    front = run.front()
    if not front:
        first = next(outcome for outcome in run.outcomes if outcome.reason)
        raise CheckFailed(
            f"none of {run.tried} trials gave a point; trial {first.number}: {first.reason}"
        )
    lost = sum(o.reason is not None and o.same_as is None for o in run.outcomes)
    print(
        f"search: {run.tried} trials ({lost} failed or infeasible), {len(front)} on the front: "
        f"EMD {front[-1].emd:.3f} to {front[0].emd:.3f} half pitches at "
        f"{front[-1].adder_bits:,.0f} to {front[0].adder_bits:,.0f} adder bits; hypervolume "
        f"{run.hypervolume():.3f}; {folder / 'front.md'}" + (" (up to date)" if current else "")
    )


def _front(arguments: argparse.Namespace) -> None:
    from hexcoder.studies.front.files import read_search, select_points, write_files
    from hexcoder.studies.front.point import measure
    from hexcoder.studies.processes import run_all

    config, build = config_and_build(arguments)
    search, folder = read_search(build), build / "front"
    points = select_points(search.measured if arguments.all else search.front, arguments.points)
    if not points:
        raise InputError(f"{build / 'search' / 'front.json'}: the front has no point")
    with exclusive(folder):
        with progress_bar() as bar:
            task = bar.add_task("front: gen, synthesis, timing", total=len(points))
            work = partial(measure, config, build, arguments.full)
            results = run_all(work, points, arguments.jobs, lambda result: bar.advance(task))
        content = write_files(search, results, folder)
    if rows := content.front:
        areas, emd = [row.area_core_mm2 for row in rows], [row.emd_mean for row in rows]
        correlation = content.rank_correlation_of_adder_bits_and_area
        ratio = f"a factor of {max(areas) / min(areas):.1f}" if min(areas) else "from nothing"
        print(
            f"front: {len(rows)} points, {sum(row.on_front for row in rows)} on the measured "
            f"front; EMD {min(emd):.3f} to {max(emd):.3f} half pitches, network of "
            f"{min(areas):.4f} to {max(areas):.4f} mm2 ({ratio}); rank correlation of adder bits "
            f"and area {'not defined' if correlation is None else f'{correlation:.3f}'}"
            f"; {folder / 'front.md'}"
            + ("" if any(each.ran for each in results) else " (up to date)")
        )
    if content.not_measured:
        raise CheckFailed(
            f"{len(content.not_measured)} of {len(points)} points were not measured; "
            f"{content.not_measured[0]}"
        )
