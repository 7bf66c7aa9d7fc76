"""Step: the proof that the final netlist computes what the RTL does."""

from hexcoder.flow.asic.equivalence import proof
from hexcoder.flow.asic.synthesis import RTL
from hexcoder.flow.layout.block import LaidOut
from hexcoder.flow.layout.steps.reads import FINAL
from hexcoder.metrics.layout import FinalEquivalenceMetrics
from hexcoder.pdk.reads import PdkFiles
from hexcoder.steps.reads import Key, Package
from hexcoder.steps.step import NotMeasured, Progress, Step


def prove(block: LaidOut, progress: Progress) -> FinalEquivalenceMetrics:
    """Prove it for every input, where the config asks for that."""
    if reason := block.design.why_not_proved:
        raise NotMeasured(reason)
    if not block.config.verification.formal:
        raise NotMeasured("verification.formal is off")
    return FinalEquivalenceMetrics(final_formal_equivalence=proof(block))


EQUIVALENCE = Step(
    "layout.equivalence",
    prove,
    FinalEquivalenceMetrics,
    reads=(RTL, *FINAL, Key("verification.formal"), PdkFiles(), Package("pyosys")),
    writes=("logs/equivalence/",),
)
