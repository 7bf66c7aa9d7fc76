"""Step: slacks and worst paths of the netlist."""

from hexcoder.flow.analysis.timing import analyse_timing, constant_outputs, slack_histogram
from hexcoder.flow.asic.synthesis import NETLIST
from hexcoder.flow.block import Block
from hexcoder.flow.programs import STA
from hexcoder.flow.views import flat
from hexcoder.metrics.asic import TimingMetrics
from hexcoder.pdk.reads import PdkFiles
from hexcoder.steps.reads import File
from hexcoder.steps.step import Progress, Step

REPORTS = tuple(f"timing_{kind}.rpt" for kind in ("setup", "hold", "endpoints", "checks"))


def measure_timing(block: Block, progress: Progress) -> TimingMetrics:
    """Run static timing analysis at the PDK's first corner."""
    timing = analyse_timing(
        block.netlist, block.pdk, block.library, block.constraints, block.folder
    )
    constant = constant_outputs(block.view(flat))
    return TimingMetrics(
        timing__setup__ws=timing.setup_ws_ns,
        timing__setup__tns=timing.setup_tns_ns,
        timing__hold__ws=timing.hold_ws_ns,
        unconstrained_endpoints=len(set(timing.unconstrained_endpoints) - constant),
        worst_path=f"{timing.worst_startpoint} to {timing.worst_endpoint}",
        constant_outputs=len(constant),
        timing__setup__histogram=slack_histogram(timing.slacks_ns),
    )


TIMING = Step(
    "asic.timing",
    measure_timing,
    TimingMetrics,
    reads=(*NETLIST, File("asic/netlist.v"), File("asic/constraints.sdc"), PdkFiles()),
    writes=(*REPORTS, "logs/timing.tcl", "logs/timing.log"),
    needs=(STA,),
)
