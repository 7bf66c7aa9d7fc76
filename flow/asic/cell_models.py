"""Step: the models of the cells in use against the PDK's own Verilog."""

from hexcoder.flow.asic.synthesis import NETLIST
from hexcoder.flow.block import Block
from hexcoder.flow.programs import IVERILOG
from hexcoder.flow.views import flat, models
from hexcoder.metrics.asic import CellModelsMetrics
from hexcoder.netlist.cell_check import check_cells
from hexcoder.pdk.reads import PdkFiles
from hexcoder.steps.step import Progress, Step


def compare_cells(block: Block, progress: Progress) -> CellModelsMetrics:
    """Give every cell all of its inputs."""
    verdict = check_cells(
        {instance.kind for instance in block.view(flat).instances},
        block.view(models),
        block.pdk.file(block.pdk.cell_verilog),
        block.folder / "logs" / "cells",
    )
    return CellModelsMetrics(cell_models_check=verdict)


CELL_MODELS = Step(
    "asic.cell_models",
    compare_cells,
    CellModelsMetrics,
    reads=(*NETLIST, PdkFiles(liberty=False, cell_verilog=True)),
    writes=("logs/cells/",),
    needs=(IVERILOG,),
)
