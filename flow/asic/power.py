"""Step: power and energy of consecutive events, without glitches."""

from hexcoder.flow.asic.synthesis import NETLIST
from hexcoder.flow.block import Block
from hexcoder.flow.loadable import loadable_toggle_rates
from hexcoder.flow.power import power_metrics, zero_delay
from hexcoder.flow.programs import COMPILER
from hexcoder.flow.simulated import simulation, vectors
from hexcoder.flow.vectors import VECTORS
from hexcoder.flow.views import flat, loads, part_of
from hexcoder.metrics.asic import PowerMetrics
from hexcoder.pdk.reads import PdkFiles
from hexcoder.steps.reads import Key
from hexcoder.steps.step import Progress, Step


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
