"""The whole chip with and without triplication and shadow registers: area, power and timing."""

import shutil
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hexcoder.bench.networks import ROOT
from hexcoder.bench.runs import Row, keep
from hexcoder.bench.silicon import synthesised
from hexcoder.code import code_digest
from hexcoder.config import Chip, load_config
from hexcoder.errors import CheckFailed, InputError
from hexcoder.metrics.asic import SynthesisOrigin
from hexcoder.network.parameters import with_random_parameters
from hexcoder.sensor.chip.golden import blank_network
from hexcoder.tables import markdown_table

VARIANTS = {
    "flag, triplicated": Chip(weights="loadable", update="flag", triplicated=True),
    "flag": Chip(weights="loadable", update="flag", triplicated=False),
    "shadow, triplicated": Chip(weights="loadable", update="shadow", triplicated=True),
    "shadow": Chip(weights="loadable", update="shadow", triplicated=False),
}

NETLIST_VECTORS = 2000
SEED = 1
"""Of the weights: an event's energy depends on what is loaded."""

_BLOCKS = {
    "bank": "registers of the settings",
    "active": "the set in use",
    "latent": "dense layer",
    "conv": "convolution",
    "calibrated": "48 calibration factors",
    "multiplexer": "multiplexer",
    "front_end": "sum, code, normalisation",
}


def _block(part: str) -> str:
    if part.endswith("_stage"):
        return "ranks between the stages"
    for start, block in _BLOCKS.items():
        if part.startswith(start):
            return block
    return "frame, counter, I2C, control"


def _by_block(parts: dict[str, float], digits: int) -> dict[str, float]:
    sums: dict[str, float] = defaultdict(float)
    for part, value in parts.items():
        sums[_block(part)] += value
    return {block: round(value, digits) for block, value in sums.items()}


class Variant(Row):
    """The chip in one of :data:`VARIANTS`."""

    variant: str
    origin: SynthesisOrigin
    area_um2: int
    cells: int
    registers: int
    slack_ns: float
    power_mw: float
    leakage_mw: float
    energy_pj: float
    netlist_events: int
    mismatches: int
    area_by_block_um2: dict[str, float]
    power_by_block_mw: dict[str, float]


def run(name: str, folder: Path) -> Variant:
    """Build configs/econ_t_chip.toml in one of :data:`VARIANTS`, synthesise and measure it.

    A result is kept in ``folder``: the same code measures no variant twice.
    """
    work = folder / name.replace(", ", "_")
    state = {"code": code_digest("hexcoder.bench.chip")}
    return keep(work.with_suffix(".json"), state, Variant, lambda: _measured(name, work))


def _measured(name: str, work: Path) -> Variant:
    config = load_config(ROOT / "configs" / "econ_t_chip.toml")
    settings = config.verification.model_copy(update={"netlist_vectors": NETLIST_VECTORS})
    config = config.model_copy(update={"chip": VARIANTS[name], "verification": settings})
    network = with_random_parameters(blank_network(), np.random.default_rng(SEED))
    asic, failures = synthesised(network, config, work)
    if failures:
        raise CheckFailed(f"chip, {name}: {'; '.join(failures)}")
    area, netlist, timing, power = asic.area, asic.netlist, asic.timing, asic.power
    if not (area and netlist and timing and power):
        raise InputError(f"chip, {name}: not measured: {asic.not_measured}")
    powers = {part: parts["total"] * 1e3 for part, parts in power.power_by_layer_w.items()}
    shutil.rmtree(work)
    return Variant(
        variant=name,
        origin=asic.origin,
        area_um2=round(area.design__instance__area),
        cells=area.design__instance__count,
        registers=area.sequential,
        slack_ns=round(timing.timing__setup__ws, 2),
        power_mw=round(power.power__total * 1e3, 2),
        leakage_mw=round(power.power__leakage__total * 1e3, 2),
        energy_pj=round(power.energy_per_event_pj, 1),
        netlist_events=netlist.netlist_check.vectors,
        mismatches=netlist.netlist_check.mismatches,
        area_by_block_um2=_by_block(area.area_by_layer_um2, 0),
        power_by_block_mw=_by_block(powers, 2),
    )


def table(rows: Sequence[Variant]) -> str:
    """Blocks, then totals, a column for each variant: area in um2 and power in mW."""
    blocks = dict.fromkeys(block for row in rows for block in row.area_by_block_um2)
    lines = [
        [
            block,
            *(
                f"{row.area_by_block_um2[block]:,.0f}; {row.power_by_block_mw[block]:.1f}"
                if block in row.area_by_block_um2
                else ""
                for row in rows
            ),
        ]
        for block in sorted(blocks, key=lambda block: -rows[0].area_by_block_um2.get(block, 0))
    ]
    lines.append(["whole chip", *(f"{row.area_um2:,.0f}; {row.power_mw:.1f}" for row in rows)])
    for key, label in (
        ("cells", "cells"),
        ("registers", "flip-flops"),
        ("slack_ns", "slack at 25 ns, ns"),
        ("leakage_mw", "leakage, mW"),
        ("energy_pj", "energy an event, pJ"),
        ("mismatches", "netlist: events that differ"),
    ):
        lines.append([label, *(f"{getattr(row, key):,}" for row in rows)])
    return markdown_table(["area, um2; power, mW", *(row.variant for row in rows)], lines)
