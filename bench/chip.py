"""The whole chip with and without triplication and shadow registers: area, power and timing."""

from __future__ import annotations

import shutil
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from bench.measure import keep
from bench.networks import ROOT
from flow.asic.stage import ASIC
from gen.build import build
from gen.compiler import Settings
from hexcoder.code import code_digest
from hexcoder.config import Chip, load_config
from hexcoder.errors import CheckFailed
from hexcoder.steps.runner import run_stage
from hexcoder.tables import markdown_table
from network.parameters import with_random_parameters
from network.schema import save_network
from sensor.chip.golden import blank_network

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
    found: dict[str, float] = defaultdict(float)
    for part, value in parts.items():
        found[_block(part)] += value
    return {block: round(value, digits) for block, value in found.items()}


def run(name: str, folder: Path) -> dict[str, Any]:
    """Build configs/econ_t_chip.toml in one of :data:`VARIANTS`, synthesise and measure it.

    A result is kept in ``folder``: the same code measures no variant twice.
    """
    work = folder / name.replace(", ", "_")
    state = {"code": code_digest("bench.chip")}
    return keep(work.with_suffix(".json"), state, lambda: _measured(name, work))


def _measured(name: str, work: Path) -> dict[str, Any]:
    config = load_config(ROOT / "configs" / "econ_t_chip.toml")
    settings = config.verification.model_copy(update={"netlist_vectors": NETLIST_VECTORS})
    config = config.model_copy(update={"chip": VARIANTS[name], "verification": settings})
    work.mkdir(parents=True, exist_ok=True)
    network = with_random_parameters(blank_network(), np.random.default_rng(SEED))
    save_network(network, work / "network.json")
    build(network, Settings.of(config), work / "rtl")
    outcome = run_stage(ASIC, config, work)
    if outcome.failures:
        raise CheckFailed(f"chip, {name}: {'; '.join(outcome.failures)}")
    found = outcome.metrics
    powers = {part: power["total"] * 1e3 for part, power in found["power_by_layer_w"].items()}
    shutil.rmtree(work)
    return {
        "variant": name,
        "origin": found["origin"],
        "area_um2": round(found["design__instance__area"]),
        "cells": found["design__instance__count"],
        "registers": found["design__instance__count__class:sequential_cell"],
        "slack_ns": round(found["timing__setup__ws"], 2),
        "power_mw": round(found["power__total"] * 1e3, 2),
        "leakage_mw": round(found["power__leakage__total"] * 1e3, 2),
        "energy_pj": round(found["energy_per_event_pj"], 1),
        "netlist_events": found["netlist_check"]["vectors"],
        "mismatches": found["netlist_check"]["mismatches"],
        "area_by_block_um2": _by_block(found["area_by_layer_um2"], 0),
        "power_by_block_mw": _by_block(powers, 2),
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Blocks, then totals, a column for each variant: area in um2 and power in mW."""
    blocks = list(dict.fromkeys(block for row in rows for block in row["area_by_block_um2"]))
    head = ["area, um2; power, mW", *(row["variant"] for row in rows)]
    lines = []
    for block in sorted(blocks, key=lambda b: -rows[0]["area_by_block_um2"].get(b, 0)):
        cells = [
            f"{row['area_by_block_um2'][block]:,.0f}; {row['power_by_block_mw'][block]:.1f}"
            if block in row["area_by_block_um2"]
            else ""
            for row in rows
        ]
        lines.append([block, *cells])
    lines.append(["whole chip", *(f"{r['area_um2']:,.0f}; {r['power_mw']:.1f}" for r in rows)])
    for key, label in (
        ("cells", "cells"),
        ("registers", "flip-flops"),
        ("slack_ns", "slack at 25 ns, ns"),
        ("leakage_mw", "leakage, mW"),
        ("energy_pj", "energy an event, pJ"),
        ("mismatches", "netlist: events that differ"),
    ):
        lines.append([label, *(f"{row[key]:,}" for row in rows)])
    return markdown_table(head, lines)
