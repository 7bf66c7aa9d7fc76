"""Step: the proof that the final netlist computes what the RTL does."""

from __future__ import annotations

from dataclasses import asdict

from flow.asic.synthesis import RTL
from flow.layout.block import LaidOut
from flow.layout.steps.reads import FINAL
from flow.synthesis.equivalence import prove_equivalence
from hexcoder.metrics.asic import Equivalence
from hexcoder.metrics.layout import FinalEquivalenceMetrics
from hexcoder.steps.reads import Key, Package
from hexcoder.steps.step import NotMeasured, Progress, Step
from pdk.reads import PdkFiles


def prove(block: LaidOut, progress: Progress) -> FinalEquivalenceMetrics:
    """Prove it for every input, where the config asks for that."""
    if not block.config.verification.formal:
        raise NotMeasured("verification.formal is off")
    verdict = prove_equivalence(
        block.verilog,
        block.netlist,
        block.cells,
        block.pdk,
        block.design.interface.latency_cycles,
        block.folder / "logs" / "equivalence",
    )
    return FinalEquivalenceMetrics(final_formal_equivalence=Equivalence(**asdict(verdict)))


EQUIVALENCE = Step(
    "layout.equivalence",
    prove,
    FinalEquivalenceMetrics,
    reads=(RTL, *FINAL, Key("verification.formal"), PdkFiles(), Package("pyosys")),
    writes=("logs/equivalence/",),
)
