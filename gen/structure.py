"""The structural report: what a graph consists of, layer by layer. Counts, not areas."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from gen.graph import CORE, Add, Graph, Register
from gen.ranges import ranges


@dataclass(frozen=True, slots=True)
class LayerStructure:
    """Size of one layer.

    Parameters
    ----------
    adders : int
        Two-operand adders and subtractors.
    adder_bits : int
        Bits of their results that need a full or half adder: bits below the overlap of two shifted
        operands are wires and do not count.
    depth : int
        Most adders on a path through the layer.
    register_bits : int
        Bits registered behind the layer.
    """

    adders: int
    adder_bits: int
    depth: int
    register_bits: int


@dataclass(frozen=True, slots=True)
class Structure:
    """Size of a graph, by layer name; ``input`` stands for registers in front of the first."""

    layers: dict[str, LayerStructure]

    def total(self) -> LayerStructure:
        """Sums over layers; the depth is the deepest layer's."""
        layers = self.layers.values()
        return LayerStructure(
            adders=sum(layer.adders for layer in layers),
            adder_bits=sum(layer.adder_bits for layer in layers),
            depth=max((layer.depth for layer in layers), default=0),
            register_bits=sum(layer.register_bits for layer in layers),
        )

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {name: asdict(layer) for name, layer in self.layers.items()}


def width_of(low: int, high: int) -> int:
    """Bits of a node with this range: unsigned if it is never negative, else two's complement."""
    if low >= 0:
        return high.bit_length()
    return max((-low - 1).bit_length(), high.bit_length()) + 1


def wire_bits(node: Add) -> int:
    """Low bits of an Add's result that are copied from one operand."""
    return node.right_shift if node.subtract else max(node.left_shift, node.right_shift)


def measure(graph: Graph) -> Structure:
    """Count adders, adder bits, depth and register bits of every layer."""
    if not graph.ranges:
        graph = ranges(graph)
    widths = [width_of(*bounds) for bounds in graph.ranges]
    names = ["input"] + [layer.name for layer in graph.layers if layer.kind != "flatten"]
    adders, bits, depth, registers = (dict.fromkeys(names, 0) for _ in range(4))
    levels: list[int] = []
    for index, node in enumerate(graph.nodes):
        # A layer's first adder reads nodes of the layer before or of the core: its level is 1.
        level = max(
            (levels[o] for o in node.operands if graph.nodes[o].layer == node.layer), default=0
        )
        if isinstance(node, Add):
            adders[node.layer] += 1
            level += 1
            bits[node.layer] += max(widths[index] - wire_bits(node), 0)
            depth[node.layer] = max(depth[node.layer], level)
        elif isinstance(node, Register) and node.layer == CORE:
            registers[_maker(graph, index)] += widths[index]
        levels.append(level)
    return Structure(
        {
            name: LayerStructure(adders[name], bits[name], depth[name], registers[name])
            for name in names
        }
    )


def _maker(graph: Graph, index: int) -> str:
    """Layer whose output a register holds, seen through the registers before it."""
    while graph.nodes[index].operands and graph.nodes[index].layer == CORE:
        index = graph.nodes[index].operands[0]
    return graph.nodes[index].layer or "input"
