"""Views of a block that several steps share: each is made once in a run (``block.view``)."""

from collections.abc import Callable

import numpy as np

from hexcoder.documents import read_json
from hexcoder.flow.analysis.layers import layer_finder
from hexcoder.flow.analysis.loads import net_loads
from hexcoder.flow.block import Block
from hexcoder.netlist.flat import CellModel, FlatNetlist, read_cell_models, read_netlist


def models(block: Block) -> dict[str, CellModel]:
    """Models of the cells."""
    return read_cell_models(block.cells)


def flat(block: Block) -> FlatNetlist:
    """The netlist, flattened."""
    return read_netlist(block.netlist.json, block.view(models), block.top)


def loads(block: Block) -> np.ndarray:
    """Capacitance of each net of the flat netlist in F: float64 (nets,)."""
    return net_loads(block.view(flat), block.library, block.pdk, block.wire_load)


def part_of(block: Block) -> Callable[[str], str]:
    """Layer, or other part of the design, by the path of an instance."""
    return layer_finder(read_json(block.netlist.json), block.top)
