"""Step: slacks and worst paths of the netlist."""

from flow.analysis.timing import analyse_timing, constant_outputs, slack_histogram
from flow.asic.synthesis import NETLIST
from flow.block import Block
from flow.programs import STA
from flow.views import flat
from hexcoder.metrics.asic import TimingMetrics
from hexcoder.steps.reads import File
from hexcoder.steps.step import Progress, Step
from pdk.reads import PdkFiles

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
