"""What a module takes and gives, and its gates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hexcoder.fixed_point import FixedPoint
from hexcoder.gen.gates.bits import WAIT
from hexcoder.gen.gates.layer import LayerGates, PortTensor, layer_gates
from hexcoder.gen.gates.schedule import Wired
from hexcoder.gen.graph import (
    NOT_BUILT,
    Elements,
    Graph,
    Input,
    LayerOutput,
    Register,
)
from hexcoder.gen.graph import Element as GraphElement
from hexcoder.technology import Technology


@dataclass(frozen=True, slots=True)
class Source:
    """A tensor that modules read.

    Parameters
    ----------
    name : str
    type : FixedPoint
    made, elements : tuple of Element
        Each element where it is made, and ``clocks`` after the network's input, behind the
        registers that stand there.
    clocks : int
    """

    name: str
    type: FixedPoint
    made: Elements
    elements: Elements
    clocks: int

    @property
    def width(self) -> int:
        """Bits of the tensor."""
        return len(self.elements) * self.type.width


class Sources:
    """The tensors of a graph by name, and their registers."""

    def __init__(self, graph: Graph):
        self.graph = graph
        self._registers = {
            node.source: index
            for index, node in enumerate(graph.nodes)
            if isinstance(node, Register)
        }
        inputs = {n.element: i for i, n in enumerate(graph.nodes) if isinstance(n, Input)}
        self._sources: dict[str, Source] = {}
        for port in graph.inputs:
            places = range(port.first, port.first + port.elements)
            made = tuple(GraphElement(inputs[place]) for place in places)
            self._sources[port.name] = Source(
                port.name, port.type, made, self.later(made, port.clocks), port.clocks
            )
        for layer in graph.layers:
            made = tuple(map(self._before_register, layer.elements))
            self._sources[layer.name] = Source(
                layer.name, layer.type, made, layer.elements, layer.clocks
            )

    def __getitem__(self, name: str) -> Source:
        return self._sources[name]

    def later(self, elements: Elements, clocks: int) -> Elements:
        """Elements behind so many more registers; constants have none."""
        for _ in range(clocks):
            elements = tuple(
                element._replace(node=self._registers.get(element.node, element.node))
                for element in elements
            )
        return elements

    def entered(self, layer: LayerOutput) -> int:
        """Clocks from the input to where a module takes what it reads."""
        return max(self[name].clocks for name in layer.reads)

    def read_by(self, layer: LayerOutput) -> list[tuple[Source, Elements, int]]:
        """Of a module each tensor that it reads, as it sees it, and the clocks that it waits."""
        entered = self.entered(layer)
        return [
            (source, self.later(source.elements, entered - source.clocks), entered - source.clocks)
            for source in map(self.__getitem__, layer.reads)
        ]

    def _before_register(self, element: GraphElement) -> GraphElement:
        """What an output register holds, or the element itself."""
        node = element.node
        if node == NOT_BUILT or not isinstance(self.graph.nodes[node], Register):
            return element
        return element._replace(node=self.graph.nodes[node].operands[0])


def gates_of_layer(
    graph: Graph, name: str, technology: Technology, wait: float = WAIT
) -> LayerGates:
    """The gates of the module that is called ``name``; ``wait`` as of :func:`layer_gates`."""
    sources = Sources(graph)
    layer = next(layer for layer in graph.modules if layer.name == name)
    x = [PortTensor(seen, source.type) for source, seen, _ in sources.read_by(layer)]
    return layer_gates(graph, layer, x, sources[name].made, technology, wait)


def joined(graph: Graph, layers: Mapping[str, LayerGates]) -> Wired:
    """The gates of all modules with what drives their ports."""
    numbers = {name: number for number, name in enumerate(layers)}
    ports, start = {}, 0
    for port in graph.inputs:
        ports[port.name] = start, port.elements * port.type.width
        start += ports[port.name][1]
    drivers = []
    for module in graph.modules:
        bits: list[tuple[int, int]] = []
        for name in module.reads:
            if name in ports:
                first, width = ports[name]
                bits += [(-1, first + bit) for bit in range(width)]
            else:
                bits += [(numbers[name], bit) for bit in range(layers[name].y_width)]
        drivers.append(bits)
    makers = {node: module.name for module in graph.modules for node in module.nodes}
    out = dict.fromkeys(
        makers[node] for layer in graph.output_layers for node in layer.nodes if node in makers
    )
    return Wired(list(layers.values()), drivers, [numbers[name] for name in out], start)
