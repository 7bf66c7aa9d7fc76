"""Step: the netlist against the golden model, without delays."""

from hexcoder.flow.asic.synthesis import NETLIST
from hexcoder.flow.block import Block
from hexcoder.flow.loadable import check_loadable
from hexcoder.flow.programs import COMPILER
from hexcoder.flow.simulated import simulation, vectors
from hexcoder.flow.vectors import VECTORS
from hexcoder.metrics.asic import NetlistCheckMetrics
from hexcoder.steps.step import NotMeasured, Progress, Step


def simulate(block: Block, progress: Progress) -> NetlistCheckMetrics:
    """Feed edges, events and random vectors; over sets of registers if there are any."""
    if block.design.is_loadable:
        return NetlistCheckMetrics(netlist_check=check_loadable(block))
    given = block.view(vectors)
    if given.expected is None:
        raise NotMeasured("no expected outputs were given")
    verdict = block.view(simulation).check(given.inputs, given.expected)
    return NetlistCheckMetrics(netlist_check=verdict)


SIMULATION = Step(
    "asic.simulation",
    simulate,
    NetlistCheckMetrics,
    reads=(*NETLIST, *VECTORS),
    needs=(COMPILER,),
    weight=2,
)
