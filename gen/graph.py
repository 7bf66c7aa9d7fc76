"""The compiler's graph: integer nodes in topological order, immutable."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from hexcoder.fixed_point import FixedPoint
from hexcoder.gen.truth_tables import entries_of, index_of

CORE = ""
"""Layer name of nodes that belong to no layer: inputs, and registers between layers."""
NOT_BUILT = -1
"""Stands in a layer's output for an element that nothing reads."""


class Element(NamedTuple):
    """An element of a tensor: its value is ``(node << shift) + offset``."""

    node: int
    shift: int = 0
    offset: int = 0


Elements = tuple[Element, ...]
Bounds = tuple[int, int]
"""Least and greatest value."""


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

    def value(self, operands: Sequence[np.ndarray], inputs: np.ndarray) -> np.ndarray:
        """Value int64 (n,) from those of the operands, and inputs (n, elements)."""
        raise NotImplementedError

    def bounds(self, operands: Sequence[Bounds]) -> Bounds:
        """Exact range from the operands' ranges, these independent of each other."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Input(Node):
    """Element ``element`` of the flattened inputs."""

    element: int
    type: FixedPoint

    def value(self, operands: Sequence[np.ndarray], inputs: np.ndarray) -> np.ndarray:
        return inputs[:, self.element]

    def bounds(self, operands: Sequence[Bounds]) -> Bounds:
        return self.type.minimum, self.type.maximum


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant(Node):
    """A known integer."""

    number: int

    def value(self, operands: Sequence[np.ndarray], inputs: np.ndarray) -> np.ndarray:
        return np.full(len(inputs), self.number, dtype=np.int64)

    def bounds(self, operands: Sequence[Bounds]) -> Bounds:
        return self.number, self.number


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot(Node):
    """Sum of ``coefficients`` times ``sources``, plus ``offset``.

    ``lower`` makes one for each output element, ``share`` adds those of shared terms. Dots of one
    ``group`` read the same window of a convolution. Dots of different ``part`` have no operand in
    common, so that they have nothing to share.
    """

    sources: tuple[int, ...]
    coefficients: tuple[int, ...]
    offset: int
    group: int
    part: int = 0

    @property
    def operands(self) -> tuple[int, ...]:
        return self.sources

    def with_operands(self, operands: tuple[int, ...]) -> Dot:
        return replace(self, sources=operands)

    def value(self, operands: Sequence[np.ndarray], inputs: np.ndarray) -> np.ndarray:
        total = np.full(len(inputs), self.offset, dtype=np.int64)
        for operand, coefficient in zip(operands, self.coefficients, strict=True):
            total += operand * coefficient
        return total


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

    def value(self, operands: Sequence[np.ndarray], inputs: np.ndarray) -> np.ndarray:
        return np.maximum(operands[0], 0)

    def bounds(self, operands: Sequence[Bounds]) -> Bounds:
        ((low, high),) = operands
        return max(low, 0), max(high, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip(_Unary):
    """The source, but not below ``low`` and not above ``high``."""

    low: int
    high: int

    def value(self, operands: Sequence[np.ndarray], inputs: np.ndarray) -> np.ndarray:
        return np.clip(operands[0], self.low, self.high)

    def bounds(self, operands: Sequence[Bounds]) -> Bounds:
        low, high = (min(max(bound, self.low), self.high) for bound in operands[0])
        return low, high


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantise(_Unary):
    """floor(source / 2**drop), then brought into ``target`` by saturation or wrapping.

    With ``half_even`` the lowest bit goes where all dropped bits are 0: after half was added, that
    is rounding halves to even.
    """

    drop: int
    target: FixedPoint
    saturate: bool
    half_even: bool = False

    def value(self, operands: Sequence[np.ndarray], inputs: np.ndarray) -> np.ndarray:
        (given,) = operands
        values = given >> self.drop if self.drop >= 0 else given << -self.drop
        if self.half_even:
            values = np.where(given & ((1 << self.drop) - 1) == 0, values & ~1, values)
        target = self.target
        if self.saturate:
            return np.clip(values, target.minimum, target.maximum)
        wrapped = values & ((1 << target.width) - 1)
        if not target.signed:
            return wrapped
        return np.where(wrapped > target.maximum, wrapped - (1 << target.width), wrapped)

    def bounds(self, operands: Sequence[Bounds]) -> Bounds:
        target, drop = self.target, self.drop
        low, high = (b >> drop if drop >= 0 else b << -drop for b in operands[0])
        if self.half_even:
            low &= ~1
        if self.saturate:
            return (
                min(max(low, target.minimum), target.maximum),
                min(max(high, target.minimum), target.maximum),
            )
        if target.minimum <= low and high <= target.maximum:
            return low, high
        return target.minimum, target.maximum


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps(_Unary):
    """How many of sorted ``thresholds`` the source reaches; ``falling`` how many it does not."""

    thresholds: tuple[int, ...]
    falling: bool = False

    def value(self, operands: Sequence[np.ndarray], inputs: np.ndarray) -> np.ndarray:
        reached = np.searchsorted(np.array(self.thresholds), operands[0], side="right")
        return len(self.thresholds) - reached if self.falling else reached

    def bounds(self, operands: Sequence[Bounds]) -> Bounds:
        low, high = (bisect_right(self.thresholds, bound) for bound in operands[0])
        count = len(self.thresholds)
        return (count - high, count - low) if self.falling else (low, high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup(_Unary):
    """Entry number ``(source << shift) + offset`` of ``entries``."""

    shift: int
    offset: int
    entries: tuple[int, ...]

    def value(self, operands: Sequence[np.ndarray], inputs: np.ndarray) -> np.ndarray:
        return np.array(self.entries, dtype=np.int64)[(operands[0] << self.shift) + self.offset]

    def reachable(self, bounds: Bounds) -> list[int]:
        """Entries of the source's range, from the least value on."""
        low, high = ((bound << self.shift) + self.offset for bound in bounds)
        return list(self.entries[low : high + 1 : 1 << self.shift])

    def bounds(self, operands: Sequence[Bounds]) -> Bounds:
        entries = self.reachable(operands[0])
        return min(entries), max(entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Register(_Unary):
    """source, one clock later."""

    def value(self, operands: Sequence[np.ndarray], inputs: np.ndarray) -> np.ndarray:
        return operands[0]

    def bounds(self, operands: Sequence[Bounds]) -> Bounds:
        return operands[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Several(Node):
    sources: tuple[int, ...]

    @property
    def operands(self) -> tuple[int, ...]:
        return self.sources

    def with_operands(self, operands: tuple[int, ...]) -> _Several:
        return replace(self, sources=operands)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product(_Several):
    """Product of two sources; a square where they are one."""

    def value(self, operands: Sequence[np.ndarray], inputs: np.ndarray) -> np.ndarray:
        return operands[0] * operands[1]

    def bounds(self, operands: Sequence[Bounds]) -> Bounds:
        ends = [a * b for a in operands[0] for b in operands[1]]
        if self.sources[0] != self.sources[1]:
            return min(ends), max(ends)
        low, high = operands[0]
        return (0 if low <= 0 <= high else min(low * low, high * high)), max(ends)


@dataclass(frozen=True, slots=True, kw_only=True)
class Less(_Several):
    """1 where the first source is less than the second, else 0."""

    def value(self, operands: Sequence[np.ndarray], inputs: np.ndarray) -> np.ndarray:
        return (operands[0] < operands[1]).astype(np.int64)

    def bounds(self, operands: Sequence[Bounds]) -> Bounds:
        (low, high), (other_low, other_high) = operands
        return int(high < other_low), int(low < other_high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Equal(_Several):
    """1 where two sources are equal, else 0."""

    def value(self, operands: Sequence[np.ndarray], inputs: np.ndarray) -> np.ndarray:
        return (operands[0] == operands[1]).astype(np.int64)

    def bounds(self, operands: Sequence[Bounds]) -> Bounds:
        (low, high), (other_low, other_high) = operands
        always = low == high == other_low == other_high
        return int(always), int(low <= other_high and other_low <= high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(_Several):
    """The second source where the first is not 0, else the third."""

    def value(self, operands: Sequence[np.ndarray], inputs: np.ndarray) -> np.ndarray:
        return np.where(operands[0] != 0, operands[1], operands[2])

    def bounds(self, operands: Sequence[Bounds]) -> Bounds:
        return min(o[0] for o in operands[1:]), max(o[1] for o in operands[1:])


@dataclass(frozen=True, slots=True, kw_only=True)
class All(_Several):
    """1 where every source, each 0 or 1, is 1 (0 where it is ``inverted``), else 0."""

    inverted: tuple[bool, ...]

    def value(self, operands: Sequence[np.ndarray], inputs: np.ndarray) -> np.ndarray:
        result = np.ones(len(inputs), dtype=np.int64)
        for operand, inverted in zip(operands, self.inverted, strict=True):
            result &= operand ^ int(inverted)
        return result

    def bounds(self, operands: Sequence[Bounds]) -> Bounds:
        bits = [
            (1 - high, 1 - low) if inverted else (low, high)
            for (low, high), inverted in zip(operands, self.inverted, strict=True)
        ]
        return min([low for low, _ in bits], default=1), min([h for _, h in bits], default=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOf(_Several):
    """Of sources of which exactly one is 1 and the others are 0, the ``numbers`` of that one."""

    numbers: tuple[int, ...]

    def value(self, operands: Sequence[np.ndarray], inputs: np.ndarray) -> np.ndarray:
        pairs = zip(operands, self.numbers, strict=True)
        return sum((o * number for o, number in pairs), np.zeros(len(inputs), np.int64))

    def bounds(self, operands: Sequence[Bounds]) -> Bounds:
        possible = [n for n, (_, high) in zip(self.numbers, operands, strict=True) if high]
        return min(possible), max(possible)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth(_Several):
    """A function of bits: bit i of ``table`` where the sources, each 0 or 1, spell i.

    The first source is the lowest bit of i. A bit of ``free`` is set where its i never comes.
    """

    table: int
    free: int = 0

    def value(self, operands: Sequence[np.ndarray], inputs: np.ndarray) -> np.ndarray:
        entries = entries_of(self.table, len(self.sources))
        return entries.astype(np.int64)[index_of(operands, len(inputs))]

    def bounds(self, operands: Sequence[Bounds]) -> Bounds:
        low = sum(bounds[0] << place for place, bounds in enumerate(operands))
        varying = [1 << place for place, (least, most) in enumerate(operands) if least != most]
        indices = [low]
        for step in varying:
            indices += [index + step for index in indices]
        found = {self.table >> i & 1 for i in indices if not self.free >> i & 1}
        return min(found, default=0), max(found, default=0)


@dataclass(frozen=True, slots=True)
class LayerOutput:
    """The tensor that a layer hands on.

    Parameters
    ----------
    name, kind : str
    is_wiring : bool
        The nodes are those of layers before: it has no gates.
    nodes : tuple of int
        Node of each element, flattened with the last axis fastest, or ``NOT_BUILT``.
    type : FixedPoint
        Declared type of every element.
    shifts : tuple of int
        An element's value is its node's, shifted left by so many bits: those that its channel
        does not keep are not computed and are always zero.
    clocks : int
        Registers between the input and this tensor: what a constant waits for as well.
    offsets : tuple of int
        What is added to the shifted node; empty where it is 0 everywhere.
    block : str
        Layer whose module holds this layer's gates: its own name, or that of the layer which alone
        reads it and is built together with it. Empty for wiring.
    reads : tuple of str
        Tensors that the module takes, inputs of the network or other modules' layers.
    """

    name: str
    kind: str
    is_wiring: bool
    nodes: tuple[int, ...]
    type: FixedPoint
    shifts: tuple[int, ...]
    clocks: int = 0
    offsets: tuple[int, ...] = ()
    block: str = ""
    reads: tuple[str, ...] = ()

    @property
    def is_module(self) -> bool:
        """Whether it is the output of a module of its own."""
        return self.block == self.name

    @property
    def elements(self) -> Elements:
        """Node, shift and offset of each element."""
        offsets = self.offsets or (0,) * len(self.nodes)
        return tuple(map(Element, self.nodes, self.shifts, offsets))


@dataclass(frozen=True, slots=True)
class InputPort:
    """A tensor that comes in: elements ``first`` to ``first + elements - 1`` of the inputs.

    ``clocks`` counts registers behind it.
    """

    name: str
    type: FixedPoint
    first: int
    elements: int
    clocks: int = 0


@dataclass(frozen=True, slots=True)
class Graph:
    """A network as nodes; every node comes after its operands.

    Parameters
    ----------
    nodes : tuple of Node
    inputs : tuple of InputPort
    layers : tuple of LayerOutput
        In the network's order.
    outputs : tuple of str
        Names of the layers that go out.
    ranges : tuple of (int, int)
        Least and greatest value of each node; empty until the pass ``ranges`` has run.
    """

    nodes: tuple[Node, ...]
    inputs: tuple[InputPort, ...]
    layers: tuple[LayerOutput, ...]
    outputs: tuple[str, ...]
    ranges: tuple[Bounds, ...] = ()

    @property
    def output_layers(self) -> tuple[LayerOutput, ...]:
        """Layers that go out, in order."""
        by_name = {layer.name: layer for layer in self.layers}
        return tuple(by_name[name] for name in self.outputs)

    @property
    def input_width(self) -> int:
        """Bits of all inputs."""
        return sum(port.elements * port.type.width for port in self.inputs)

    @property
    def modules(self) -> tuple[LayerOutput, ...]:
        """Layers with a module of their own."""
        return tuple(layer for layer in self.layers if layer.is_module)

    @property
    def output_clocks(self) -> int:
        """Registers between input and output: of the latest tensor, for which others wait."""
        return max(layer.clocks for layer in self.output_layers)

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
        return self.add(Constant(layer=layer, name=f"constant_{sign}{abs(value)}", number=value))

    def graph(self) -> Graph:
        """The new graph, with the old one's layers renumbered and no ranges."""
        assert self._old is not None
        moved = self.moved | {NOT_BUILT: NOT_BUILT}
        layers = tuple(
            replace(layer, nodes=tuple(moved[node] for node in layer.nodes))
            for layer in self._old.layers
        )
        return replace(self._old, nodes=tuple(self.nodes), layers=layers, ranges=())
