"""``python -m studies hessian``: which layers need precision, and widths that follow from it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from hexcoder.console import Commands, progress_bar
from hexcoder.errors import InputError


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "hessian", help="curvature of the loss in each layer's weights, and widths that follow"
    )
    parser.add_argument("network", type=Path)
    parser.add_argument("--events", required=True, help="CSV of energies")
    parser.add_argument("--decoder", type=Path, help="default: train/decoder.safetensors beside")
    parser.add_argument(
        "--encoder",
        type=Path,
        help="weights before rounding (default: train/encoder.safetensors beside, if there)",
    )
    parser.add_argument("--count", type=int, default=512, help="events drawn (default 512)")
    parser.add_argument("--probes", type=int, default=32, help="random vectors (default 32)")
    parser.add_argument("--seed", type=int, default=1, help="draws events and vectors")
    budget = parser.add_mutually_exclusive_group()
    budget.add_argument(
        "--adder-bits", type=float, help="budget (default: what the network has now)"
    )
    budget.add_argument("--weight-bits", type=float, help="budget in bits of all weights")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_run)


def _check(arguments: argparse.Namespace) -> None:
    if arguments.probes < 2:
        raise InputError(f"--probes = {arguments.probes}: it must be 2 or more")
    for name in ("adder_bits", "weight_bits"):
        value = getattr(arguments, name)
        if value is not None and not value > 0:
            raise InputError(f"--{name.replace('_', '-')} = {value}: it must be more than 0")


def _run(arguments: argparse.Namespace) -> None:
    _check(arguments)
    from studies.radiation.drawn_events import draw_events, load_pair
    from studies.radiation.hessian import hessian_traces, transport_loss
    from studies.radiation.precision_study import propose, unrounded_weights

    network, decoder = load_pair(arguments.network, arguments.decoder)
    sample = draw_events(arguments.events, decoder, arguments.count, arguments.seed)
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
    budget = "weight bits" if arguments.weight_bits is not None else "adder bits"
    limit = arguments.weight_bits if arguments.weight_bits is not None else arguments.adder_bits
    result = {
        "network": network.name,
        "file": Path(arguments.events).name,
        "events": len(sample.events),
        "seed": arguments.seed,
        "probes": arguments.probes,
        "weights": source,
        **propose(network, decoder, sample, weights, traces, budget, limit),
    }
    if arguments.json:
        print(json.dumps(result, indent=2))
        return
    _print(result)


def _print(result: dict) -> None:
    print(
        f"{'layer':12} {'weights':>7} {'trace':>8} {'+-':>8} {'per weight':>10}   "
        f"{'now':8} {'loss':>8}   {'proposed':8} {'loss':>8}"
    )
    for row in result["layers"]:
        print(
            f"{row['name']:12} {row['weights']:7} {row['trace']:8.3g} "
            f"{row['standard_error']:8.2g} {row['mean_trace']:10.3g}   "
            f"{row['weight_type']:8} {row['expected_loss_now']:8.2g}   "
            f"{row['proposed_type']:8} {row['expected_loss']:8.2g}"
        )
    emd = result["emd"]
    uniform = (
        f", uniform {result['uniform']['width']} bits {emd['uniform']:.4f} "
        f"({result['uniform']['cost']:.0f})"
        if result["uniform"]
        else ""
    )
    print(
        f"budget {result['limit']:.0f} {result['budget']}; mean EMD without retraining, over "
        f"{result['events']} events: now {emd['now']:.4f} ({result['cost_now']:.0f}), proposed "
        f"{emd['proposed']:.4f} ({result['cost']:.0f}){uniform}"
    )
    for row in result["layers"]:
        print(f'# [[network.layers]] name = "{row["name"]}"')
        print(f'weight_type = "{row["proposed_type"]}"')
