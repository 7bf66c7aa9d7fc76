"""The structural report: what a graph consists of, layer by layer."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from hexcoder.digits import digit_count
from hexcoder.gen.gates.bits import Kind
from hexcoder.gen.gates.layer import LayerGates
from hexcoder.gen.graph import CORE, Dot, Graph, Register
from hexcoder.gen.passes.ranges import ranges, width_of
from hexcoder.metrics.rtl import LoadableSize, Size
from hexcoder.technology import Technology

_COUNTED = ("sums", "adders", "full_adders", "other_gates", "depth", "register_bits")


@dataclass(frozen=True, slots=True)
class Structure:
    """Size of a graph, by layer name; ``input`` stands for registers in front of the first."""

    layers: dict[str, Size]

    def total(self) -> Size:
        """Sums over layers; the depth is the deepest layer's."""
        layers = self.layers.values()
        return Size(
            sums=sum(layer.sums for layer in layers),
            adders=sum(layer.adders for layer in layers),
            full_adders=sum(layer.full_adders for layer in layers),
            other_gates=sum(layer.other_gates for layer in layers),
            depth=max((layer.depth for layer in layers), default=0),
            area_um2=round(sum(layer.area_um2 for layer in layers), 1),
            register_bits=sum(layer.register_bits for layer in layers),
        )


def measure(
    graph: Graph, technology: Technology, gates: Mapping[str, LayerGates] | None = None
) -> Structure:
    """Measure every layer of a graph, and its gates where they are made."""
    if not graph.ranges:
        graph = ranges(graph)
    names = ["input"] + [layer.name for layer in graph.modules]
    counts = {name: Counter[str]() for name in names}
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
                # Columns below the lowest operand hold nothing.
                numbers = (*node.coefficients, node.offset)
                zeros = min((n & -n).bit_length() - 1 for n in numbers if n)
                count["full_adders"] += max(bits - max(widths[index] - zeros, 0), 0)
                count["depth"] = max(count["depth"], level)
        elif isinstance(node, Register) and node.layer == CORE:
            counts[_maker(graph, index)]["register_bits"] += widths[index]
        levels.append(level)
    sizes = {}
    for name, count in counts.items():
        area = round(count["full_adders"] * technology.full_adder_um2, 1)
        sizes[name] = Size.model_validate(
            {field: count[field] for field in _COUNTED} | {"area_um2": area}
        )
        if gates and name in gates:
            bits = count["register_bits"] + sum(gates[name].delays().values())
            built = layer_size(gates[name], technology).model_dump() | {"register_bits": bits}
            sizes[name] = sizes[name].model_copy(update=built)
    return Structure(sizes)


def layer_size(layer: LayerGates, technology: Technology) -> LoadableSize:
    """Full adders, other gates and their area in um2 by the technology's table: an estimate."""
    kinds = [gate.kind for gate in layer.live]
    adders, xors, ands = (kinds.count(kind) for kind in (Kind.FULL_ADDER, Kind.XOR, Kind.AND))
    # An and-or-invert gate is as large as its pairs' ands.
    selections = [gate for gate in layer.live if gate.kind is Kind.AND_OR_INVERT]
    pairs = sum(len(gate.inputs) // 2 for gate in selections)
    area = adders * technology.full_adder_um2
    area += xors * technology.xor_um2 + (ands + pairs) * technology.and_um2
    others = xors + ands + len(selections)
    return LoadableSize(full_adders=adders, other_gates=others, area_um2=round(area, 1))


def _maker(graph: Graph, index: int) -> str:
    """Layer whose output a register holds, seen through the registers before it."""
    while graph.nodes[index].operands and graph.nodes[index].layer == CORE:
        index = graph.nodes[index].operands[0]
    return graph.nodes[index].layer or "input"
