"""``hexcoder report``: one page of what was built and measured."""

import argparse
import shlex

from hexcoder.console import Commands, add_config_options, config_and_build
from hexcoder.steps.console import show_stage, state_of


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "report",
        help="one page of what was built and measured",
        description="Write build/<config>/report.html from the results that the stages left.",
    )
    add_config_options(parser, required=True)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    # Imported late: matplotlib takes a second, and no other command needs it.
    from hexcoder.report.page import PAGE, report_stage

    config, build = config_and_build(arguments)
    given = {name: getattr(arguments, name) for name in ("config", "events", "pdk", "build")}
    words = [word for name, value in given.items() if value for word in (f"--{name}", str(value))]
    text = arguments.config.read_text(encoding="utf-8")
    outcome = show_stage(report_stage(config, shlex.join(words), text), config, build)
    size_kib = (build / PAGE).stat().st_size / 1024
    print(f"report: {build / PAGE} ({size_kib:,.0f} KiB){state_of(outcome)}")
