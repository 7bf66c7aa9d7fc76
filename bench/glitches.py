"""Glitches over the number of pipeline stages: energy without and with the cells' delays."""

from pathlib import Path

from hexcoder.bench.networks import ROOT
from hexcoder.bench.runs import Row
from hexcoder.bench.silicon import synthesised
from hexcoder.config import Pipeline, load_config
from hexcoder.errors import CheckFailed, InputError
from hexcoder.network.schema import load_network

NAME = "econ_t_linear_mlp"
STAGES = (1, 2, 4, 8)
EVENTS = 200
FRONT_END = ("front_end", "sum_delay", "encoder", "valid", "energies")
"""Parts of the encoder that are not the network."""


class Glitches(Row):
    """Of one number of stages: energies of an event of the network alone and of all."""

    stages: int
    area_um2: float
    registers: int
    slack_ns: float
    events: int
    toggles: float
    toggles_zero_delay: float
    encoder_zero_delay_pj: float
    encoder_pj: float
    network_zero_delay_pj: float
    network_pj: float


def run(pdk: str, stages: int, effort: float, folder: Path) -> Glitches:
    """Build, synthesise and measure the network with so many stages of logic."""
    config = load_config(ROOT / "configs" / f"{NAME}.toml", pdk=pdk)
    updates = {
        "pipeline": Pipeline(stages=stages, even=True),
        "compiler": config.compiler.model_copy(update={"effort": effort}),
        "silicon": config.silicon.model_copy(
            update={"power_events": EVENTS, "glitch_events": EVENTS, "layout": False}
        ),
        "verification": config.verification.model_copy(update={"netlist_vectors": 1000}),
    }
    config = config.model_copy(update=updates)
    network = load_network(ROOT / "configs" / "weights" / NAME / "network.json")
    what = f"{pdk}, {stages} stages"
    asic, failures = synthesised(network, config, folder)
    area, netlist, timing = asic.area, asic.netlist, asic.timing
    power, glitch = asic.power, asic.glitch
    if not (area and netlist and timing and power and glitch):
        raise InputError(f"{what}: not measured: {asic.not_measured}")
    timed = glitch.timed_check
    if netlist.netlist_check.mismatches or timed is None or not timed.passed:
        raise CheckFailed(f"{what}: {'; '.join(failures)}")
    to_pj = config.clock.period_ns * 1e3
    still = {part: parts["total"] * to_pj for part, parts in power.power_by_layer_w.items()}
    added = {part: watts * to_pj for part, watts in glitch.glitches.power_by_layer_w.items()}

    def of_network(parts: dict[str, float]) -> float:
        return sum(energy for part, energy in parts.items() if not part.startswith(FRONT_END))

    return Glitches(
        stages=stages,
        area_um2=area.design__instance__area,
        registers=area.sequential,
        slack_ns=timing.timing__setup__ws,
        events=glitch.glitches.events,
        toggles=glitch.glitches.toggles_per_event,
        toggles_zero_delay=glitch.glitches.toggles_per_event_zero_delay,
        encoder_zero_delay_pj=round(sum(still.values()), 1),
        encoder_pj=round(sum(still.values()) + sum(added.values()), 1),
        network_zero_delay_pj=round(of_network(still), 1),
        network_pj=round(of_network(still) + of_network(added), 1),
    )
