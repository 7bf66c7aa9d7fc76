"""``python -m studies keep``: which bits of a trained network's latents to send on fewer links."""

from __future__ import annotations

import argparse

from hexcoder.console import Commands, add_command, add_output, add_seed, progress_bar
from studies.commands.options import add_links, add_trained


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(commands, "keep", "choose the latents' bits to send on fewer links")
    add_trained(parser)
    add_links(parser, "2,3,4")
    add_seed(parser, 0, "splits the events into halves (default: 0)")
    add_output(parser, "folder for results (default: keep/ beside NETWORK)")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    # Imported late: torch takes seconds to load.
    from studies.seeds.keep_stage import keep_bits
    from studies.trained import load_trained

    network, decoder, sample = load_trained(arguments)
    folder = arguments.output or arguments.network.parent / "keep"
    with progress_bar() as bar:
        task = bar.add_task("keep: bits dropped", total=1)
        result = keep_bits(
            network, decoder, sample, arguments.links, arguments.seed, folder,
            lambda done, total: bar.update(task, completed=done, total=total),
        )  # fmt: skip
    print(
        f"all bits: EMD {result.all_bits_emd.mean:.4f} half pitches over "
        f"{result.events.quoted_on} events that the choice has not seen"
    )
    for row in result.links:
        emd, gain = row.emd, row.chosen_minus_uniform_emd
        print(
            f"{row.links} links, {row.bits} bits: EMD {emd['chosen'].mean:.4f} chosen "
            f"({row.chosen_by}), {emd['uniform'].mean:.4f} uniform "
            f"({emd['uniform_by_middles'].mean:.4f} by middles); chosen minus uniform "
            f"{gain.mean:+.4f} ({gain.low:+.4f} to {gain.high:+.4f}); mask {row.mask}"
        )
    print(f"written: {folder / 'keep.json'} and keep.safetensors beside it")
