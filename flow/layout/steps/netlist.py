"""Step: the netlist of the finished layout."""

from hexcoder.flow.layout.block import LaidOut, placed, ports
from hexcoder.flow.layout.final_netlist import write_final_netlist
from hexcoder.pdk.reads import PdkFiles
from hexcoder.steps.reads import File
from hexcoder.steps.step import Progress, Step


def write_netlist(block: LaidOut, progress: Progress) -> None:
    """Write final.v and final.json."""
    wiring = block.view(placed).wiring
    write_final_netlist(wiring, block.view(ports), block.pdk.liberty, block.folder)


FINAL_NETLIST = Step(
    "layout.netlist",
    write_netlist,
    reads=(File("layout/wiring.json"), File("layout/layout.json"), PdkFiles()),
    writes=("final.v", "final.json", "logs/final_netlist.ys", "logs/final_netlist.log"),
)
