"""The compiler's graph: integer nodes in topological order, immutable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from hexcoder.fixed_point import FixedPoint

CORE = ""
"""Layer name of nodes that belong to no layer: inputs, and registers between layers."""
NOT_BUILT = -1
"""Stands in a layer's output for an element that nothing reads."""


Element = tuple[int, int]
"""Node of a tensor's element, and the shift that makes it the element's value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """An integer value.

    Parameters
    ----------
    layer : str
        Layer whose module holds the node; ``CORE`` outside of any.
    name : str
        Name of the signal, unique within the layer.
    """

    layer: str
    name: str

    @property
    def operands(self) -> tuple[int, ...]:
        """Indices of the nodes that this one reads."""
        return ()

    def with_operands(self, operands: tuple[int, ...]) -> Node:
        """The same node reading others; only the indices change."""
        del operands
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Input(Node):
    """Element ``element`` of the flattened input tensor."""

    element: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant(Node):
    """A known integer."""

    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot(Node):
    """Sum of ``coefficients`` times ``sources``, plus ``offset``.

    ``lower`` makes one for each output element, ``share`` adds those of shared terms. Dots of one
    ``group`` read the same window of a convolution.
    """

    sources: tuple[int, ...]
    coefficients: tuple[int, ...]
    offset: int
    group: int

    @property
    def operands(self) -> tuple[int, ...]:
        return self.sources

    def with_operands(self, operands: tuple[int, ...]) -> Dot:
        return replace(self, sources=operands)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unary(Node):
    source: int

    @property
    def operands(self) -> tuple[int, ...]:
        return (self.source,)

    def with_operands(self, operands: tuple[int, ...]) -> _Unary:
        return replace(self, source=operands[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Relu(_Unary):
    """max(source, 0)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantise(_Unary):
    """floor(source / 2**drop), then brought into ``target`` by saturation or wrapping."""

    drop: int
    target: FixedPoint
    saturate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Register(_Unary):
    """source, one clock later."""


@dataclass(frozen=True, slots=True)
class LayerOutput:
    """The tensor that a layer hands on.

    Parameters
    ----------
    name, kind : str
    is_wiring : bool
        The nodes are those of the layer before: it has no gates.
    nodes : tuple of int
        Node of each element, flattened in row, column, channel order, or ``NOT_BUILT``.
    type : FixedPoint
        Declared type of every element.
    shifts : tuple of int
        An element's value is its node's, shifted left by so many bits: those that its channel
        does not keep are not computed and are always zero.
    clocks : int
        Registers between the input and this tensor: what a constant waits for as well.
    """

    name: str
    kind: str
    is_wiring: bool
    nodes: tuple[int, ...]
    type: FixedPoint
    shifts: tuple[int, ...]
    clocks: int = 0


@dataclass(frozen=True, slots=True)
class Graph:
    """A network as nodes; every node comes after its operands.

    Parameters
    ----------
    nodes : tuple of Node
    input_type : FixedPoint
        Type of every input element.
    input_elements : int
    layers : tuple of LayerOutput
        In the network's order; the last one is the output.
    ranges : tuple of (int, int)
        Least and greatest value of each node; empty until the pass ``ranges`` has run.
    """

    nodes: tuple[Node, ...]
    input_type: FixedPoint
    input_elements: int
    layers: tuple[LayerOutput, ...]
    ranges: tuple[tuple[int, int], ...] = ()

    @property
    def outputs(self) -> tuple[int, ...]:
        """Nodes of the last layer's elements."""
        return self.layers[-1].nodes

    def nodes_of(self, layer: str) -> Iterator[tuple[int, Node]]:
        """Index and node of every node in a layer's module."""
        return ((index, node) for index, node in enumerate(self.nodes) if node.layer == layer)


class Builder:
    """Collects the nodes of a new graph while a pass walks the old one.

    ``moved[old]`` is the new index of each old node that the pass has handled. Equal nodes are
    made once: a pass that asks for the same computation again gets the first one's index.
    """

    def __init__(self, old: Graph | None = None):
        self._old = old
        self.nodes: list[Node] = []
        self.moved: dict[int, int] = {}
        self._known: dict[Node, int] = {}

    def add(self, node: Node) -> int:
        """Index of a node equal to ``node`` but for its name, made if there is none."""
        key = replace(node, name="")
        if key not in self._known:
            self._known[key] = len(self.nodes)
            self.nodes.append(node)
        return self._known[key]

    def copy(self, old_index: int) -> int:
        """Take a node over from the old graph with its operands renumbered."""
        assert self._old is not None
        node = self._old.nodes[old_index]
        operands = tuple(self.moved[operand] for operand in node.operands)
        self.moved[old_index] = self.add(node.with_operands(operands))
        return self.moved[old_index]

    def constant(self, layer: str, value: int) -> int:
        """Index of a constant node."""
        sign = "minus_" if value < 0 else ""
        return self.add(Constant(layer=layer, name=f"constant_{sign}{abs(value)}", value=value))

    def graph(self) -> Graph:
        """The new graph, with the old one's layers renumbered and no ranges."""
        assert self._old is not None
        moved = self.moved | {NOT_BUILT: NOT_BUILT}
        layers = tuple(
            replace(layer, nodes=tuple(moved[node] for node in layer.nodes))
            for layer in self._old.layers
        )
        return replace(self._old, nodes=tuple(self.nodes), layers=layers, ranges=())
