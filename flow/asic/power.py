"""Step: power and energy of consecutive events, without glitches."""

from flow.asic.synthesis import NETLIST
from flow.block import Block
from flow.loadable import loadable_toggle_rates
from flow.power import power_metrics, zero_delay
from flow.programs import COMPILER
from flow.simulated import simulation, vectors
from flow.vectors import VECTORS
from flow.views import flat, loads, part_of
from hexcoder.metrics.asic import PowerMetrics
from hexcoder.steps.reads import Key
from hexcoder.steps.step import Progress, Step
from pdk.reads import PdkFiles


def measure_power(block: Block, progress: Progress) -> PowerMetrics:
    """Power at the toggle rates of a simulation without delays."""
    if block.design.is_loadable:
        rates, activity = loadable_toggle_rates(block)
    else:
        events = block.view(vectors).activity
        rates = block.view(simulation).toggle_rates(events)
        activity = f"{block.view(vectors).activity_origin}: {len(events)} consecutive events"
    return power_metrics(
        block, block.view(flat), rates, block.view(loads), block.view(part_of), zero_delay(activity)
    )


POWER = Step(
    "asic.power",
    measure_power,
    PowerMetrics,
    reads=(*NETLIST, *VECTORS, Key("clock.period_ns"), Key("silicon.wire_load"), PdkFiles()),
    needs=(COMPILER,),
)
