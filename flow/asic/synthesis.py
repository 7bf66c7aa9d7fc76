"""Step: the RTL as library cells, and the models that simulate these."""

from hexcoder.files import write_json
from hexcoder.flow.block import Block
from hexcoder.flow.design import DESIGN
from hexcoder.flow.synthesis.synthesise import synthesise
from hexcoder.netlist.cell_models import cell_models
from hexcoder.pdk.reads import PdkFiles
from hexcoder.steps.reads import File, Package
from hexcoder.steps.step import Progress, Step


def map_to_cells(block: Block, progress: Progress) -> None:
    """Write netlist.v, netlist.json and cells.json."""
    synthesise(block.verilog, block.top, block.pdk, block.library, block.folder)
    write_json(block.folder / "cells.json", cell_models(block.library))


RTL = File("rtl/encoder.v", maker="'make rtl'")
NETLIST = (DESIGN, File("asic/netlist.json"), File("asic/cells.json"))
"""What steps on the netlist read."""

SYNTHESIS = Step(
    "asic.synthesis",
    map_to_cells,
    reads=(RTL, DESIGN, PdkFiles(), Package("pyosys")),
    writes=("netlist.v", "netlist.json", "cells.json", "logs/synthesis/"),
    weight=4,
)
