"""``hexcoder certify``: a proof for every input that a design computes its network."""

import argparse
import tempfile
from pathlib import Path

from hexcoder.console import (
    Commands,
    add_command,
    add_config_options,
    add_work,
    config_and_build,
    progress_bar,
)
from hexcoder.errors import CheckFailed, InputError

EXAMPLES = """examples:
  hexcoder certify network.json rtl      any design that `hexcoder rtl` made
  hexcoder certify econ_t_linear         build/econ_t_linear
The certificate is JSON on standard output. Exit status: 0 proved, 1 refuted or not proved, 2 bad
input. A network with a kind of node that is not covered is not proved, and ends with status 0.
"""


def add(commands: Commands) -> None:
    """Declare the command."""
    text = "prove for every input that the Verilog computes its network"
    parser = add_command(commands, "certify", text, EXAMPLES)
    parser.add_argument("network", type=Path, nargs="?", help="a network.json, or a CONFIG")
    parser.add_argument("design", type=Path, nargs="?", help="folder with encoder.v")
    add_work(parser)
    add_config_options(parser, required=False)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from hexcoder.tb.certificate.check import certify_design, failure_of

    network, design, work = arguments.network, arguments.design, arguments.work
    if arguments.config is not None:
        _, build = config_and_build(arguments)
        network, design = build / "network.json", build / "rtl"
        work = work or build / ".simulation"
    if network is None or design is None:
        raise InputError("give a network.json and a design folder, or a CONFIG; see --help")
    with tempfile.TemporaryDirectory(prefix="hexcoder-") as scratch, progress_bar() as bar:
        task = bar.add_task("prove", total=1.0)
        certificate = certify_design(
            network,
            design,
            work or Path(scratch),
            lambda what, part: bar.update(task, description=what, completed=part),
        )
    print(certificate.model_dump_json(indent=2, exclude_unset=True))
    if failure := failure_of(certificate):
        raise CheckFailed(failure)
