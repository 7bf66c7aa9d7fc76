"""Power and glitches of a block as metrics, after synthesis and after layout alike."""

from collections import defaultdict
from collections.abc import Callable, Mapping

import numpy as np

from hexcoder.flow.analysis.glitches import estimate_glitches, measure_glitches
from hexcoder.flow.analysis.power import Power, analyse_power, by_kind, sum_by
from hexcoder.flow.block import Block
from hexcoder.flow.simulated import simulation, vectors
from hexcoder.metrics.asic import GlitchMetrics, GlitchToggles, PowerMetrics
from hexcoder.netlist.flat import FlatNetlist
from hexcoder.netlist.gate_level import NothingSimulatedError
from hexcoder.steps.step import FlatMetrics, NotMeasured


def power_metrics(
    block: Block,
    flat: FlatNetlist,
    toggle_rates: np.ndarray,
    loads: np.ndarray,
    part_of: Callable[[str], str],
    activity: str,
) -> PowerMetrics:
    """Power and energy by layer and by kind.

    Parameters
    ----------
    block : Block
    flat : FlatNetlist
    toggle_rates, loads : (nets,) float64
        Of each net of ``flat``: toggles a clock, and capacitance in F.
    part_of : callable
        Layer, or other part, of an instance's path.
    activity : str
        What was simulated, for the report.
    """
    period_ns = block.config.clock.period_ns
    powers = analyse_power(flat, toggle_rates, loads, block.pdk, block.library, period_ns)
    layers = sum_by(powers, lambda power: part_of(power.path))
    kinds = by_kind(powers, flat, block.library)
    total = sum(layers.values(), Power())
    return PowerMetrics(
        power__total=total.total_w,
        power__internal__total=total.internal_w,
        power__switching__total=total.switching_w,
        power__leakage__total=total.leakage_w,
        energy_per_event_pj=total.total_w * block.event_ns * 1e3,
        power_by_layer_w={layer: power_parts(power) for layer, power in sorted(layers.items())},
        power_by_kind_w={kind: power_parts(power) for kind, power in kinds.items()},
        activity=activity,
    )


def zero_delay(activity: str) -> str:
    """Say of an activity that each net toggled once a clock at most."""
    return f"{activity}, zero delay (glitches not counted)"


def power_parts(power: Power) -> dict[str, float]:
    """Of a power, by its name in reports."""
    return {
        "total": power.total_w,
        "internal": power.internal_w,
        "switching": power.switching_w,
        "leakage": power.leakage_w,
    }


def glitch_metrics(
    block: Block,
    loads: np.ndarray,
    part_of: Callable[[str], str],
    wire_delays: Mapping[tuple[str, str], float] | None = None,
) -> GlitchMetrics:
    """What glitches add, by a simulation of consecutive events with delays.

    Where Icarus Verilog is not done at its time limit it is an estimate over all of the events.

    Parameters
    ----------
    block : Block
    loads, part_of
        As of :func:`power_metrics`.
    wire_delays : mapping of (instance, pin) to float, optional
        In s; see :func:`hexcoder.netlist.delays.write_sdf`.
    """
    count = block.config.silicon.glitch_events
    if not count:
        raise NotMeasured("silicon.glitch_events = 0")
    expected = block.view(vectors).activity_expected
    sources = block.view(simulation), block.cells, loads, block.pdk, block.library
    clock, events = block.config.clock, block.view(vectors).activity[:count]
    glitches, verdict, shape = None, None, block.design.interface
    try:
        glitches = measure_glitches(
            block.netlist,
            *sources,
            clock,
            events,
            None if expected is None else expected[:count],
            block.folder,
            wire_delays,
        )
        verdict = glitches.verdict
    except NothingSimulatedError:
        # The netlist is too large for the simulator, which is no fault of the netlist.
        pass
    if (
        glitches is None
        or glitches.events < len(events) * shape.interval_cycles - shape.latency_cycles - 1
    ):
        glitches = estimate_glitches(*sources, clock, events, wire_delays)
    by_part: dict[str, float] = defaultdict(float)
    for path, power in glitches.power_w.items():
        by_part[part_of(path)] += power
    return GlitchMetrics(
        power__glitch=glitches.total_w,
        glitches=GlitchToggles(
            events=glitches.events,
            toggles_per_event=round(glitches.toggles, 1),
            toggles_per_event_zero_delay=round(glitches.toggles_zero_delay, 1),
            power_by_layer_w=dict(sorted(by_part.items())),
            is_estimate=glitches.is_estimate,
        ),
        timed_check=verdict,
    )


def with_energy(metrics: FlatMetrics, event_ns: float) -> FlatMetrics:
    """Add the energy of an event with glitches, and say in the origin what was simulated.

    ``event_ns`` is the time from one event to the next.
    """
    power, glitch = metrics["power__total"], metrics["power__glitch"]
    energy = None if power is None or glitch is None else (power + glitch) * event_ns * 1e3
    key = "energy_per_event_with_glitches_pj"
    if energy is None:
        reasons = metrics["not_measured"]
        reasons[key] = reasons.get("power__glitch") or reasons["power__total"]
    activity = metrics.pop("activity")
    return metrics | {key: energy, "origin": metrics["origin"] | {"activity": activity}}
