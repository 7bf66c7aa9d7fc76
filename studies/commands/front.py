"""``python -m studies front``: the front of a search against measured area."""

from __future__ import annotations

import argparse
from pathlib import Path

from hexcoder.console import Commands, add_config_options, config_and_build, progress_bar
from hexcoder.errors import CheckFailed, InputError
from hexcoder.steps.runner import exclusive

EXAMPLES = """examples:
  python -m studies front --config configs/search.toml
  python -m studies front --config configs/search.toml --points 12 --jobs 2
  python -m studies front --config configs/search.toml --full
"""


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "front",
        help="the front of a search against area",
        description="Compile and synthesise the points of build/<config>/search/front.json; table "
        "and picture of EMD against area in build/<config>/front. What was measured stays.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_config_options(parser, required=True)
    parser.add_argument(
        "--points", type=int, help="about so many, evenly in the logarithm of adder bits"
    )
    parser.add_argument(
        "--all", action="store_true", help="also trials that are not on the search's front"
    )
    parser.add_argument("--jobs", type=int, default=1, help="points at a time (default: 1)")
    parser.add_argument(
        "--full", action="store_true", help="netlist simulation and power as well (stage asic)"
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    # Imported late: matplotlib and scipy take a second, and no other sub-command needs them.
    from studies.front.files import write_files
    from studies.front.measure import measure_front

    config, build = config_and_build(arguments)
    for name, least in (("points", 2), ("jobs", 1)):
        value = getattr(arguments, name)
        if value is not None and value < least:
            raise InputError(f"--{name} = {value}: it must be {least} or more")
    folder = build / "front"
    with exclusive(folder):
        with progress_bar() as bar:
            task = bar.add_task("front: gen, synthesis, timing", total=1)
            result = measure_front(
                config,
                build,
                arguments.points,
                arguments.jobs,
                arguments.full,
                arguments.all,
                lambda done, total: bar.update(task, completed=done, total=total),
            )
        content = write_files(result, folder)
    rows = content["front"]
    if rows:
        _summarise(content, folder, result.ran)
    if result.failures:
        raise CheckFailed(
            f"{len(result.failures)} of {len(result.points)} points were not measured; "
            f"{result.failures[0]}"
        )


def _summarise(content: dict, folder: Path, ran: bool) -> None:
    rows = content["front"]
    areas = [row["area_core_mm2"] for row in rows]
    correlation = content["rank_correlation_of_adder_bits_and_area"]
    ratio = f"a factor of {max(areas) / min(areas):.1f}" if min(areas) else "from nothing"
    print(
        f"front: {len(rows)} points, {sum(row['on_front'] for row in rows)} on the measured front; "
        f"EMD {min(row['emd_mean'] for row in rows):.3f} to "
        f"{max(row['emd_mean'] for row in rows):.3f} half pitches, network of {min(areas):.4f} to "
        f"{max(areas):.4f} mm2 ({ratio}); rank correlation of adder bits and area "
        + ("not defined" if correlation is None else f"{correlation:.3f}")
        + f"; {folder / 'front.md'}"
        + ("" if ran else " (up to date)")
    )
