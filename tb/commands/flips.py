"""python -m tb flips: a campaign of single-event upsets on a compiled chip."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hexcoder.code import code_digest
from hexcoder.console import progress_bar
from hexcoder.errors import CheckFailed, InputError
from hexcoder.files import write_json
from hexcoder.steps.reads import file_digest

if TYPE_CHECKING:
    from tb.chip.session import ChipLanes

EXAMPLES = """examples:
  python -m tb flips build/econ_t_chip/rtl --flips 100000 --jobs 2
  python -m tb flips build/econ_t_chip/rtl --netlist build/econ_t_chip/asic --flips 5000
The first flips bits of the RTL's registers, outputs of its voters and gates of its control, the
second of the netlist's.
Results: flips.json, flips.svg and flips.jsonl, which a stopped run goes on with. Exit status: 0 no
flip of a triplicated register did harm and no transient left a register wrong, 1 one did, 2 bad
input. A chip that is not triplicated shows what its flips do and ends with 0.
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tb flips",
        description="Flip bits of a running chip at random and count what becomes of them.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("design", type=Path, help="folder with a chip's encoder.v and metrics.json")
    parser.add_argument("--netlist", type=Path, help="folder of the stage asic: flips in its cells")
    parser.add_argument("--flips", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--jobs", type=int, default=1, help="processes, each with a chip of its own"
    )
    parser.add_argument("--results", type=Path, help="default: flips, beside the design")
    return parser


def open_for_flips(design: Path, netlist: Path | None, work: Path) -> ChipLanes:
    """A chip in 64 lanes whose voters' outputs can be inverted too."""
    from tb.chip.session import ChipLanes
    from tb.chip.simulators import open_netlist

    if netlist is None:
        return ChipLanes.of_rtl(design, work, transients=True)
    return open_netlist(design, netlist, transients=True)


def load_random(chip: ChipLanes, design: Path, seed: int) -> Any:
    """State of the registers of a chip that was given random settings, and others in its shadow."""
    import numpy as np

    from sensor.chip.configuration import CALIBRATION_ONE, ChipConfiguration
    from sensor.geometry import TRIGGER_CELLS
    from tb.chip.driver import field_values
    from tb.chip.pins import OUTPUT_WORDS
    from tb.chip.vectors import chip_fields

    fields = chip_fields(design)
    random = np.random.default_rng(seed)

    def bits(name: str) -> int:
        width = fields[name].width
        return int.from_bytes(random.bytes(-(-width // 8)), "little") >> -width % 8

    def configuration() -> ChipConfiguration:
        factors = random.integers(CALIBRATION_ONE // 2, 2 * CALIBRATION_ONE, TRIGGER_CELLS)
        return ChipConfiguration(
            tuple(random.permutation(TRIGGER_CELLS).tolist()),
            tuple(factors.tolist()),
            True,
            OUTPUT_WORDS,
            (1 << fields["keep_mask"].width) - 1,
            bits("parameters"),
        )

    chip.reset()
    chip.preset([field_values(configuration())], fields)
    if chip.pins.shadow:
        # A commit that nobody asked for would show.
        chip.preset([field_values(configuration())], fields, activate=False)
    return chip.simulation.state


def main(argv: Sequence[str] | None = None) -> int:
    """Run the campaign, write its results, print a line."""
    arguments = _parser().parse_args(argv)
    for name, least in (("flips", 1), ("seed", 0), ("jobs", 1)):
        if (value := getattr(arguments, name)) < least:
            raise InputError(f"--{name} = {value}: it must be {least} or more")
    # Imported late: --help needs none of it.
    from tb.chip.pins import require_chip
    from tb.chip.targets import Target
    from tb.upsets.campaign import Places
    from tb.upsets.flips import Campaign, lasting, not_corrected, run_campaign, statistics
    from tb.upsets.picture import draw_flips

    design, netlist = arguments.design, arguments.netlist
    if netlist and not (netlist / "netlist.json").is_file():
        raise InputError(f"{netlist / 'netlist.json'}: no such file; `make asic` makes it")
    state = "after synthesis" if netlist else "RTL"
    results = arguments.results or design.parent / ("flips_netlist" if netlist else "flips")
    work = results / "work"
    require_chip(design)
    work.mkdir(parents=True, exist_ok=True)
    opened = partial(open_for_flips, design, netlist, work)
    with progress_bar() as bar:
        task = bar.add_task("elaborate the chip", total=arguments.flips)
        chip = opened()
        places = Places.of(chip)
        source = netlist / "netlist.json" if netlist else design / "encoder.v"
        identity = f"{file_digest(source)} {code_digest('tb.upsets.flips')} seed {arguments.seed}"
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
    found = statistics(flips, places) | {
        "design": str(design),
        "state": state,
        "seed": arguments.seed,
        "triplicated": triplicated,
        "registers_not_corrected": len(harmful),
        "transients_that_last": len(kept),
    }
    write_json(results / "flips.json", found)
    (results / "flips.svg").write_bytes(draw_flips(found))
    print(json.dumps(found, indent=2))
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
    return 0
