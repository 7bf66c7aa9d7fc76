"""``python -m studies front``: the front of a search against measured area."""

from __future__ import annotations

import argparse
from functools import partial

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

EXAMPLES = """examples:
  python -m studies front --config configs/search.toml
  python -m studies front --config configs/search.toml --points 12 --jobs 2
  python -m studies front --config configs/search.toml --full
"""


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(
        commands,
        "front",
        "Compile and synthesise the points of build/<config>/search/front.json; table and picture "
        "of EMD against area in build/<config>/front. What was measured stays.",
        EXAMPLES,
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
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    # Imported late: matplotlib and scipy take a second, and no other sub-command needs them.
    from studies.front.files import read_search, select_points, write_files
    from studies.front.point import measure
    from studies.processes import run_all

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
