"""Section of the report: what single-event upsets do to a chip with its weights in registers."""

from hexcoder.metrics.asic import Triplication
from hexcoder.report.blocks import (
    Block,
    Notice,
    Pictures,
    Section,
    Table,
    Text,
    embedded,
    numbers,
    words,
)
from hexcoder.report.numbers import count
from hexcoder.report.results import FLIPS, Campaign, Results

_WHAT = {"flips": "RTL", "flips_netlist": "the netlist after synthesis"}
_OPTIONS = {"flips": "", "flips_netlist": " --netlist {build}/asic"}


def upsets(results: Results) -> Section:
    """The campaigns of `hexcoder upsets` that lie beside the stages."""
    blocks: list[Block] = [
        Text(
            "Bits of registers, and voters' outputs for one clock, flipped one at a time at random "
            "moments of a running stream, each chip beside one that is left alone: corrected, the "
            "register is right again after the next clock and nothing was seen; masked, it never "
            "mattered; else wrong data for an event, wrong until reloaded, or hung."
        )
    ]
    if results.asic is not None and results.asic.triplication is not None:
        blocks.append(_kept_copies(results.asic.triplication.triplication_check))
    for folder in FLIPS:
        campaign = results.flips.get(folder)
        if campaign is None:
            build = f"build/{results.config.name}"
            options = _OPTIONS[folder].format(build=build)
            command = f"hexcoder upsets {build}/rtl{options} --flips 100000"
            text = f"Flips of {_WHAT[folder]}: not measured, because no campaign was run."
            blocks.append(Notice("missing", text, command))
        else:
            blocks += _campaign(folder, *campaign)
    return Section("upsets", "Single-event upsets", blocks)


def _kept_copies(check: Triplication) -> Block:
    """Whether synthesis kept every copy and its voter."""
    if not check.passed:
        return Notice("failure", f"Triplication in the netlist: {check.failures[0]}")
    unread = check.bits_in_rtl - check.bits
    return Text(
        f"In the netlist {count(check.bits)} bits stand in {count(check.flip_flops)} "
        f"flip-flops, each followed back to its voter; synthesis left out {count(unread)} bits "
        "that nothing reads, with all their copies."
    )


def _campaign(folder: str, campaign: Campaign, svg: bytes) -> list[Block]:
    what = f"Flips of {_WHAT[folder]}"
    classes = campaign.classes
    outcomes = list(dict.fromkeys(o for entry in classes.values() for o in entry.outcomes))
    rows = []
    for name, entry in classes.items():
        flips = {outcome: counted.flips for outcome, counted in entry.outcomes.items()}
        numbered = (count(flips.get(outcome, 0)) for outcome in outcomes)
        rows.append([name, count(entry.bits), count(entry.flips), *numbered])
    kind = "triplicated" if campaign.triplicated else "not triplicated"
    note = (
        f"Seed {campaign.seed}; registers {kind}; not right again after the next clock: registers "
        f"of {count(campaign.registers_not_corrected)} of {count(campaign.flips)} flips."
    )
    columns = [*words("class"), *numbers(("places", "bits"), "flips", *outcomes)]
    caption = "Outcomes by class, and cross-sections in bits with 95 % intervals."
    return [
        Table(f"{what}: outcomes", columns, rows, note=note),
        Pictures([embedded(what, caption, svg, "svg+xml", wide=True)]),
    ]
