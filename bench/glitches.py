"""Glitches over the number of pipeline stages: energy without and with the cells' delays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.networks import ROOT
from flow.asic.stage import ASIC
from gen.build import build
from gen.compiler import Settings
from hexcoder.config import Pipeline, load_config
from hexcoder.errors import CheckFailed
from hexcoder.steps.runner import run_stage
from network.schema import load_network, save_network

STAGES = (1, 2, 4, 8)
EVENTS = 200
FRONT_END = ("front_end", "sum_delay", "encoder", "valid", "energies")
"""Parts of the encoder that are not the network."""


def run(pdk: str, stages: int, effort: float, folder: Path) -> dict[str, Any]:
    """Build, synthesise and measure configs/econ_t.toml with so many stages of logic."""
    config = load_config(ROOT / "configs" / "econ_t.toml", pdk=pdk)
    updates = {
        "pipeline": Pipeline(stages=stages, even=True),
        "compiler": config.compiler.model_copy(update={"effort": effort}),
        "silicon": config.silicon.model_copy(
            update={"power_events": EVENTS, "glitch_events": EVENTS, "layout": False}
        ),
        "verification": config.verification.model_copy(update={"netlist_vectors": 1000}),
    }
    config = config.model_copy(update=updates)
    network = load_network(ROOT / "configs" / "weights" / "econ_t" / "network.json")
    folder.mkdir(parents=True, exist_ok=True)
    save_network(network, folder / "network.json")
    build(network, Settings.of(config), folder / "rtl")
    outcome = run_stage(ASIC, config, folder)
    found = outcome.metrics
    if found["netlist_check"]["mismatches"] or not (found.get("timed_check") or {})["passed"]:
        raise CheckFailed(f"{pdk}, {stages} stages: {'; '.join(outcome.failures)}")
    to_pj = config.clock.period_ns * 1e3
    still = {part: power["total"] * to_pj for part, power in found["power_by_layer_w"].items()}
    added = {p: power * to_pj for p, power in found["glitches"]["power_by_layer_w"].items()}

    def of_network(parts: dict[str, float]) -> float:
        return sum(energy for part, energy in parts.items() if not part.startswith(FRONT_END))

    return {
        "stages": stages,
        "area_um2": found["design__instance__area"],
        "registers": found["design__instance__count__class:sequential_cell"],
        "slack_ns": found["timing__setup__ws"],
        "events": found["glitches"]["events"],
        "toggles": found["glitches"]["toggles_per_event"],
        "toggles_zero_delay": found["glitches"]["toggles_per_event_zero_delay"],
        "encoder_zero_delay_pj": round(sum(still.values()), 1),
        "encoder_pj": round(sum(still.values()) + sum(added.values()), 1),
        "network_zero_delay_pj": round(of_network(still), 1),
        "network_pj": round(of_network(still) + of_network(added), 1),
    }
