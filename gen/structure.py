"""The structural report: what a graph consists of, layer by layer."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from gen.gates.bits import Kind
from gen.gates.layer import LayerGates
from gen.graph import CORE, Dot, Graph, Register
from gen.passes.ranges import ranges, width_of
from hexcoder.digits import digit_count
from hexcoder.technology import Technology


@dataclass(frozen=True, slots=True)
class LayerStructure:
    """Size of one layer.

    Parameters
    ----------
    sums : int
        Sums of two or more operands: shared terms, and those of the outputs.
    adders : int
        Two-operand additions and subtractions that these sums amount to.
    full_adders : int
        Before gates are made, bits of all operands less bits of the results, which is what bit
        heaps need; then what was made.
    other_gates : int
        Two-input gates besides; 0 before gates are made.
    depth : int
        Most sums on a path through the layer.
    area_um2 : float
        Full adders, and gates where they are made, by the technology's table: an estimate that
        compares passes.
    register_bits : int
        Bits registered inside the layer and behind it.
    """

    sums: int = 0
    adders: int = 0
    full_adders: int = 0
    other_gates: int = 0
    depth: int = 0
    area_um2: float = 0.0
    register_bits: int = 0


@dataclass(frozen=True, slots=True)
class Structure:
    """Size of a graph, by layer name; ``input`` stands for registers in front of the first."""

    layers: dict[str, LayerStructure]

    def total(self) -> LayerStructure:
        """Sums over layers; the depth is the deepest layer's."""
        layers = self.layers.values()
        return LayerStructure(
            sums=sum(layer.sums for layer in layers),
            adders=sum(layer.adders for layer in layers),
            full_adders=sum(layer.full_adders for layer in layers),
            other_gates=sum(layer.other_gates for layer in layers),
            depth=max((layer.depth for layer in layers), default=0),
            area_um2=round(sum(layer.area_um2 for layer in layers), 1),
            register_bits=sum(layer.register_bits for layer in layers),
        )

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {name: asdict(layer) for name, layer in self.layers.items()}


def measure(
    graph: Graph, technology: Technology, gates: Mapping[str, LayerGates] | None = None
) -> Structure:
    """Measure every layer of a graph, and its gates where they are made."""
    if not graph.ranges:
        graph = ranges(graph)
    names = ["input"] + [layer.name for layer in graph.layers if not layer.is_wiring]
    counts: dict[str, dict[str, Any]] = {
        name: dict.fromkeys(("sums", "adders", "full_adders", "depth", "register_bits"), 0)
        for name in names
    }
    widths = [width_of(*bounds) for bounds in graph.ranges]
    levels: list[int] = []
    for index, node in enumerate(graph.nodes):
        # A layer's first sum reads nodes of the layer before or of the core: its level is 1.
        level = max(
            (levels[o] for o in node.operands if graph.nodes[o].layer == node.layer), default=0
        )
        if isinstance(node, Dot):
            count = counts[node.layer]
            digits = digit_count(node.coefficients).tolist()
            bits = sum(n * widths[s] for n, s in zip(digits, node.sources, strict=True))
            if sum(digits) > 1:
                level += 1
                count["sums"] += 1
                count["adders"] += sum(digits) - 1
                count["full_adders"] += max(bits - widths[index], 0)
                count["depth"] = max(count["depth"], level)
        elif isinstance(node, Register) and node.layer == CORE:
            counts[_maker(graph, index)]["register_bits"] += widths[index]
        levels.append(level)
    for name, count in counts.items():
        count["area_um2"] = round(count["full_adders"] * technology.full_adder_um2, 1)
        if gates and name in gates:
            counts[name] = count | layer_size(gates[name], technology)
            counts[name]["register_bits"] += sum(gates[name].delays().values())
    return Structure({name: LayerStructure(**count) for name, count in counts.items()})


def layer_size(layer: LayerGates, technology: Technology) -> dict[str, Any]:
    """Full adders, other gates and their area in um2 by the technology's table: an estimate."""
    kinds = [gate.kind for gate in layer.live]
    adders, xors, ands = (kinds.count(kind) for kind in (Kind.FULL_ADDER, Kind.XOR, Kind.AND))
    # An and-or-invert gate is as large as its pairs' ands.
    selections = [gate for gate in layer.live if gate.kind is Kind.AND_OR_INVERT]
    pairs = sum(len(gate.inputs) // 2 for gate in selections)
    area = adders * technology.full_adder_um2
    area += xors * technology.xor_um2 + (ands + pairs) * technology.and_um2
    others = xors + ands + len(selections)
    return {"full_adders": adders, "other_gates": others, "area_um2": round(area, 1)}


def _maker(graph: Graph, index: int) -> str:
    """Layer whose output a register holds, seen through the registers before it."""
    while graph.nodes[index].operands and graph.nodes[index].layer == CORE:
        index = graph.nodes[index].operands[0]
    return graph.nodes[index].layer or "input"
