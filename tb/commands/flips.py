"""``hexcoder upsets``: a campaign of single-event upsets on a compiled chip."""

import argparse
import json
from functools import partial
from pathlib import Path

from hexcoder.code import code_digest
from hexcoder.console import (
    Commands,
    add_command,
    add_jobs,
    add_number,
    add_output,
    add_seed,
    progress_bar,
)
from hexcoder.errors import CheckFailed, InputError
from hexcoder.files import write_json
from hexcoder.steps.reads import file_digest

EXAMPLES = """examples:
  hexcoder upsets build/econ_t_chip/rtl --flips 100000 --jobs 2
  hexcoder upsets build/econ_t_chip/rtl --netlist build/econ_t_chip/asic --flips 5000
The first flips bits of the RTL's registers, outputs of its voters and gates of its control, the
second of the netlist's.
Results: flips.json, flips.svg and flips.jsonl, which a stopped run goes on with. Exit status: 0 no
flip of a triplicated register did harm and no transient left a register wrong, 1 one did, 2 bad
input. A chip that is not triplicated shows what its flips do and ends with 0.
"""


def add(commands: Commands, name: str = "flips") -> None:
    """Declare the command."""
    parser = add_command(
        commands,
        name,
        "flip bits of a running chip at random and count what becomes of them",
        EXAMPLES,
    )
    parser.add_argument("design", type=Path, help="folder with encoder.v, registers behind I2C")
    parser.add_argument("--netlist", type=Path, help="folder of the stage asic: flips in its cells")
    add_number(parser, "--flips", "flips (default: 100000)", least=1, default=100_000)
    add_seed(parser, 1, "seed of registers, events and places (default: 1)")
    add_jobs(parser, "processes, each with a chip of its own (default: 1)")
    add_output(parser, "folder (default: flips, beside the design)", "--results")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    """Run the campaign, write its results, print a line."""
    # Imported late: --help needs none of it.
    from hexcoder.tb.chip.pins import read_pins
    from hexcoder.tb.chip.targets import Target
    from hexcoder.tb.upsets.campaign import Places
    from hexcoder.tb.upsets.flips import Campaign, load_random, open_for_flips, run_campaign
    from hexcoder.tb.upsets.picture import draw_flips
    from hexcoder.tb.upsets.statistics import lasting, not_corrected, statistics

    design, netlist = arguments.design, arguments.netlist
    if netlist and not (netlist / "netlist.json").is_file():
        raise InputError(f"{netlist / 'netlist.json'}: no such file; `make asic` makes it")
    state = "after synthesis" if netlist else "RTL"
    results = arguments.output or design.parent / ("flips_netlist" if netlist else "flips")
    work = results / "work"
    read_pins(design)
    work.mkdir(parents=True, exist_ok=True)
    opened = partial(open_for_flips, design, netlist, work)
    with progress_bar() as bar:
        task = bar.add_task("elaborate the chip", total=arguments.flips)
        chip = opened()
        places = Places.of(chip)
        source = netlist / "netlist.json" if netlist else design / "encoder.v"
        identity = (
            f"{file_digest(source)} {code_digest('hexcoder.tb.upsets.flips')} seed {arguments.seed}"
        )
        campaign = Campaign(
            opened,
            load_random(chip, design, arguments.seed),
            identity,
            arguments.seed,
            arguments.flips,
        )
        bar.update(task, description="flips")
        flips = run_campaign(
            campaign,
            results / "flips.jsonl",
            arguments.jobs,
            lambda done: bar.update(task, completed=min(done, arguments.flips)),
        )
    triplicated = Target.VOTER in places.targets
    harmful, kept = not_corrected(flips, places), lasting(flips, places)
    counted = statistics(flips, places)
    summary = counted.model_dump() | {
        "design": str(design),
        "state": state,
        "seed": arguments.seed,
        "triplicated": triplicated,
        "registers_not_corrected": len(harmful),
        "transients_that_last": len(kept),
    }
    write_json(results / "flips.json", summary)
    (results / "flips.svg").write_bytes(draw_flips(counted))
    print(json.dumps(summary, indent=2))
    if triplicated and harmful:
        raise CheckFailed(
            f"{len(harmful)} of {len(flips)} flips: a triplicated register was not right again "
            f"after the next clock; see {results / 'flips.jsonl'}"
        )
    if triplicated and kept:
        raise CheckFailed(
            f"{len(kept)} of {len(flips)} flips: a transient left a register wrong; see "
            f"{results / 'flips.jsonl'}"
        )
