"""Step: what glitches add after layout, from a simulation with delays of cells and wires."""

from flow.layout.block import LaidOut, loads, part_of, wire_delays
from flow.layout.steps.reads import DRAWN, FINAL, PARASITICS
from flow.power import glitch_metrics
from flow.programs import COMPILER, IVERILOG
from flow.vectors import VECTORS
from hexcoder.metrics.asic import GlitchMetrics
from hexcoder.steps.reads import File, Key
from hexcoder.steps.step import Progress, Step
from pdk.reads import PdkFiles


def measure(block: LaidOut, progress: Progress) -> GlitchMetrics:
    """Simulate consecutive events with delays."""
    return glitch_metrics(block, block.view(loads), block.view(part_of), block.view(wire_delays))


GLITCHES = Step(
    "layout.glitches",
    measure,
    GlitchMetrics,
    reads=(
        *FINAL,
        *DRAWN,
        *PARASITICS,
        *VECTORS,
        File("asic/netlist.json"),
        Key("clock"),
        Key("silicon.glitch_events"),
        PdkFiles(),
    ),
    writes=("delays.sdf", "logs/timed/"),
    needs=(IVERILOG, COMPILER),
    weight=2,
)
