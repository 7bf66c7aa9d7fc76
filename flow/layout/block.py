"""A block after layout, and the views of it that several steps share."""

from collections.abc import Callable
from functools import cached_property

import numpy as np

from hexcoder.documents import read_json
from hexcoder.flow.analysis.loads import net_loads
from hexcoder.flow.block import Block
from hexcoder.flow.layout.owners import owners
from hexcoder.flow.layout.place.place_route import Placed, load_placed
from hexcoder.flow.views import flat
from hexcoder.netlist.files import Netlist
from hexcoder.netlist.liberty import Library
from hexcoder.pdk.process import Process
from hexcoder.pdk.processes import process_of

SPEF, WIRES, DELAYS = "final.spef", "wires_ff.json", "wires_s.json"


class LaidOut(Block):
    """The netlist of a finished layout: with its clock tree and buffers."""

    @property
    def netlist(self) -> Netlist:
        """The final netlist's files."""
        return Netlist(self.folder / "final.v", self.folder / "final.json", self.top)

    @cached_property
    def process(self) -> Process:
        """Whose cells are placed."""
        return process_of(self.config.silicon.pdk)

    @cached_property
    def mapped(self) -> Netlist:
        """The netlist before layout."""
        folder = self.place.path("asic")
        return Netlist(folder / "netlist.v", folder / "netlist.json", self.top)


def placed(block: Block) -> Placed:
    """The drawn block."""
    return load_placed(block.folder)


def ports(block: Block) -> dict[str, str]:
    """Direction of each port, bit by bit."""
    path = block.folder / "place" / f"{block.top}.json"
    design = read_json(path)["modules"][block.top]
    return {name: port["direction"] for name, port in design["ports"].items()}


def wire_loads(block: Block, library: Library) -> np.ndarray:
    """Capacitance of each net in F with its drawn wires: float64 (nets,)."""
    netlist, wiring = block.view(flat), block.view(placed).wiring
    nets = {(i.path, pin): net for i in netlist.instances for pin, net in i.pins.items()}
    wires = np.zeros(len(netlist.nets))
    for net, farads in read_json(block.folder / WIRES).items():
        for pin in wiring.pins[net]:
            if (pin.instance, pin.pin) in nets:
                wires[nets[pin.instance, pin.pin]] = farads * 1e-15
    return net_loads(netlist, library, block.pdk, None, wires)


def loads(block: Block) -> np.ndarray:
    """The same, at the first corner."""
    return wire_loads(block, block.library)


def wire_delays(block: Block) -> dict[tuple[str, str], float]:
    """Delay from a net's driver to an instance's pin, in s."""
    return {(cell, pin): late for cell, pin, late in read_json(block.folder / DELAYS)}


def owner_of(block: Block) -> dict[str, str]:
    """Layer, or other part of the design, of each placed cell."""
    design = read_json(block.place.path("asic/netlist.json"))
    return owners(design, block.view(placed).wiring)


def part_of(block: Block) -> Callable[[str], str]:
    """The same as a function of an instance's path."""
    by_path = block.view(owner_of)
    return lambda path: by_path.get(path, block.top)
