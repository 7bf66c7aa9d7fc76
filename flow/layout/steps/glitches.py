"""Step: what glitches add after layout, from a simulation with delays of cells and wires."""

from hexcoder.flow.layout.block import LaidOut, loads, part_of, wire_delays
from hexcoder.flow.layout.steps.reads import DRAWN, FINAL, PARASITICS
from hexcoder.flow.power import glitch_metrics
from hexcoder.flow.programs import COMPILER, IVERILOG
from hexcoder.flow.vectors import VECTORS
from hexcoder.metrics.asic import GlitchMetrics
from hexcoder.pdk.reads import PdkFiles
from hexcoder.steps.reads import File, Key
from hexcoder.steps.step import Progress, Step


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
