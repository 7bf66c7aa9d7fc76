"""The gates of one layer of a graph."""

from collections.abc import Sequence

from hexcoder.gen.gates.layer import LayerGates, layer_gates
from hexcoder.gen.graph import CORE, NOT_BUILT, Graph, Input, LayerOutput, Register
from hexcoder.technology import Technology

Tensor = Sequence[tuple[int, int]]
"""Node and shift of each element of a port."""


def registered_inputs(graph: Graph) -> list[int]:
    """Node that readers of each input element see: its register, or itself."""
    inputs = {i: n.element for i, n in graph.nodes_of(CORE) if isinstance(n, Input)}
    seen = {element: index for index, element in inputs.items()}
    for index, node in graph.nodes_of(CORE):
        if isinstance(node, Register) and node.source in inputs:
            seen[inputs[node.source]] = index
    return [seen[element] for element in range(graph.input_elements)]


def gates_of_layer(graph: Graph, name: str, technology: Technology) -> LayerGates:
    """The gates of the layer with arithmetic that is called ``name``."""
    x, type_ = unshifted(registered_inputs(graph)), graph.input_type
    for layer in graph.layers:
        if layer.name == name:
            made = [_before_register(graph, node) for node in layer.nodes]
            y = list(zip(made, layer.shifts, strict=True))
            return layer_gates(graph, layer, x, type_, y, technology)
        x, type_ = elements_of(layer), layer.type
    raise KeyError(f"the graph has no layer '{name}'")


def unshifted(nodes: Sequence[int]) -> Tensor:
    """Nodes as they are."""
    return [(node, 0) for node in nodes]


def elements_of(layer: LayerOutput) -> Tensor:
    """A layer's output as the next one takes it."""
    return list(zip(layer.nodes, layer.shifts, strict=True))


def _before_register(graph: Graph, node: int) -> int:
    """The node that a layer's output register holds, or the node itself."""
    if node != NOT_BUILT and isinstance(graph.nodes[node], Register):
        return graph.nodes[node].operands[0]
    return node
