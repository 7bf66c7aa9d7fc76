"""``hexcoder signoff``: the drawn block by a foundry's own rules."""

import argparse
from pathlib import Path

from hexcoder.console import Commands, add_command, add_config_options, config_and_build
from hexcoder.errors import InputError
from hexcoder.steps.console import measured, show_stage, state_of

EXAMPLES = """examples:
  hexcoder signoff tiny --pdk sky130
  hexcoder signoff tiny --pdk sky130 --pdk-root ~/.volare --deck drc_sky130.lydrc
"""


def add(commands: Commands) -> None:
    """Declare the command."""
    text = "the drawn block by Magic, netgen and KLayout decks, those that are installed"
    parser = add_command(commands, "signoff", text, EXAMPLES)
    parser.add_argument(
        "--pdk-root",
        type=Path,
        metavar="DIR",
        help="folder of PDKs as open_pdks, volare and ciel make it (default: $PDK_ROOT)",
    )
    parser.add_argument("--variant", metavar="NAME", help="folder in it, such as sky130A")
    parser.add_argument(
        "--deck", type=Path, action="append", default=[], metavar="FILE", help="one more rule deck"
    )
    add_config_options(parser, required=True)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from hexcoder.flow.signoff.public_pdk import public_pdk
    from hexcoder.flow.signoff.stage import signoff_stage
    from hexcoder.pdk.processes import process_of

    config, build = config_and_build(arguments)
    process = process_of(config.silicon.pdk)
    pdk = public_pdk(arguments.variant or process.variant, arguments.pdk_root, arguments.deck)
    outcome = show_stage(signoff_stage(pdk), config, build)
    metrics = outcome.metrics
    reasons = metrics["not_measured"]
    if metrics["magic_rules"] is metrics["netgen_verdict"] is metrics["klayout_decks"] is None:
        raise InputError("; ".join(dict.fromkeys(reasons.values())))
    print(
        f"signoff: {pdk.name}: Magic {measured(metrics, 'magic__drc_error__count', '{} errors')}, "
        f"netgen: {metrics['netgen_verdict'] or 'not measured'}, KLayout decks "
        f"{measured(metrics, 'klayout_deck__error__count', '{} errors')}: "
        f"{build / 'signoff'}{state_of(outcome)}"
    )
    for reason in dict.fromkeys(reasons.values()):
        print(f"  not measured: {reason}")
    outcome.judge()
