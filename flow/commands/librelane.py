"""``hexcoder librelane``: RTL to GDS by LibreLane with OpenROAD and a foundry's PDK."""

import argparse

from hexcoder.console import Commands, add_config_options, config_and_build
from hexcoder.errors import InputError
from hexcoder.steps.console import show_stage, state_of


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "librelane",
        help="RTL to GDS by LibreLane with OpenROAD and a foundry's PDK",
        description="Run LibreLane on build/<config>/rtl in build/<config>/librelane.",
    )
    parser.add_argument("--to", metavar="STEP", help="last step, such as Yosys.Synthesis")
    add_config_options(parser, required=True)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from hexcoder.flow.librelane.stage import librelane_stage

    config, build = config_and_build(arguments)
    pdk = arguments.pdk or config.silicon.pdk
    stage = librelane_stage("sky130A" if pdk == "sky130" else pdk, arguments.to)
    outcome = show_stage(stage, config, build)
    origin, metrics = outcome.metrics["origin"], outcome.metrics["metrics"]
    if origin is None:
        why = outcome.metrics["not_measured"]["origin"]
        raise InputError(f"{why}; the design is in {build / stage.name / 'design'}")
    area = metrics.get("design__instance__area")
    print(
        f"librelane: {origin['tool']}, {origin['pdk']}, up to {origin['last_step']} "
        f"({origin['state']}): "
        + (f"{area:,.0f} um2, " if area else "")
        + f"{metrics.get('design__instance__count', 0):,} cells: {build / stage.name}"
        + state_of(outcome)
    )
    outcome.judge()
