"""Pass ``gates``: a layer's nodes become words of bits, and its sums bit heaps."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from hexcoder.digits import digit_count, signed_digits
from hexcoder.fixed_point import FixedPoint
from hexcoder.gen.gates import logic
from hexcoder.gen.gates.activation import (
    any_of,
    extended,
    masked,
    quantised,
    relu_quantised,
)
from hexcoder.gen.gates.bits import FALSE, TRUE, WAIT, Gate, Gates, live_gates
from hexcoder.gen.gates.heap import Columns, heap_size, reduce_heap, single_bits
from hexcoder.gen.gates.truth import minimised
from hexcoder.gen.graph import (
    NOT_BUILT,
    All,
    Choice,
    Clip,
    Constant,
    Dot,
    Elements,
    Equal,
    Graph,
    LayerOutput,
    Less,
    Lookup,
    Node,
    OneOf,
    Product,
    Quantise,
    Relu,
    Steps,
    Truth,
)
from hexcoder.gen.passes.ranges import width_of
from hexcoder.technology import Technology


@dataclass(frozen=True, slots=True)
class Word:
    """A value as bits that count up from an offset: the sum of 2**column for each bit, plus it.

    All bits have positive weight, so nothing is ever sign-extended: the offsets of a sum's
    operands become one constant.
    """

    columns: Columns
    offset: int


@dataclass(frozen=True, slots=True)
class LayerGates:
    """A layer as gates between its ports.

    Parameters
    ----------
    name, kind : str
    gates : Gates
    live : tuple of Gate
        Those on which an output depends, and all inputs, in order of evaluation.
    x : dict of int to int
        Bit of port ``x`` that each input net is.
    y : tuple of int
        Literal of each bit of port ``y``.
    x_width, y_width : int
        Bits of the ports.
    element_width : int
        Bits of each element of ``y``.
    words : dict of str to str
        What each named word stands for, in words of a reader.
    gate_stages : tuple of int
        Pipeline stage of each gate of ``live``, counted from the network's input; empty before the
        pass ``schedule``, which is all in stage 0.
    y_stages : tuple of int
        Stage in which each bit of ``y`` leaves.
    w : dict of int to int
        Bit of the parameters that each net of a loadable weight is.
    w_width : int
        Bits of the parameters: such a layer has ports for them (gen.emit.verilog.weight_ports).
    """

    name: str
    kind: str
    gates: Gates
    live: tuple[Gate, ...]
    x: dict[int, int]
    y: tuple[int, ...]
    x_width: int
    y_width: int
    element_width: int
    words: dict[str, str] = field(default_factory=dict)
    gate_stages: tuple[int, ...] = ()
    y_stages: tuple[int, ...] = ()
    w: dict[int, int] = field(default_factory=dict)
    w_width: int = 0

    def stages(self) -> list[int]:
        """Stage in which each net is made."""
        made = [0] * len(self.gates.names)
        for gate, stage in zip(self.live, self.gate_stages, strict=bool(self.gate_stages)):
            for net in gate.outputs:
                made[net] = stage
        return made

    def delays(self) -> dict[int, int]:
        """Registers in a row behind each net that has any."""
        made, found = self.stages(), dict[int, int]()
        readers = zip(self.live, self.gate_stages, strict=bool(self.gate_stages))
        uses = [(literal, stage) for gate, stage in readers for literal in gate.inputs]
        uses += zip(self.y, self.y_stages, strict=bool(self.y_stages))
        for literal, stage in uses:
            net = literal >> 1
            if net and stage > made[net]:
                found[net] = max(found.get(net, 0), stage - made[net])
        return found

    @property
    def leaves_at(self) -> int | None:
        """Stage in which the whole of ``y`` leaves; None if its bits leave in several."""
        stages = {s for s, literal in zip(self.y_stages, self.y, strict=False) if literal > 1}
        if len(stages) > 1:
            return None
        # A constant leaves when the layer is said to, as any other bit would.
        return stages.pop() if stages else max(self.y_stages, default=0)


class _Layer:
    def __init__(
        self, graph: Graph, layer: LayerOutput, y: Elements, technology: Technology, wait: float
    ):
        self.graph, self.layer, self.technology = graph, layer, technology
        self.gates = Gates(technology, wait)
        self.uses: dict[int, int] = defaultdict(int)
        self.added_only: dict[int, bool] = defaultdict(lambda: True)
        self.bits: dict[int, list[int]] = {}
        self.words: dict[int, Word] = {}
        self.described: dict[str, str] = {}
        self.constants = {i for i, node in enumerate(graph.nodes) if isinstance(node, Constant)}
        self.multiples: set[int] = set()
        for _, node in graph.nodes_of(layer.name):
            for operand in node.operands:
                self.uses[operand] += 1
                self.added_only[operand] &= isinstance(node, Dot)
            if isinstance(node, Dot):
                counts = digit_count(node.coefficients).tolist()
                self.multiples |= {s for s, n in zip(node.sources, counts, strict=True) if n > 1}
        for node, _, _ in y:
            self.added_only[node] = False

    def bits_of(self, index: int) -> list[int]:
        """A node's bits, low bit first, two's complement if it may be negative."""
        if index not in self.bits:
            node = self.graph.nodes[index]
            if isinstance(node, Constant):
                width = self.width(index)
                self.bits[index] = [node.number >> place & 1 for place in range(width)]
            else:
                word = self.words[index]
                reduced = reduce_heap(
                    self.gates,
                    word.columns,
                    word.offset % (1 << self.width(index)),
                    self.width(index),
                    node.name,
                )
                self.bits[index] = single_bits(reduced, self.width(index))
        return self.bits[index]

    def is_signed(self, index: int) -> bool:
        return self.graph.ranges[index][0] < 0

    def width(self, index: int) -> int:
        return width_of(*self.graph.ranges[index])

    def take_input(self, index: int, name: str, port: Sequence[int]) -> dict[int, int]:
        """Make the bits of an element of ``x``; port bits by net."""
        literals = [self.gates.input(f"{name}_{bit}") for bit in range(self.width(index))]
        self.bits[index] = literals
        return {literal >> 1: place for literal, place in zip(literals, port, strict=False)}

    def word(self, index: int) -> Word:
        """A node's word."""
        if index not in self.words:
            node = self.graph.nodes[index]
            if isinstance(node, Constant):
                self.words[index] = Word({}, node.number)
            else:
                bits = list(self.bits[index])
                offset = 0
                if self.is_signed(index):
                    # -2**k * sign = 2**k * (not sign) - 2**k
                    bits[-1] ^= 1
                    offset = -(1 << len(bits) - 1)
                columns = {place: [bit] for place, bit in enumerate(bits) if bit != FALSE}
                self.words[index] = Word(columns, offset)
        return self.words[index]

    def _heap(self, node: Dot) -> tuple[Columns, int]:
        """All bits of a sum, and its constant."""
        columns: Columns = defaultdict(list)
        constant = node.offset
        for source, coefficient in zip(node.sources, node.coefficients, strict=True):
            word = self.word(source)
            constant += coefficient * word.offset
            for place, sign in signed_digits(coefficient):
                for column, bits in word.columns.items():
                    if sign > 0:
                        columns[column + place] += bits
                    else:
                        # -b = (not b) - 1
                        columns[column + place] += [bit ^ 1 for bit in bits]
                        constant -= len(bits) << column + place
        return columns, constant

    def add(self, index: int, node: Dot) -> None:
        columns, constant = self._heap(node)
        if self.added_only[index]:
            self.words[index] = self._shared(index, node, columns, constant)
            return
        width = self.width(index)
        reduced = reduce_heap(self.gates, columns, constant % (1 << width), width, node.name)
        self.bits[index] = single_bits(reduced, width)

    def _shared(self, index: int, node: Dot, columns: Columns, constant: int) -> Word:
        """A sum that only other sums read: in any offset that keeps it narrow."""
        low, high = (bound - constant for bound in self.graph.ranges[index])
        width, start = high.bit_length(), 0
        if (high - low).bit_length() < width:
            width = (high - low).bit_length()
            start = _roundest(-low, (1 << width) - 1 - high)
        else:
            # What a carry that is not resolved costs whoever reads it, against what it saves here.
            plain, lazy = (heap_size(columns, 0, width, redundant=r) for r in (False, True))
            more = self.uses[index] * (lazy.bits - width) + lazy.full_adders - plain.full_adders
            saved = plain.half_adders - lazy.half_adders
            if more * self.technology.full_adder_um2 < saved * self.technology.half_adder_um2:
                reduced = reduce_heap(self.gates, columns, 0, width, node.name, redundant=True)
                return Word(reduced, constant)
        reduced = reduce_heap(self.gates, columns, start % (1 << width), width, node.name)
        return Word(reduced, constant - start)

    def relu(self, index: int, node: Relu) -> None:
        bits = self.bits_of(node.source)
        if self.is_signed(node.source):
            *bits, sign = bits
            bits = masked(self.gates, bits, sign ^ 1, node.name)
        self.bits[index] = extended(bits, self.width(index), False)

    def quantise(self, index: int, node: Quantise) -> None:
        source, make = node.source, quantised
        before = self.graph.nodes[source]
        if isinstance(before, Relu) and self.is_signed(before.source):
            source, make = before.source, relu_quantised
        low, high = self.graph.ranges[source]
        bits = self.bits_of(source)
        if node.half_even:
            # An odd result with nothing left over loses its lowest bit.
            bits = extended(bits, max(len(bits), node.drop + 2), low < 0)
            left = any_of(self.gates, bits[: node.drop], f"{node.name}_left")
            bits[node.drop] = self.gates.and_(bits[node.drop], left, f"{node.name}_even")
            low -= 1 << node.drop if low < 0 else 0
        result = make(
            self.gates,
            bits,
            (low, high),
            node.drop,
            node.target,
            node.saturate,
            node.name,
        )
        self.bits[index] = extended(result, self.width(index), self.is_signed(index))

    def build(self, index: int, node: Node) -> None:
        match node:
            case Constant():
                self.bits_of(index)
            case Dot():
                self.add(index, node)
                self._describe(index, node)
            case Relu():
                self.relu(index, node)
            case Quantise():
                self.quantise(index, node)
            case Product():
                self.product(index, node)
            case _:
                self.bits[index] = extended(
                    self._logic(index, node), self.width(index), self.is_signed(index)
                )

    def complement(self, index: int) -> list[int]:
        """A node's bits in two's complement, a sign bit last whatever its range."""
        bits = self.bits_of(index)
        return bits if self.is_signed(index) else [*bits, FALSE]

    def aligned(self, sources: Sequence[int]) -> list[list[int]]:
        """Some nodes' bits in two's complement of one width."""
        bits = list(map(self.complement, sources))
        width = max(map(len, bits))
        return [extended(one, width, True) for one in bits]

    def product(self, index: int, node: Product) -> None:
        """A product's partial products, for the sums that read it or to be added here."""
        left, right = node.sources
        columns, constant = logic.product(
            self.gates,
            self.bits_of(left),
            self.bits_of(right),
            (self.is_signed(left), self.is_signed(right)),
            node.name,
        )
        if self.added_only[index] and self.uses[index] == 1 and index not in self.multiples:
            self.words[index] = Word(columns, constant)
            return
        width = self.width(index)
        reduced = reduce_heap(self.gates, columns, constant % (1 << width), width, node.name)
        self.bits[index] = single_bits(reduced, width)

    def _logic(self, index: int, node: Node) -> list[int]:
        """Bits of a node that is no sum."""
        gates, name, width = self.gates, node.name, self.width(index)
        match node:
            case Steps():
                return self._steps(node, width)
            case Clip():
                bits, bounds = self.complement(node.source), self.graph.ranges[node.source]
                return logic.limited(gates, bits, bounds, node.low, node.high, width, name)
            case Lookup():
                return self._lookup(node, width)
            case Less():
                left, right = self.aligned(node.sources)
                return [logic.is_less(gates, left, right, name)]
            case Equal():
                left, right = self.aligned(node.sources)
                return [logic.is_equal(gates, left, right, name)]
            case Choice():
                condition = any_of(gates, self.bits_of(node.sources[0]), f"{name}_if")
                yes, no = (extended(bits, width, True) for bits in self.aligned(node.sources[1:]))
                return logic.chosen(gates, condition, yes, no, name)
            case All():
                found = TRUE
                for source, inverted in zip(node.sources, node.inverted, strict=True):
                    literal = single(self.bits_of(source)) ^ int(inverted)
                    found = gates.and_(found, literal, f"{name}_{source}")
                return [found]
            case Truth():
                literals = [single(self.bits_of(source)) for source in node.sources]
                return [minimised(gates, literals, node.table, node.free, name)]
            case OneOf():
                conditions = [single(self.bits_of(source)) for source in node.sources]
                return logic.one_of(gates, conditions, node.numbers, width, name)
        raise TypeError(f"{type(node).__name__} cannot stand inside a layer")

    def _steps(self, node: Steps, width: int) -> list[int]:
        """How many thresholds are reached, those out of reach left out."""
        bits, (low, high) = self.complement(node.source), self.graph.ranges[node.source]
        levels = sorted({t for t in node.thresholds if low < t <= high})
        base = f"{self.graph.nodes[node.source].name}_reaches"
        reached = [logic.reaches(self.gates, bits, level, base) for level in levels]
        count = len(node.thresholds)
        numbers = [bisect_right(node.thresholds, value) for value in (low, *levels)]
        if node.falling:
            numbers = [count - number for number in numbers]
        return logic.encoded(self.gates, reached, numbers, width, node.name)

    def _lookup(self, node: Lookup, width: int) -> list[int]:
        bits, (low, high) = self.bits_of(node.source), self.graph.ranges[node.source]
        table = np.full(1 << len(bits), None, dtype=object)
        for value, entry in zip(range(low, high + 1), node.reachable((low, high)), strict=True):
            table[value % len(table)] = entry
        return logic.looked_up(self.gates, bits, table, width, node.name)

    def _describe(self, index: int, node: Dot) -> None:
        terms = [
            f"{'- ' if c < 0 else '+ '}{'' if abs(c) == 1 else f'{abs(c)} '}"
            f"{self.graph.nodes[source].name}"
            for source, c in zip(node.sources, node.coefficients, strict=True)
        ]
        if node.offset:
            terms.append(f"{'-' if node.offset < 0 else '+'} {abs(node.offset)}")
        low, high = self.graph.ranges[index]
        self.described[node.name] = f"{' '.join(terms).removeprefix('+ ')}, {low} to {high}"


def single(bits: Sequence[int]) -> int:
    """The literal of a number that is 0 or 1."""
    return bits[0] if bits else FALSE


def _roundest(low: int, high: int) -> int:
    """Number from low to high, not negative bounds or not, with the most zeros at its end."""
    for zeros in range(max(high, -low, 1).bit_length(), -1, -1):
        rounded = -(-low >> zeros) << zeros
        if rounded <= high:
            return rounded
    raise AssertionError("an empty range")


@dataclass(frozen=True, slots=True)
class PortTensor:
    """A tensor in a port: element k in ``[k*w +: w]`` counted from the end of the one before."""

    elements: Elements
    type: FixedPoint


def layer_gates(
    graph: Graph,
    layer: LayerOutput,
    x: Sequence[PortTensor],
    y: Elements,
    technology: Technology,
    wait: float = WAIT,
) -> LayerGates:
    """Build one module of a graph as gates.

    Port ``x`` holds what is read, one tensor after the other, element k of ``y`` is ``y[k*w +: w]``
    in the layer's type. Of an element the port carries the shifted node, without its offset.

    Parameters
    ----------
    graph : Graph
        With ranges.
    layer : LayerOutput
    x : sequence of PortTensor
    y : tuple of Element
        ``NOT_BUILT`` gives zero.
    technology : Technology
    wait : float
        How long bits of a sum wait for others of their polarity, in delays of a carry.
    """
    built = _Layer(graph, layer, y, technology, wait)
    read = (set(built.uses) | {element.node for element in y}) - {NOT_BUILT}
    ports: dict[int, int] = {}
    start = number = 0
    for tensor in x:
        width = tensor.type.width
        for node, shift, _ in tensor.elements:
            if node in read and node not in built.bits and node not in built.constants:
                port = range(start + shift, start + width)
                ports |= built.take_input(node, f"x_{number}", port)
            start, number = start + width, number + 1
    for index, node in graph.nodes_of(layer.name):
        built.build(index, node)
    outputs: list[int] = []
    for node, shift, _ in y:
        bits: list[int] = [FALSE] * layer.type.width
        if node != NOT_BUILT:
            kept = layer.type.width - shift
            bits[shift:] = extended(built.bits_of(node), kept, built.is_signed(node))
        outputs += bits
    return LayerGates(
        layer.name,
        layer.kind,
        built.gates,
        tuple(live_gates(built.gates, outputs)),
        ports,
        tuple(outputs),
        start,
        len(y) * layer.type.width,
        layer.type.width,
        built.described,
    )
