"""Step: the proof that the netlist computes what its RTL does."""

from dataclasses import asdict

from hexcoder.flow.asic.synthesis import NETLIST, RTL
from hexcoder.flow.block import Block
from hexcoder.flow.synthesis.equivalence import prove_equivalence
from hexcoder.metrics.asic import Equivalence, EquivalenceMetrics
from hexcoder.pdk.reads import PdkFiles
from hexcoder.steps.reads import File, Key, Package
from hexcoder.steps.step import NotMeasured, Progress, Step


def prove(block: Block, progress: Progress) -> EquivalenceMetrics:
    """Prove it for every input, where the config asks for that."""
    if reason := block.design.why_not_proved:
        raise NotMeasured(reason)
    if not block.config.verification.formal:
        raise NotMeasured("verification.formal is off; `make verify` proves it")
    return EquivalenceMetrics(formal_equivalence=proof(block))


def proof(block: Block) -> Equivalence:
    """Whether a block's netlist computes what its RTL does."""
    verdict = prove_equivalence(
        block.verilog,
        block.netlist,
        block.cells,
        block.pdk,
        block.design.interface.latency_cycles,
        block.folder / "logs" / "equivalence",
    )
    return Equivalence(**asdict(verdict))


EQUIVALENCE = Step(
    "asic.equivalence",
    prove,
    EquivalenceMetrics,
    reads=(
        RTL,
        *NETLIST,
        File("asic/netlist.v"),
        Key("verification.formal"),
        PdkFiles(),
        Package("pyosys"),
    ),
    writes=("logs/equivalence/",),
)
