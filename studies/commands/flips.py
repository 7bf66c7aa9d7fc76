"""``python -m studies flips``: what a flip of each bit costs, and which bits to protect."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from hexcoder.console import Commands, add_command, add_output, progress_bar
from hexcoder.errors import InputError
from studies.commands.options import add_drawn


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(commands, "flips", "sensitivity to flips of weight and register bits")
    add_drawn(parser, "draws events and sampled bits")
    add_output(parser, "folder (default: flips/ beside NETWORK)")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from studies.radiation.faults import fault_sites
    from studies.radiation.flips import measure
    from studies.radiation.report import Origin, write_report
    from studies.trained import load_drawn

    network, decoder, sample = load_drawn(arguments)
    folder = arguments.output or arguments.network.parent / "flips"
    if folder.exists() and not folder.is_dir():
        raise InputError(f"-o {folder}: is a file; give a folder")
    started = time.perf_counter()
    with progress_bar() as progress:
        bits = sum(len(site) for site in fault_sites(network))
        task = progress.add_task("flips", total=bits)
        done = 0

        def show(flips: int) -> None:
            nonlocal done
            done += flips
            rate = done / (time.perf_counter() - started)
            # Bits that get exact EMD too come on top, after all bits have been ranked.
            text = f"flips: {rate:,.0f} flips/s" if done <= bits else "flips: exact EMD"
            progress.update(task, completed=min(done, bits), description=text)

        campaign = measure(network, decoder, sample, arguments.seed, show)
    file = Path(arguments.events).name
    origin = Origin(network=network.name, file=file, seed=arguments.seed)
    result = write_report(campaign, origin, folder)
    if arguments.json:
        print(json.dumps(result.as_json(), indent=2))
        return
    worst = max((each.worst for each in result.classes.values()), key=lambda w: w.emd_increase)
    shares = "".join(
        f"; {group.bits_for_share['0.9']} of {group.bits} {name} bits carry 90 % of the sensitivity"
        for name, group in result.groups.items()
        if group.bits_for_share["0.9"] is not None
    )
    print(
        f"{folder}: {result.flips} flips in {result.events} events each "
        f"({time.perf_counter() - started:.0f} s); EMD {result.emd_mean:.3f} without; worst "
        f"{worst.layer} {worst.fault_class} {worst.position} bit {worst.bit}: "
        f"+{worst.emd_increase:.3f} ± {worst.standard_error:.3f}{shares}"
    )
