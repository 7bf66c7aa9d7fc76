"""``python -m studies keep``: which bits of a trained network's latents to send on fewer links."""

from __future__ import annotations

import argparse
from pathlib import Path

from hexcoder.console import Commands, progress_bar
from hexcoder.errors import InputError


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser("keep", help="choose the latents' bits to send on fewer links")
    parser.add_argument("network", type=Path)
    parser.add_argument("--events", required=True, help="CSV of energies, split into halves")
    parser.add_argument("--decoder", type=Path, help="default: train/decoder.safetensors beside")
    parser.add_argument("--links", default="2,3,4", help="numbers of links (default: 2,3,4)")
    parser.add_argument("--seed", type=int, default=0, help="of the split (default: 0)")
    parser.add_argument(
        "-o", "--output", type=Path, help="folder for results (default: keep/ beside NETWORK)"
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from studies.seeds.links import parse_links

    links = parse_links(arguments.links)
    if arguments.seed < 0:
        raise InputError(f"--seed = {arguments.seed}: it must be 0 or more")
    # Imported late: torch takes seconds to load.
    from models.decoder import load_decoder
    from models.evaluation.physics import find_decoder
    from network.schema import load_network
    from studies.seeds.keep_stage import keep_bits
    from studies.seeds.profile import sample_for

    network = load_network(arguments.network)
    decoder = load_decoder(arguments.decoder or find_decoder(arguments.network))
    sample = sample_for(decoder, arguments.events)
    folder = arguments.output or arguments.network.parent / "keep"
    with progress_bar() as bar:
        task = bar.add_task("keep: bits dropped", total=1)
        found = keep_bits(
            network, decoder, sample, links, arguments.seed, folder,
            lambda done, total: bar.update(task, completed=done, total=total),
        )  # fmt: skip
    print(
        f"all bits: EMD {found['all_bits_emd']['mean']:.4f} half pitches over "
        f"{found['events']['quoted_on']} events that the choice has not seen"
    )
    for row in found["links"]:
        emd, gain = row["emd"], row["chosen_minus_uniform_emd"]
        print(
            f"{row['links']} links, {row['bits']} bits: EMD {emd['chosen']['mean']:.4f} chosen "
            f"({row['chosen_by']}), {emd['uniform']['mean']:.4f} uniform "
            f"({emd['uniform_by_middles']['mean']:.4f} by middles); chosen minus uniform "
            f"{gain['mean']:+.4f} ({gain['low']:+.4f} to {gain['high']:+.4f}); mask {row['mask']}"
        )
    print(f"written: {folder / 'keep.json'} and keep.safetensors beside it")
