"""``hexcoder study``, ``profile`` and ``keep``: statistics of trained networks."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from hexcoder.console import (
    Commands,
    add_command,
    add_config_options,
    add_number,
    add_output,
    add_seed,
    config_and_build,
    progress_bar,
)
from hexcoder.files import write_json
from hexcoder.studies.commands.options import (
    add_links,
    add_trained,
    load_any_trained,
    load_trained,
)

if TYPE_CHECKING:
    from hexcoder.studies.seeds.comparison import Comparison
    from hexcoder.studies.seeds.trainings import SeedResult


def add_study(commands: Commands) -> None:
    """Declare ``study``: a config over seeds and numbers of links."""
    parser = add_command(commands, "study", "train over several seeds and link counts")
    add_config_options(parser, required=True)
    add_number(parser, "--seeds", "trainings for each number of links", least=1, default=5)
    add_links(parser, "5")
    add_number(parser, "--jobs", "trainings at a time (default: one a core)", least=1)
    parser.set_defaults(run=_study)


def add_profile(commands: Commands) -> None:
    """Declare ``profile``: statistics of one trained network, in JSON and pictures."""
    text = "intervals, profiles and response of an encoder on a file of events"
    parser = add_command(commands, "profile", text)
    add_trained(parser)
    add_output(parser, "folder for results (default: profile/ beside NETWORK)")
    parser.set_defaults(run=_profile)


def add_keep(commands: Commands) -> None:
    """Declare ``keep``: which bits of a network's latents to send on fewer links."""
    parser = add_command(commands, "keep", "choose the latents' bits to send on fewer links")
    add_trained(parser)
    add_links(parser, "2,3,4")
    add_seed(parser, 0, "splits the events into halves (default: 0)")
    add_output(parser, "folder for results (default: keep/ beside NETWORK)")
    parser.set_defaults(run=_keep)


def _study(arguments: argparse.Namespace) -> None:
    config, build = config_and_build(arguments)
    folder = build / "study"
    # Imported late: torch takes seconds to load.
    from hexcoder.studies.seeds.study import study

    ran, total = 0, len(arguments.links) * arguments.seeds
    with progress_bar() as bar:
        task = bar.add_task("study", total=total)

        def show(result: SeedResult) -> None:
            nonlocal ran
            ran += result.ran
            text = f"study: {result.task.links} links, seed {result.task.seed} done"
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


def _profile(arguments: argparse.Namespace) -> None:
    from hexcoder.studies.seeds.charts import compare_and_draw
    from hexcoder.studies.seeds.comparison import encoder_method
    from hexcoder.studies.seeds.statistics import BOOTSTRAP

    encoder, decoder, sample = load_any_trained(arguments)
    folder = arguments.output or arguments.network.parent / "profile"
    method = encoder_method(encoder, decoder, sample, encoder.name)
    comparison = compare_and_draw(method, sample.events, folder)
    origin = {"events": len(sample.events), "bootstrap": BOOTSTRAP.as_json()}
    write_json(folder / "profile.json", origin | comparison.as_json())
    _summarise(comparison)
    print(f"written: {folder / 'profile.json'} and pictures beside it")


def _summarise(comparison: Comparison) -> None:
    """A line for the network and one for each baseline."""
    network, emd = comparison.network, comparison.network.emd
    if not emd.counted:
        print(f"no event counts: all {emd.left_out} are empty or come back empty")
        return
    print(
        f"{network.name}: EMD {emd.mean:.4f} ({emd.low:.4f} to {emd.high:.4f}, "
        f"95 %) half pitches, {network.bits_per_event:.0f} bits, {emd.counted} events"
    )
    for row in comparison.baselines:
        difference = row.network_minus_this_emd
        if difference.counted:
            print(
                f"  {row.name:20} EMD {row.emd.mean:.4f}, {row.bits_per_event:6.1f} bits, "
                f"{row.emd.left_out} events left out; network minus this {difference.mean:+.4f} "
                f"({difference.low:+.4f} to {difference.high:+.4f})"
            )


def _keep(arguments: argparse.Namespace) -> None:
    from hexcoder.studies.seeds.keep_stage import keep_bits

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
        f"{result.events['quoted_on']} events that the choice has not seen"
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
