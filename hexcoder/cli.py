"""The program ``hexcoder``: the commands of all rooms under one name, from any folder.

A stage runs what it needs first, as ``make`` does; what is up to date is not run again.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial

from hexcoder.config import find_config, load_config, shipped_configs
from hexcoder.console import (
    Commands,
    add_command,
    add_config_options,
    add_vectors,
    config_and_build,
    parse_room,
    run_room,
)
from hexcoder.errors import CheckFailed, run_command
from hexcoder.flow.commands import (
    asic,
    compare,
    datasheet,
    handoff,
    layout,
    librelane,
    report,
    shuttle,
    signoff,
)
from hexcoder.flow.commands import verify as netlist
from hexcoder.gen.commands import rtl
from hexcoder.models.commands import check, evaluate, export, generate, import_, train
from hexcoder.studies.commands.architecture import add_architecture
from hexcoder.studies.commands.radiation import add_flips, add_hessian
from hexcoder.studies.commands.search import add_front, add_search
from hexcoder.studies.commands.seeds import add_keep, add_profile, add_study
from hexcoder.studies.commands.tables import add_tables
from hexcoder.studies.commands.zoo import add_zoo
from hexcoder.tb.commands import certify, chip, flips, i2c_fuzz, prove
from hexcoder.version import __version__

BEFORE = {
    "train": (),
    "rtl": ("train",),
    "sim": ("train", "rtl"),
    "certify": ("train", "rtl"),
    "asic": ("train", "rtl", "sim"),
    "layout": ("train", "rtl", "sim", "asic"),
    "signoff": ("train", "rtl", "sim", "asic", "layout"),
    "librelane": ("train", "rtl", "sim"),
    "verify": ("train", "rtl", "sim", "asic"),
    "datasheet": ("train", "rtl", "sim", "asic"),
    "handoff": ("train", "rtl", "sim", "asic", "datasheet"),
    "shuttle": ("train", "rtl"),
    "report": ("train", "rtl", "sim", "asic"),
    "all": ("train", "rtl", "sim", "asic"),
}
"""What runs before a stage."""
DESCRIPTION = """A trained network in, a verified chip block out.

hexcoder trains a small network on detector events, compiles it to Verilog, proves that the Verilog
computes the same bits, and maps it to standard cells: area, power, timing and layout."""
EXAMPLES = """examples:
  hexcoder all tiny                              the whole chain on a small encoder: a minute or two
  hexcoder all econ_t --events energies.csv --build build/my_data   on your own events
  hexcoder rtl network.json -o rtl               Verilog of a network of your own
  hexcoder sim network.json rtl --vectors 10000  is it the same, bit for bit?
  hexcoder certify network.json rtl              is it, for every input?
  hexcoder asic my.toml --pdk sky130             gates, timing, power and a layout
  hexcoder datasheet tiny                        one page of ports, power, timing, area and proof
  hexcoder handoff tiny                          a folder for designers who have no hexcoder
  hexcoder shuttle tiny                          a project for TinyTapeout, or Caravel
  hexcoder configs tiny > my.toml                a config to start from; change its name
  hexcoder COMMAND --help                        what else a command takes
CONFIG is a TOML file, or the name of one that comes with hexcoder. Exit status: 0 done, 1 a check
failed, 2 bad input or a missing tool, 3 a fault of hexcoder's own.
"""


def _all(commands: Commands) -> None:
    parser = add_command(commands, "all", "train, rtl, sim, asic and report: what is out of date")
    add_config_options(parser, required=True)
    parser.set_defaults(run=lambda arguments: _run("report", *_options(arguments)))


def _verify(commands: Commands) -> None:
    text = "a million vectors, and all events, through every link of the chain"
    parser = add_command(commands, "verify", text)
    add_vectors(parser, 1_000_000)
    add_config_options(parser, required=True)
    parser.set_defaults(run=_run_verify)


def _run_verify(arguments: argparse.Namespace) -> None:
    _, build = config_and_build(arguments)
    network, vectors = str(build / "network.json"), ("--vectors", str(arguments.vectors))
    events = build / "train" / "events.csv"
    given = ("--events", str(events)) if events.is_file() else ()
    options = _options(arguments)
    _run("check", network, *vectors, *given)
    _run("rtl", *options, "--check", str(arguments.vectors), *given)
    work = ("--work", str(build / ".simulation"))
    _run("sim", network, str(build / "rtl"), *vectors, *given, *work)
    _run("certify", network, str(build / "rtl"), *work)
    run_room("hexcoder", "", "", (netlist.add,), ("verify", *options, *vectors))


def _configs(commands: Commands) -> None:
    parser = add_command(commands, "configs", "configs that come with hexcoder; print one")
    parser.add_argument("name", nargs="?", help="print this one's text")
    parser.set_defaults(run=_print_configs)


def _print_configs(arguments: argparse.Namespace) -> None:
    if arguments.name is not None:
        load_config(arguments.name)
        print(find_config(arguments.name).read_text(encoding="utf-8"), end="")
        return
    for path in shipped_configs():
        first = path.read_text(encoding="utf-8").split("\n", 1)[0]
        print(f"{path.stem:18} {first.lstrip('# ')}")


COMMANDS: tuple[Callable[[Commands], None], ...] = (
    _all,
    train.add,
    rtl.add,
    partial(prove.add, name="sim"),
    certify.add,
    asic.add,
    layout.add,
    signoff.add,
    librelane.add,
    report.add,
    datasheet.add,
    handoff.add,
    shuttle.add,
    _verify,
    evaluate.add,
    check.add,
    generate.add,
    import_.add,
    export.add,
    compare.add,
    chip.add,
    partial(flips.add, name="upsets"),
    i2c_fuzz.add,
    add_search,
    add_front,
    add_study,
    add_profile,
    add_keep,
    add_flips,
    add_hessian,
    add_zoo,
    add_architecture,
    add_tables,
    _configs,
)


def _options(arguments: argparse.Namespace) -> list[str]:
    """The config's options as words, for another command."""
    given = {name: getattr(arguments, name) for name in _OPTIONS}
    return [word for name, value in given.items() if value for word in (f"--{name}", str(value))]


_OPTIONS = ("config", "events", "columns", "pdk", "build")


def _parse(words: Sequence[str]) -> argparse.Namespace:
    return parse_room("hexcoder", DESCRIPTION, EXAMPLES, COMMANDS, words, version=__version__)


def _run(*words: str) -> None:
    arguments = _parse(words)
    arguments.run(arguments)


def _stages_before(words: Sequence[str]) -> list[list[str]]:
    """What has to run before a command, each with its options.

    A command with a ``precheck`` refuses what it can before that.
    """
    arguments = _parse(words)
    if precheck := getattr(arguments, "precheck", None):
        precheck(arguments)
    is_own = getattr(arguments, "network", None) is not None
    if getattr(arguments, "config", None) is None or is_own:
        return []
    return [[stage, *_options(arguments)] for stage in BEFORE.get(words[0], ())]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command, and the stages before it."""
    words = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    # A config may stand in the place of a network: hexcoder rtl tiny.
    given = words[1] if len(words) > 1 and words[0] in ("rtl", "sim", "certify") else "-"
    if not given.startswith("-") and find_config(given).suffix == ".toml":
        words.insert(1, "--config")
    for earlier in _stages_before(words):
        try:
            _run(*earlier)
        except CheckFailed:
            # A check that fails stops the chain; the report shows it all the same.
            if words[0] in ("all", "report"):
                _run("report", *earlier[1:])
            raise
    _run(*words)
    return 0


def run() -> None:
    """Entry point of the program ``hexcoder``."""
    run_command(main)
