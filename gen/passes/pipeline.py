"""Pass ``pipeline``: registers at chosen places."""

from collections.abc import Collection
from dataclasses import replace

from hexcoder.config import Pipeline
from hexcoder.gen.graph import (
    CORE,
    NOT_BUILT,
    Builder,
    Constant,
    Graph,
    Input,
    LayerOutput,
    Node,
    Register,
)


def pipeline(graph: Graph, places: Pipeline) -> Graph:
    """Register the input, the boundaries between modules and the output, as ``places`` says.

    Every element of a boundary gets one register. Where a module reads tensors of several ages the
    younger ones wait, so all paths from the input to a module's output have the same latency.
    Constants get none, and count as if they had. Layers without arithmetic add no stage. With
    ``places.stages`` the pass ``schedule`` registers what lies between input and output.
    Values are unchanged, one clock later for each stage.
    """
    ages = _Ages(graph, places)
    builder = _Registering(graph)
    boundaries = _boundaries(graph, ages.registered)
    for index, node in enumerate(graph.nodes):
        operands = tuple(
            builder.raw[operand]
            if graph.nodes[operand].layer == node.layer
            else builder.delayed(operand, ages.waits(node, operand))
            for operand in node.operands
        )
        builder.moved[index] = builder.raw[index] = builder.add(node.with_operands(operands))
        if isinstance(node, Input) and places.input:
            builder.register(index, f"input_{node.element}_register")
        for layer, element in boundaries.get(index, ()):
            builder.register(index, f"{layer}_{element}_register")
    # What goes out earlier than the rest waits for it.
    last = max(ages.leaves[layer.name] for layer in graph.output_layers)
    for layer in graph.output_layers:
        for node in layer.nodes:
            if node != NOT_BUILT and layer.is_module:
                builder.delayed(node, last - ages.leaves[layer.name])
    registered = builder.graph()
    layers = tuple(replace(layer, clocks=ages.leaves[layer.name]) for layer in registered.layers)
    ports = tuple(replace(port, clocks=ages.leaves[port.name]) for port in registered.inputs)
    return replace(registered, layers=layers, inputs=ports)


class _Ages:
    """Clocks from the input to where each tensor enters a module, and to where it leaves."""

    def __init__(self, graph: Graph, places: Pipeline):
        self.graph = graph
        self.registered = _registered(graph, places)
        self.leaves = {port.name: int(places.input) for port in graph.inputs}
        self.enters: dict[str, int] = {}
        for layer in graph.layers:
            if layer.is_module:
                self.enters[layer.name] = max(self.leaves[name] for name in layer.reads)
                self.leaves[layer.name] = self.enters[layer.name] + (layer.name in self.registered)
        self.input_clocks = int(places.input)
        self._give_others_their_age()

    def _give_others_their_age(self) -> None:
        """Of layers inside a module the module's, before its registers; of wiring the oldest."""
        made = {
            node: self.leaves[one.name]
            for one in self.graph.modules
            for node in one.nodes
            if node != NOT_BUILT
        }
        for layer in self.graph.layers:
            if layer.name in self.leaves:
                continue
            if layer.block:
                self.leaves[layer.name] = self.enters[layer.block]
            else:
                ages = [made[node] for node in layer.nodes if node in made]
                self.leaves[layer.name] = max(ages, default=self.input_clocks)

    def waits(self, reader: Node, operand: int) -> int:
        """Registers that an operand from outside a node's module still needs."""
        source = self.graph.nodes[operand]
        if isinstance(source, Constant):
            return 0
        left = self.input_clocks if isinstance(source, Input) else self.leaves[source.layer]
        return self.enters[reader.layer] - left


def _registered(graph: Graph, places: Pipeline) -> list[str]:
    """Modules with registers behind them."""
    last = {name for layer in graph.output_layers for name in _makers(graph, layer)}
    between = places.layers and places.stages is None
    return [
        layer.name for layer in graph.modules if (places.output if layer.name in last else between)
    ]


def _makers(graph: Graph, layer: LayerOutput) -> set[str]:
    """Modules that make a tensor."""
    if layer.is_module:
        return {layer.name}
    return {graph.nodes[node].layer for node in layer.nodes if node != NOT_BUILT} - {CORE}


class _Registering(Builder):
    """``raw[old]`` is a node where it is made, ``moved[old]`` what other modules see."""

    def __init__(self, old: Graph):
        super().__init__(old)
        self.raw: dict[int, int] = {}

    def register(self, old_index: int, name: str) -> None:
        """From here on, whoever reads ``old_index`` from outside reads it one clock later."""
        self.moved[old_index] = self._behind(self.moved[old_index], name)

    def delayed(self, old_index: int, clocks: int) -> int:
        """What ``old_index`` is now, some clocks later."""
        index = self.moved[old_index]
        first = self.nodes[index].name
        for clock in range(clocks):
            index = self._behind(index, f"{first}_later_{clock + 1}")
        return index

    def _behind(self, source: int, name: str) -> int:
        if isinstance(self.nodes[source], Constant):
            return source
        return self.add(Register(layer=CORE, name=name, source=source))


def _boundaries(graph: Graph, names: Collection[str]) -> dict[int, list[tuple[str, int]]]:
    """Nodes that get a register behind them, each with the layers and elements that it is."""
    found: dict[int, list[tuple[str, int]]] = {}
    for layer in graph.layers:
        if layer.name not in names:
            continue
        for element, node in enumerate(layer.nodes):
            if node != NOT_BUILT:
                found.setdefault(node, [(layer.name, element)])
    return found
