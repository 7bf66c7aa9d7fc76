"""``hexcoder layout``: place and route, and checks of the drawn block."""

import argparse
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from hexcoder.config import Config
from hexcoder.console import Commands, add_config_options, config_and_build
from hexcoder.errors import InputError
from hexcoder.flow.commands.energy import power_and_energy
from hexcoder.steps.console import measured, show_stage, state_of


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "layout",
        help="place and route, and checks of the drawn block (PDK sky130 or gf180mcu)",
        description="Lay out the netlist of the stage asic in build/<config>/layout.",
    )
    add_config_options(parser, required=True)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    run_layout(*config_and_build(arguments))


def run_layout(config: Config, build: Path) -> None:
    """Run the stage and say in one line what it gave."""
    # Imported late: KLayout is in an extra of its own.
    try:
        from hexcoder.flow.layout.stage import LAYOUT, require_layout
    except ModuleNotFoundError as error:
        raise InputError(f"{error.name} is not installed: pip install 'hexcoder[layout]'") from None

    require_layout(config)
    outcome = show_stage(LAYOUT, config, build)
    if outcome.metrics["design__die__bbox"] is not None:
        print(f"{summary(outcome.metrics)}: {build / 'layout' / 'layout.gds'}{state_of(outcome)}")
    outcome.judge()


def summary(metrics: Mapping[str, Any]) -> str:
    """One line; what was not measured is said to be so."""
    show = partial(measured, metrics)
    return (
        f"layout: die {metrics['design__die__bbox']} um, "
        f"{show('design__instance__count', '{:,} cells')}, "
        f"wires {show('route__wirelength', '{:,.1f} mm', 1e-3)}, all routed, "
        f"{show('klayout__drc_error__count', '{} rule violations')}; worst slack after layout "
        f"setup {show('timing__setup__ws', '{:.2f} ns')}, "
        f"hold {show('timing__hold__ws', '{:.2f} ns')}; "
        f"{power_and_energy(metrics)}"
    )
