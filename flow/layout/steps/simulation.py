"""Step: the final netlist against the golden model, without delays."""

from hexcoder.flow.layout.block import LaidOut
from hexcoder.flow.layout.steps.reads import FINAL
from hexcoder.flow.programs import COMPILER
from hexcoder.flow.simulated import simulation, vectors
from hexcoder.flow.vectors import VECTORS
from hexcoder.metrics.layout import FinalNetlistCheckMetrics
from hexcoder.steps.step import NotMeasured, Progress, Step

MOST_VECTORS = 20_000


def simulate(block: LaidOut, progress: Progress) -> FinalNetlistCheckMetrics:
    """Feed the vectors of the stage asic to it."""
    given = block.view(vectors)
    if given.expected is None:
        raise NotMeasured("no expected outputs were given")
    verdict = block.view(simulation).check(
        given.inputs[:MOST_VECTORS], given.expected[:MOST_VECTORS]
    )
    return FinalNetlistCheckMetrics(final_netlist_check=verdict)


SIMULATION = Step(
    "layout.simulation",
    simulate,
    FinalNetlistCheckMetrics,
    reads=(*FINAL, *VECTORS),
    needs=(COMPILER,),
)
