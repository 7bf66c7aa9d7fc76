"""``hexcoder flips`` and ``hessian``: bits to protect, and layers that need precision."""

from __future__ import annotations

import argparse
import json
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hexcoder.console import Commands, add_command, add_number, add_output, progress_bar
from hexcoder.errors import InputError
from hexcoder.studies.commands.options import add_drawn, load_drawn

if TYPE_CHECKING:
    from hexcoder.studies.radiation.precision import Proposal


def add_flips(commands: Commands) -> None:
    """Declare ``flips``."""
    parser = add_command(commands, "flips", "sensitivity to flips of weight and register bits")
    add_drawn(parser, "draws events and sampled bits")
    add_output(parser, "folder (default: flips/ beside NETWORK)")
    parser.set_defaults(run=_flips)


def add_hessian(commands: Commands) -> None:
    """Declare ``hessian``."""
    text = "curvature of the loss in each layer's weights, and widths that follow"
    parser = add_command(commands, "hessian", text)
    add_drawn(parser, "draws events and vectors")
    text = "weights before rounding (default: train/encoder.safetensors beside, if there)"
    parser.add_argument("--encoder", type=Path, help=text)
    add_number(parser, "--probes", "random vectors (default 32)", least=2, default=32)
    budget = parser.add_mutually_exclusive_group()
    text = "budget (default: what the network has now)"
    budget.add_argument("--adder-bits", type=float, help=text)
    budget.add_argument("--weight-bits", type=float, help="budget in bits of all weights")
    parser.set_defaults(run=_hessian)


def _flips(arguments: argparse.Namespace) -> None:
    # Imported late: torch takes seconds to load.
    from hexcoder.studies.radiation.faults import fault_sites
    from hexcoder.studies.radiation.flips import measure
    from hexcoder.studies.radiation.report import Origin, write_report

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


def _hessian(arguments: argparse.Namespace) -> None:
    for name in ("adder_bits", "weight_bits"):
        value = getattr(arguments, name)
        if value is not None and not value > 0:
            raise InputError(f"--{name.replace('_', '-')} = {value}: it must be more than 0")
    from hexcoder.studies.radiation.hessian import hessian_traces, transport_loss
    from hexcoder.studies.radiation.precision import Problem, propose, unrounded_weights

    network, decoder, sample = load_drawn(arguments)
    weights, source = unrounded_weights(network, arguments.network, arguments.encoder)
    with progress_bar() as progress:
        task = progress.add_task("hessian: random vectors", total=arguments.probes)
        loss = transport_loss(network, decoder, sample)
        show = partial(progress.advance, task)
        traces = hessian_traces(loss, weights, arguments.probes, arguments.seed, show)
    arrays = {name: value.numpy() for name, value in weights.items()}
    budget = "adder bits" if arguments.weight_bits is None else "weight bits"
    limit = arguments.adder_bits if arguments.weight_bits is None else arguments.weight_bits
    proposal = propose(Problem(network, arrays, traces, budget), decoder, sample, limit)
    if not arguments.json:
        _print(proposal, len(sample.events))
        return
    origin = {
        "network": network.name,
        "file": Path(arguments.events).name,
        "events": len(sample.events),
        "seed": arguments.seed,
        "probes": arguments.probes,
        "weights": source,
    }
    print(json.dumps(origin | proposal.as_json(), indent=2))


def _print(proposal: Proposal, events: int) -> None:
    print(
        f"{'layer':12} {'weights':>7} {'trace':>8} {'+-':>8} {'per weight':>10}   "
        f"{'now':8} {'loss':>8}   {'proposed':8} {'loss':>8}"
    )
    for row in proposal.layers:
        print(
            f"{row.name:12} {row.weights:7} {row.trace:8.3g} "
            f"{row.standard_error:8.2g} {row.mean_trace:10.3g}   "
            f"{row.weight_type:8} {row.expected_loss_now:8.2g}   "
            f"{row.proposed_type:8} {row.expected_loss:8.2g}"
        )
    emd, uniform = proposal.emd, ""
    if proposal.uniform:
        width, cost = proposal.uniform.width, proposal.uniform.cost
        uniform = f", uniform {width} bits {emd['uniform']:.4f} ({cost:.0f})"
    print(
        f"budget {proposal.limit:.0f} {proposal.budget}; mean EMD without retraining, over "
        f"{events} events: now {emd['now']:.4f} ({proposal.cost_now:.0f}), proposed "
        f"{emd['proposed']:.4f} ({proposal.cost:.0f}){uniform}"
    )
    for row in proposal.layers:
        print(f'# [[network.layers]] name = "{row.name}"')
        print(f'weight_type = "{row.proposed_type}"')
