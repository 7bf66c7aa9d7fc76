"""Step: the netlist with the PDK's own cell models, in Icarus Verilog."""

from hexcoder.flow.asic.synthesis import NETLIST
from hexcoder.flow.block import Block
from hexcoder.flow.design import FIXED_ONLY
from hexcoder.flow.programs import IVERILOG
from hexcoder.flow.simulated import vectors
from hexcoder.flow.vectors import VECTORS
from hexcoder.metrics.asic import GateLevelMetrics
from hexcoder.netlist.gate_level import NothingSimulatedError, check_gate_level
from hexcoder.pdk.reads import PdkFiles
from hexcoder.steps.reads import File, Key
from hexcoder.steps.step import NotMeasured, Progress, Step


def simulate_gate_level(block: Block, progress: Progress) -> GateLevelMetrics:
    """Feed the first of the vectors to the netlist."""
    count = block.config.verification.gate_level_vectors
    if block.design.is_loadable:
        raise NotMeasured(FIXED_ONLY)
    if not count:
        raise NotMeasured("no vectors asked for")
    given = block.view(vectors)
    if given.expected is None:
        raise NotMeasured("no expected outputs were given")
    try:
        verdict = check_gate_level(
            block.netlist.verilog,
            block.pdk.file(block.pdk.cell_verilog),
            block.top,
            block.design.interface,
            given.inputs[:count],
            given.expected[:count],
            block.folder / "logs" / "gate_level",
        )
    except NothingSimulatedError as error:
        raise NotMeasured(str(error)) from None
    return GateLevelMetrics(gate_level_check=verdict)


GATE_LEVEL = Step(
    "asic.gate_level",
    simulate_gate_level,
    GateLevelMetrics,
    reads=(
        *NETLIST,
        *VECTORS,
        File("asic/netlist.v"),
        Key("verification.gate_level_vectors"),
        PdkFiles(liberty=False, cell_verilog=True),
    ),
    writes=("logs/gate_level/",),
    needs=(IVERILOG,),
)
