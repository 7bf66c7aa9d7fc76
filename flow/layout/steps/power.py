"""Step: power after layout, without glitches, and what it drops in the supply."""

from hexcoder.flow.analysis.power import analyse_power
from hexcoder.flow.layout.block import LaidOut, loads, part_of, placed
from hexcoder.flow.layout.place.power_grid import worst_drop
from hexcoder.flow.layout.steps.reads import DRAWN, FINAL, PARASITICS
from hexcoder.flow.layout.wiring import SUPPLIES
from hexcoder.flow.power import power_metrics, zero_delay
from hexcoder.flow.programs import COMPILER
from hexcoder.flow.simulated import simulation, vectors
from hexcoder.flow.vectors import VECTORS
from hexcoder.flow.views import flat
from hexcoder.metrics.layout import LayoutPowerMetrics
from hexcoder.pdk.reads import PdkFiles
from hexcoder.steps.reads import File, Key
from hexcoder.steps.step import Progress, Step


def measure_power(block: LaidOut, progress: Progress) -> LayoutPowerMetrics:
    """Power at the toggle rates of a simulation without delays."""
    given = block.view(vectors)
    rates = block.view(simulation).toggle_rates(given.activity)
    activity = f"{given.activity_origin}: {len(given.activity)} consecutive events"
    netlist, net_loads = block.view(flat), block.view(loads)
    power = power_metrics(
        block, netlist, rates, net_loads, block.view(part_of), zero_delay(activity)
    )
    period_ns = block.config.clock.period_ns
    powers = analyse_power(netlist, rates, net_loads, block.pdk, block.library, period_ns)
    volts = block.pdk.corner.voltage_v
    currents = {p.path: (p.data + p.clock).total_w / volts for p in powers}
    drawn = block.view(placed).block
    drops = [worst_drop(drawn, net, currents) for net in SUPPLIES]
    return LayoutPowerMetrics(**power.model_dump(), ir__drop__worst=max(drops))


POWER = Step(
    "layout.power",
    measure_power,
    LayoutPowerMetrics,
    reads=(
        *FINAL,
        *DRAWN,
        *PARASITICS,
        *VECTORS,
        File("asic/netlist.json"),
        Key("clock.period_ns"),
        PdkFiles(),
    ),
    needs=(COMPILER,),
)
