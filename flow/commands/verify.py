"""``python -m flow verify``: many vectors through the netlist."""

import argparse
import json

from hexcoder.console import (
    Commands,
    add_config_options,
    add_vectors,
    config_and_build,
    progress_bar,
)
from hexcoder.errors import CheckFailed


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "verify",
        help="many vectors through the netlist",
        description="Compare the netlist of the stage asic with the golden model; prints JSON.",
    )
    add_vectors(parser, 1_000_000)
    add_config_options(parser, required=True)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from hexcoder.flow.asic.verify import verify_netlist
    from hexcoder.sensor.events import load_events

    config, build = config_and_build(arguments)
    vectors: int = arguments.vectors
    with progress_bar() as bar:
        task = bar.add_task("golden = netlist", total=vectors)
        verdict = verify_netlist(
            config,
            build,
            vectors,
            load_events(arguments.events, arguments.columns) if arguments.events else None,
            lambda done: bar.update(task, completed=done, total=max(done, vectors)),
        )
    print(json.dumps(verdict, indent=2))
    if verdict["mismatches"]:
        raise CheckFailed(
            f"{verdict['mismatches']} of {verdict['vectors']} vectors differ in the netlist; "
            f"first: {verdict['first_mismatch']}"
        )
    proof = verdict["formal_equivalence"]
    if proof and not proof["proved"]:
        raise CheckFailed(f"the netlist is not the RTL: {proof['reason']}")
