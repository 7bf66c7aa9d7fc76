"""Step: what glitches add to power and energy, from a simulation with delays."""

from hexcoder.flow.asic.synthesis import NETLIST
from hexcoder.flow.block import Block
from hexcoder.flow.power import glitch_metrics
from hexcoder.flow.programs import COMPILER, IVERILOG
from hexcoder.flow.vectors import VECTORS
from hexcoder.flow.views import loads, part_of
from hexcoder.metrics.asic import GlitchMetrics
from hexcoder.pdk.reads import PdkFiles
from hexcoder.steps.reads import File, Key
from hexcoder.steps.step import NotMeasured, Progress, Step


def measure(block: Block, progress: Progress) -> GlitchMetrics:
    """Simulate consecutive events with the cells' delays."""
    if block.design.is_loadable:
        raise NotMeasured("delays are not simulated for weights in registers")
    return glitch_metrics(block, block.view(loads), block.view(part_of))


GLITCHES = Step(
    "asic.glitches",
    measure,
    GlitchMetrics,
    reads=(
        *NETLIST,
        *VECTORS,
        File("asic/netlist.v"),
        Key("clock"),
        Key("silicon.glitch_events"),
        Key("silicon.wire_load"),
        PdkFiles(),
    ),
    writes=("delays.sdf", "logs/timed/"),
    needs=(IVERILOG, COMPILER),
    weight=2,
)
