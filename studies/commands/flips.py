"""``python -m studies flips``: what a flip of each bit costs, and which bits to protect."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from hexcoder.console import Commands, progress_bar
from hexcoder.errors import InputError


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser("flips", help="sensitivity to flips of weight and register bits")
    parser.add_argument("network", type=Path)
    parser.add_argument("--events", required=True, help="CSV of energies")
    parser.add_argument("--decoder", type=Path, help="default: train/decoder.safetensors beside")
    parser.add_argument("--count", type=int, default=512, help="events drawn (default 512)")
    parser.add_argument("--seed", type=int, default=1, help="draws events and sampled bits")
    parser.add_argument("-o", "--output", type=Path, help="folder (default: flips/ beside NETWORK)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from studies.radiation.drawn_events import draw_events, load_pair
    from studies.radiation.faults import fault_sites
    from studies.radiation.flips import measure
    from studies.radiation.report import write_report

    network, decoder = load_pair(arguments.network, arguments.decoder)
    sample = draw_events(arguments.events, decoder, arguments.count, arguments.seed)
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
    origin = {
        "network": network.name,
        "file": Path(arguments.events).name,
        "seed": arguments.seed,
    }
    result = write_report(campaign, origin, folder)
    if arguments.json:
        print(json.dumps(result, indent=2))
        return
    worst = max(
        (found["worst"] for found in result["classes"].values()), key=lambda w: w["emd_increase"]
    )
    shares = "; ".join(
        f"{bits} of {group['bits']} {name} bits carry 90 % of the sensitivity"
        for name, group in result["groups"].items()
        if (bits := group["bits_for_share"]["0.9"]) is not None
    )
    print(
        f"{folder}: {result['flips']} flips in {result['events']} events each "
        f"({time.perf_counter() - started:.0f} s); EMD {result['emd_mean']:.3f} without; worst "
        f"{worst['layer']} {worst['class']} {worst['position']} bit {worst['bit']}: "
        f"+{worst['emd_increase']:.3f} ± {worst['standard_error']:.3f}"
        + (f"; {shares}" if shares else "")
    )
