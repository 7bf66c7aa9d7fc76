"""``python -m studies search``: many configs trained, and the front of EMD against adder bits."""

from __future__ import annotations

import argparse
from contextlib import AbstractContextManager
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
from hexcoder.errors import CheckFailed
from hexcoder.steps.runner import exclusive

if TYPE_CHECKING:
    from studies.search.run import SearchRun
    from studies.search.workers import Workers


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(
        commands,
        "search",
        "Train what the config's section [search] spans, and write the Pareto front "
        "of EMD against adder bits into build/<config>/search. A search that was killed goes on.",
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
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    config, build = config_and_build(arguments)
    folder = build / "search"
    with exclusive(folder):
        _search(config, str(arguments.config), folder, arguments)


def _search(config: Config, source: str, folder: Path, arguments: argparse.Namespace) -> None:
    # Imported late: torch and optuna take seconds to load.
    from studies.search.front import FILES, write_front
    from studies.search.run import SearchRun
    from studies.search.space import Space
    from studies.search.store import open_study

    space = Space(config, source)
    assert config.search is not None
    study = open_study(folder, config)
    trials = arguments.trials or config.search.trials
    run = SearchRun(config, space, study, folder, trials)
    current = run.complete and all((folder / name).is_file() for name in FILES)
    if not run.complete:
        with _workers(arguments, config.search) as workers, progress_bar() as bar:
            _write_held_out(config, folder)
            task = bar.add_task("search", total=trials)

            def show() -> None:
                bar.update(task, description=_state(run), completed=run.tried)
                write_front(run, config.name, folder)

            show()
            run.run(workers, show)
    if not current:
        write_front(run, config.name, folder)
    _summarise(run, folder, current)


def _workers(arguments: argparse.Namespace, search: Search) -> AbstractContextManager[Workers]:
    if arguments.cluster is None:
        from studies.search.workers import local_workers

        return local_workers(arguments.jobs)
    from studies.search.cluster import cluster_workers

    return cluster_workers(arguments.cluster, search.cluster, arguments.jobs)


def _write_held_out(config: Config, folder: Path) -> None:
    """Keep one copy of the events that all trials are measured on."""
    from models.data.sample import split_events
    from sensor.events import write_events

    path = folder / "held_out.csv"
    if not path.is_file():
        partial = folder / ".held_out.csv.partial"
        write_events(partial, split_events(config)[1])
        partial.replace(path)


def _state(run: SearchRun) -> str:
    best = min((outcome.emd for outcome in run.front()), default=None)
    if best is None:
        return "search"
    return f"search: best EMD {best:.3f}, hypervolume {run.hypervolume():.3f}"


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
