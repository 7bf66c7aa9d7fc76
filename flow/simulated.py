"""Views of a block for its simulation."""

from hexcoder.flow.block import Block
from hexcoder.flow.vectors import Vectors, load_vectors
from hexcoder.netlist.simulation import NetlistSimulation


def simulation(block: Block) -> NetlistSimulation:
    """The netlist, simulated without delays."""
    return NetlistSimulation.build(
        block.netlist.json, block.cells, block.top, block.design.interface
    )


def vectors(block: Block) -> Vectors:
    """What the netlist is fed with."""
    return load_vectors(block.place, block.design)
