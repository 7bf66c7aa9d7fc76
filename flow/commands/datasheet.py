"""``hexcoder datasheet``: the block on one page."""

import argparse
import shlex

from hexcoder.console import Commands, add_command, add_config_options, config_and_build
from hexcoder.steps.console import show_stage, state_of


def add(commands: Commands) -> None:
    """Declare the command."""
    text = "one page for designers, HTML and PDF: ports, timing, power, area, verification"
    parser = add_command(commands, "datasheet", text)
    add_config_options(parser, required=True)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    # Imported late: matplotlib takes a second.
    from hexcoder.report.datasheet import CHROMIUM, PAGE, PDF, datasheet_stage

    config, build = config_and_build(arguments)
    options = shlex.join(["--config", str(arguments.config)])
    outcome = show_stage(datasheet_stage(config, options), config, build)
    outcome.judge()
    folder = build / "datasheet"
    pdf = f"; {folder / PDF}"
    if not (folder / PDF).is_file():
        pdf = f"; no PDF: {CHROMIUM.missing}"
    print(f"datasheet: {folder / PAGE}{pdf}{state_of(outcome)}")
