"""Step: whether all copies of triplicated registers are there."""

from dataclasses import asdict

from hexcoder.flow.asic.synthesis import NETLIST
from hexcoder.flow.block import Block
from hexcoder.flow.synthesis.triplication import check_triplication
from hexcoder.flow.views import flat, models
from hexcoder.metrics.asic import Triplication, TriplicationMetrics
from hexcoder.steps.step import NotMeasured, Progress, Step


def count_copies(block: Block, progress: Progress) -> TriplicationMetrics:
    """Look for the three copies of each register."""
    bits = block.design.triplicated_bits
    if not bits:
        raise NotMeasured("chip.triplicated is off")
    verdict = check_triplication(block.view(flat), block.view(models), bits)
    return TriplicationMetrics(
        triplication_check=Triplication.model_validate(asdict(verdict) | {"passed": verdict.passed})
    )


TRIPLICATION = Step("asic.triplication", count_copies, TriplicationMetrics, reads=NETLIST)
