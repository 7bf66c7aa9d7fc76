"""``python -m studies hessian``: which layers need precision, and widths that follow from it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from hexcoder.console import Commands, add_command, add_number, progress_bar
from hexcoder.errors import InputError
from studies.commands.options import add_drawn

if TYPE_CHECKING:
    from studies.radiation.precision_study import Proposal


def add(commands: Commands) -> None:
    """Declare the command."""
    text = "curvature of the loss in each layer's weights, and widths that follow"
    parser = add_command(commands, "hessian", text)
    add_drawn(parser, "draws events and vectors")
    parser.add_argument(
        "--encoder",
        type=Path,
        help="weights before rounding (default: train/encoder.safetensors beside, if there)",
    )
    add_number(parser, "--probes", "random vectors (default 32)", least=2, default=32)
    budget = parser.add_mutually_exclusive_group()
    for name, text in (
        ("--adder-bits", "budget (default: what the network has now)"),
        ("--weight-bits", "budget in bits of all weights"),
    ):
        budget.add_argument(name, type=float, help=text)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    for name in ("adder_bits", "weight_bits"):
        value = getattr(arguments, name)
        if value is not None and not value > 0:
            raise InputError(f"--{name.replace('_', '-')} = {value}: it must be more than 0")
    from studies.radiation.hessian import hessian_traces, transport_loss
    from studies.radiation.precision import Problem
    from studies.radiation.precision_study import propose, unrounded_weights
    from studies.trained import load_drawn

    network, decoder, sample = load_drawn(arguments)
    weights, source = unrounded_weights(network, arguments.network, arguments.encoder)
    with progress_bar() as progress:
        task = progress.add_task("hessian: random vectors", total=arguments.probes)
        traces = hessian_traces(
            transport_loss(network, decoder, sample),
            weights,
            arguments.probes,
            arguments.seed,
            lambda: progress.advance(task),
        )
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
    emd, uniform = proposal.emd, proposal.uniform
    print(
        f"budget {proposal.limit:.0f} {proposal.budget}; mean EMD without retraining, over "
        f"{events} events: now {emd['now']:.4f} ({proposal.cost_now:.0f}), proposed "
        f"{emd['proposed']:.4f} ({proposal.cost:.0f})"
        + (
            f", uniform {uniform.width} bits {emd['uniform']:.4f} ({uniform.cost:.0f})"
            if uniform
            else ""
        )
    )
    for row in proposal.layers:
        print(f'# [[network.layers]] name = "{row.name}"')
        print(f'weight_type = "{row.proposed_type}"')
