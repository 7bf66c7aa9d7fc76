"""A piece of combinational logic between registers: a graph of its own, built as gates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hexcoder.fixed_point import FixedPoint
from hexcoder.gen.check import port_columns
from hexcoder.gen.compiler import Settings
from hexcoder.gen.gates.bits import evaluate
from hexcoder.gen.gates.layer import LayerGates, PortTensor, layer_gates
from hexcoder.gen.graph import (
    CORE,
    Bounds,
    Builder,
    Element,
    Graph,
    Input,
    InputPort,
    LayerOutput,
    Node,
)
from hexcoder.gen.passes.ranges import ranges, width_of
from hexcoder.gen.passes.share import share
from hexcoder.gen.passes.simplify import simplify

Key = Any
"""What an input or output of a part is called: a node of the compiled graph, or a record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounded(Input):
    """An input that takes only ``low`` to ``high`` of its type."""

    low: int
    high: int

    def bounds(self, operands: Sequence[Bounds]) -> Bounds:
        return self.low, self.high


@dataclass(frozen=True, slots=True)
class Part:
    """Gates from named inputs to named outputs.

    Parameters
    ----------
    gates : LayerGates
        Port ``x`` holds the inputs one after the other, each as wide as its range; port ``y`` the
        outputs, all of one width.
    inputs, outputs : mapping of key to Bounds
        In the order of the ports.
    """

    gates: LayerGates
    inputs: Mapping[Key, Bounds]
    outputs: Mapping[Key, Bounds]

    def run(self, values: Mapping[Key, np.ndarray]) -> dict[Key, np.ndarray]:
        """Outputs int64 (events,) by key, from inputs likewise, by the gates."""
        count = len(next(iter(values.values())))
        port = [
            column
            for key, bounds in self.inputs.items()
            for column in port_columns(values[key][:, None], max(1, width_of(*bounds)))
        ]
        gates = self.gates
        nets = {net: port[bit] for net, bit in gates.x.items()}
        found = evaluate(gates.live, len(gates.gates.names), nets, count)
        ones = (1 << count) - 1
        bits = [found[literal >> 1] ^ (ones if literal & 1 else 0) for literal in gates.y]
        columns = np.array([_unpacked(bit, count) for bit in bits])
        width = gates.element_width
        weights = 1 << np.arange(width, dtype=np.int64)
        results = {}
        for place, (key, (low, _)) in enumerate(self.outputs.items()):
            value = weights @ columns[place * width : (place + 1) * width].astype(np.int64)
            results[key] = value - ((value >> width - 1) << width) if low < 0 else value
        return results


def _unpacked(column: int, count: int) -> np.ndarray:
    """Bits of a number, the lowest first."""
    data = np.frombuffer(column.to_bytes(-(-count // 8), "little"), np.uint8)
    return np.unpackbits(data, bitorder="little", count=count)


class PartBuilder:
    """Collects the nodes of a part.

    Parameters
    ----------
    name, kind : str
        Of its module, and what a reader of the Verilog is told of it.
    """

    def __init__(self, name: str, kind: str):
        self.name, self.kind = name, kind
        self.nodes = Builder()
        self.inputs: dict[Key, int] = {}
        self.outputs: dict[Key, int] = {}

    def input(self, key: Key, name: str, bounds: Bounds) -> int:
        """Index of an input, made when it is first asked for; of one value, of that constant."""
        if bounds[0] == bounds[1]:
            return self.constant(bounds[0])
        if key not in self.inputs:
            node = Bounded(
                layer=CORE,
                name=name,
                element=len(self.inputs),
                type=FixedPoint.holding(*bounds, 0),
                low=bounds[0],
                high=bounds[1],
            )
            self.inputs[key] = self.nodes.add(node)
        return self.inputs[key]

    def add(self, node: Node) -> int:
        """Index of a node, taken into this part."""
        return self.nodes.add(replace(node, layer=self.name))

    def constant(self, value: int) -> int:
        """Index of a known integer."""
        return self.nodes.constant(self.name, value)

    def built(self, settings: Settings) -> Part:
        """The gates, with what its sums share."""
        graph = self._graph()
        for step in (simplify, lambda g: share(g, settings.compiler, settings.technology)):
            graph = ranges(step(graph))
        graph = ranges(simplify(graph))
        (layer,) = graph.layers
        taken = [i for i, node in enumerate(graph.nodes) if isinstance(node, Bounded)]
        taken.sort(key=lambda index: graph.nodes[index].element)
        x = [PortTensor((Element(index),), graph.nodes[index].type) for index in taken]
        gates = layer_gates(
            graph, layer, x, layer.elements, settings.technology, settings.compiler.wait
        )
        bounds = [(graph.nodes[index].low, graph.nodes[index].high) for index in taken]
        outputs = [graph.ranges[node] for node in layer.nodes]
        return Part(
            gates,
            dict(zip(self.inputs, bounds, strict=True)),
            dict(zip(self.outputs, outputs, strict=True)),
        )

    def _graph(self) -> Graph:
        nodes = tuple(self.nodes.nodes)
        known = ranges(Graph(nodes, (), (), ())).ranges
        bounds = [known[node] for node in self.outputs.values()]
        low, high = min(b[0] for b in bounds), max(b[1] for b in bounds)
        count = len(self.outputs)
        layer = LayerOutput(
            self.name,
            self.kind,
            False,
            tuple(self.outputs.values()),
            FixedPoint.holding(low, high, 0),
            (0,) * count,
            block=self.name,
        )
        ports = tuple(
            InputPort(nodes[index].name, nodes[index].type, place, 1)
            for place, index in enumerate(self.inputs.values())
        )
        return Graph(nodes, ports, (layer,), (self.name,))
