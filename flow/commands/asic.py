"""``hexcoder asic``: synthesis, check of the netlist, timing and power."""

import argparse
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from hexcoder.config import Config
from hexcoder.console import Commands, add_config_options, config_and_build
from hexcoder.flow.asic.stage import ASIC
from hexcoder.flow.commands import layout
from hexcoder.flow.commands.energy import power_and_energy
from hexcoder.pdk.description import LAYOUT_PDKS, load_pdk
from hexcoder.steps.console import measured, show_stage, state_of

EXAMPLES = """examples:
  hexcoder asic econ_t
  hexcoder asic econ_t --events energies.csv --build build/my_data
  hexcoder asic configs/tiny.toml --pdk sky130
"""


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "asic",
        help="synthesis, check of the netlist, timing, power; with drawn cells the layout too",
        description="Map build/<config>/rtl/encoder.v to library cells, check, time and measure.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_config_options(parser, required=True)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    config, build = config_and_build(arguments)
    run_asic(config, build)
    if config.silicon.layout and config.silicon.pdk in LAYOUT_PDKS:
        layout.run_layout(config, build)


def run_asic(config: Config, build: Path) -> None:
    """Run the stage and say in one line what it gave."""
    load_pdk(config.silicon.pdk)
    outcome = show_stage(ASIC, config, build)
    print(summary(outcome.metrics) + state_of(outcome))
    outcome.judge()


def summary(metrics: Mapping[str, Any]) -> str:
    """One line; what was not measured is said to be so."""
    show = partial(measured, metrics)
    return (
        f"asic: {show('design__instance__area', '{:,.0f} um2')}, "
        f"{show('design__instance__count', '{:,} cells')}, "
        f"setup slack {show('timing__setup__ws', '{:.3f} ns')}, "
        f"{power_and_energy(metrics)}"
    )
