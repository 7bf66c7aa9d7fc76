"""From a module of the compiler's graph to an engine that takes several clocks for an event."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd

from hexcoder.digits import digit_count
from hexcoder.gen.compiler import Settings
from hexcoder.gen.folding.engine import (
    LAST,
    TURN,
    Carried,
    Digit,
    Engine,
    Serial,
    Total,
    TurnBit,
)
from hexcoder.gen.folding.lanes import Lane, Tree, trees
from hexcoder.gen.folding.part import Part, PartBuilder
from hexcoder.gen.graph import (
    NOT_BUILT,
    Bounds,
    Choice,
    Constant,
    Dot,
    Graph,
    Input,
    LayerOutput,
    Lookup,
    Product,
)
from hexcoder.gen.passes.ranges import width_of

_OUTSIDE = -1
"""Stands for all that a module reads, among the sums that a node depends on."""


def fold(graph: Graph, layer: LayerOutput, interval: int, settings: Settings) -> Engine:
    """Fold a module so that it takes an event every ``interval`` clocks.

    Its sums of what it reads are added digit by digit, in turns; nodes that depend on one such sum
    are made once a turn; all others once an event, at full width.

    Parameters
    ----------
    graph : Graph
        With ranges, without registers and shared terms.
    layer : LayerOutput
        Of the module.
    """
    inside = dict(graph.nodes_of(layer.name))
    leaving = tuple(
        dict.fromkeys(
            node
            for node in layer.nodes
            if node != NOT_BUILT and not isinstance(graph.nodes[node], Constant)
        )
    )
    sums = _first_sums(graph, layer.name)
    if not sums:
        rest = _between(graph, layer, "rest", leaving, (), settings)
        return Engine(layer.name, None, None, None, {}, rest, leaving)
    operands = {source for index in sums for source in graph.nodes[index].operands}
    own = sorted(operands & inside.keys())
    frontier = _frontier(graph, sums, leaving)
    serial = _serial(graph, layer, sums, interval, settings)
    places = {
        serial.sums[place]: (number, turn)
        for number, tree in enumerate(serial.trees)
        for turn, place in enumerate(tree.members)
    }
    finish = PartBuilder(f"{layer.name}_finish", layer.kind)
    taker = _Taker(graph, finish)
    for index, (tree, _) in places.items():
        taker.known[index] = finish.input(Total(tree), f"total_{tree}", serial.totals[tree])
    finish.outputs = {node: taker.take(node) for node in frontier}
    return Engine(
        layer.name,
        _between(graph, layer, "prepare", own, (), settings),
        serial,
        finish.built(settings),
        {node: places[its][1] for node, its in frontier.items()},
        _between(
            graph,
            layer,
            "rest",
            [node for node in leaving if node not in frontier],
            tuple(frontier),
            settings,
        ),
        leaving,
    )


def _first_sums(graph: Graph, layer: str) -> list[int]:
    """Sums of several operands in a module that do not depend on others of them."""
    behind = set[int]()
    sums = []
    for index, node in graph.nodes_of(layer):
        if not behind.isdisjoint(node.operands):
            behind.add(index)
        elif isinstance(node, Dot) and len(node.sources) > 1:
            behind.add(index)
            sums.append(index)
    return sums


class _Taker:
    """Takes nodes of the compiled graph over into a part; ``known`` holds those that are there."""

    def __init__(self, graph: Graph, part: PartBuilder, inputs: Sequence[int] = ()):
        self.graph, self.part = graph, part
        self.known = {
            node: part.input(node, graph.nodes[node].name, graph.ranges[node]) for node in inputs
        }

    def take(self, index: int) -> int:
        """Index of a node in the part, after all that it needs."""
        if index not in self.known:
            node = self.graph.nodes[index]
            if isinstance(node, Constant):
                self.known[index] = self.part.constant(node.number)
            else:
                operands = tuple(map(self.take, node.operands))
                self.known[index] = self.part.add(node.with_operands(operands))
        return self.known[index]


def _depends(graph: Graph, layer: str, sums: Sequence[int]) -> dict[int, frozenset[int]]:
    """Sums on which each node of a module depends, and whether it reads what enters."""
    depends = {index: frozenset((index,)) for index in sums}
    for index, node in graph.nodes_of(layer):
        if index in depends:
            continue
        found = frozenset[int]()
        for operand in node.operands:
            if not isinstance(graph.nodes[operand], Constant):
                found |= depends.get(operand, frozenset((_OUTSIDE,)))
        depends[index] = found
    return depends


def _frontier(graph: Graph, sums: Sequence[int], leaving: Sequence[int]) -> dict[int, int]:
    """Nodes that depend on one sum alone and are read by others that do not; with their sum."""
    layer = graph.nodes[sums[0]].layer
    depends = _depends(graph, layer, sums)
    wanted = set(leaving)
    for index, node in graph.nodes_of(layer):
        if index not in sums:
            wanted |= {o for o in node.operands if depends.get(o) != depends[index]}
    alone = {index: its for index, its in depends.items() if len(its) == 1 and _OUTSIDE not in its}
    return {index: next(iter(alone[index])) for index in sorted(wanted) if index in alone}


def _between(
    graph: Graph,
    layer: LayerOutput,
    what: str,
    wanted: Sequence[int],
    made: Sequence[int],
    settings: Settings,
) -> Part | None:
    """A part from nodes that are made, and those that the module reads, to those wanted."""
    if not wanted:
        return None
    inside = {index for index, _ in graph.nodes_of(layer.name)} - set(made)
    entering, waiting, seen = set[int](), list(wanted), set[int]()
    while waiting:
        index = waiting.pop()
        if index in seen or isinstance(graph.nodes[index], Constant):
            continue
        seen.add(index)
        if index in inside:
            waiting += graph.nodes[index].operands
        else:
            entering.add(index)
    if not entering:
        # A port is never empty.
        entering.add(next(i for i, node in enumerate(graph.nodes) if isinstance(node, Input)))
    part = PartBuilder(f"{layer.name}_{what}", layer.kind)
    taker = _Taker(graph, part, sorted(entering))
    part.outputs = {node: taker.take(node) for node in wanted}
    return part.built(settings)


def _serial(
    graph: Graph, layer: LayerOutput, sums: Sequence[int], interval: int, settings: Settings
) -> Serial:
    """Trees for some sums, as many turns as there is time for."""
    dots = [_dot(graph, index) for index in sums]
    bounds = {source: graph.ranges[source] for dot in dots for source in dot.sources}
    widest = max(width_of(*its) for its in bounds.values())
    digit_bits = -(-widest // min(widest, interval))
    digits = -(-widest // digit_bits)
    terms = [tuple(zip(dot.sources, dot.coefficients, strict=True)) for dot in dots]
    made = trees(terms, min(interval // digits, len(sums)))
    turns = max(len(tree.members) for tree in made)
    step = _Step(graph, PartBuilder(f"{layer.name}_step", layer.kind), digit_bits, digits, turns)
    begins = tuple(
        step.tree(number, tree, [dots[place] for place in tree.members])
        for number, tree in enumerate(made)
    )
    totals = tuple(
        (
            min(graph.ranges[sums[place]][0] for place in tree.members),
            max(graph.ranges[sums[place]][1] for place in tree.members),
        )
        for tree in made
    )
    part = step.part.built(settings)
    read = {key.node: bounds[key.node] for key in part.inputs if isinstance(key, Digit)}
    return Serial(digit_bits, digits, turns, tuple(made), tuple(sums), part, begins, totals, read)


def _dot(graph: Graph, index: int) -> Dot:
    node = graph.nodes[index]
    assert isinstance(node, Dot)
    return node


class _Step:
    """Writes one step of a module's trees as a part."""

    def __init__(self, graph: Graph, part: PartBuilder, digit_bits: int, digits: int, turns: int):
        self.graph, self.part, self.digit_bits = graph, part, digit_bits
        self.digits, self.turns = digits, turns
        self.most = (1 << digit_bits) - 1

    def tree(self, number: int, tree: Tree, dots: Sequence[Dot]) -> tuple[int, ...]:
        """Add the tree of some sums, one for each turn; what each turn begins with."""
        # Lifted by its least value a step's sum is never negative, and has no constant to add.
        lifted = -self.most * sum(min(0, *lane.coefficients) for lane in tree.lanes)
        least, most = zip(*(self._span(tree, turn) for turn in range(len(dots))), strict=True)
        whole = (1 << self.digit_bits * self.digits) - 1
        constants = [self._constant(dot) - lifted * whole // self.most for dot in dots]
        # What is carried over has room for so many bits anyway; the last step adds what is above.
        room = ((lifted + max(most)) // self.most).bit_length()
        before_last = self.digit_bits * (self.digits - 1)
        room = max(room, before_last)
        begins = tuple(constant & (1 << room) - 1 for constant in constants)
        lasts = [constant >> room << room - before_last for constant in constants]
        bounds = [
            self._carried(begin, lifted + low, lifted + high)
            for begin, low, high in zip(begins, least, most, strict=True)
        ]
        range_ = min(low for low, _ in bounds), max(high for _, high in bounds)
        terms: dict[int, int] = {}

        def add(operand: int, coefficient: int) -> None:
            terms[operand] = terms.get(operand, 0) + coefficient

        add(self.part.input(Carried(number), f"tree_{number}_carried", range_), 1)
        if any(lasts):
            lasts += [lasts[-1]] * (self.turns - len(lasts))
            add(*self._weighted(self.part.input(LAST, LAST, (0, 1)), lasts, f"tree_{number}_last"))
        for place, lane in enumerate(tree.lanes):
            add(*self._operand(lane, f"tree_{number}_lane_{place}"))
        self.part.outputs[Total(number)] = self.part.add(
            Dot(
                layer="",
                name=f"tree_{number}",
                sources=tuple(terms),
                coefficients=tuple(terms.values()),
                offset=lifted,
                group=0,
            )
        )
        return begins

    def _constant(self, dot: Dot) -> int:
        """What a sum adds to its operands' bits, all of which count up."""
        constant = dot.offset
        for source, coefficient in zip(dot.sources, dot.coefficients, strict=True):
            low, high = self.graph.ranges[source]
            constant -= coefficient << width_of(low, high) - 1 if low < 0 else 0
        return constant

    def _span(self, tree: Tree, turn: int) -> Bounds:
        """Range of what a turn's digits give in a step."""
        factors = [lane.coefficients[turn] for lane in tree.lanes if lane.sources[turn] is not None]
        low = self.most * sum(factor for factor in factors if factor < 0)
        return low, self.most * sum(factor for factor in factors if factor > 0)

    def _carried(self, begin: int, low: int, high: int) -> Bounds:
        """Range of what a turn begins with and hands on, but for the last step's."""
        bounds = found = begin, begin
        for _ in range(self.digits - 1):
            bounds = (bounds[0] + low) >> self.digit_bits, (bounds[1] + high) >> self.digit_bits
            found = min(found[0], bounds[0]), max(found[1], bounds[1])
        return found

    def _weighted(self, operand: int, weights: Sequence[int], name: str) -> tuple[int, int]:
        """A node, and a coefficient, that are an operand times the weight of the turn."""
        if len(set(weights)) == 1:
            return operand, weights[0]
        factor = _factor(weights)
        weight = self.part.add(
            Lookup(
                layer="",
                name=f"{name}_weight",
                source=self.part.input(TURN, TURN, (0, self.turns - 1)),
                shift=0,
                offset=0,
                entries=tuple(weight // factor for weight in weights),
            )
        )
        product = Product(layer="", name=f"{name}_product", sources=(operand, weight))
        return self.part.add(product), factor

    def _operand(self, lane: Lane, name: str) -> tuple[int, int]:
        """Node of a lane and its coefficient."""
        zero = None if lane.coefficient is None else self.part.constant(0)
        options: list[int | None] = [
            zero if source is None else self._digit(source) for source in lane.sources
        ]
        options += [None] * (self.turns - len(options))
        digit = self._chosen(options, 0, name)
        # Behind its last sum a tree computes what nobody reads.
        idle = [lane.coefficients[-1]] * (self.turns - len(lane.coefficients))
        return self._weighted(digit, [*lane.coefficients, *idle], name)

    def _digit(self, source: int) -> int:
        node = self.graph.nodes[source]
        name = f"{node.layer}_{node.name}_digit".lstrip("_")
        return self.part.input(Digit(source), name, (0, self.most))

    def _chosen(self, options: Sequence[int | None], place: int, name: str) -> int:
        """What the turn chooses of some nodes, by the bits of its number from ``place`` on."""
        wanted = {option for option in options if option is not None}
        if len(wanted) == 1:
            return wanted.pop()
        even, odd = options[::2], options[1::2]
        if not any(option is not None for option in odd):
            return self._chosen(even, place + 1, name)
        if not any(option is not None for option in even):
            return self._chosen(odd, place + 1, name)
        low = self._chosen(even, place + 1, f"{name}_even")
        high = self._chosen(odd, place + 1, f"{name}_odd")
        if low == high:
            return low
        bit = self.part.input(TurnBit(place), f"turn_bit_{place}", (0, 1))
        return self.part.add(Choice(layer="", name=f"{name}_chosen", sources=(bit, high, low)))


def _factor(coefficients: Sequence[int]) -> int:
    """What all products of a lane have in common, where multiplying by it later costs less."""
    common = gcd(*coefficients)
    shift = common & -common

    def width(divisor: int) -> int:
        entries = [coefficient // divisor for coefficient in coefficients]
        return width_of(min(entries), max(entries))

    is_cheap = int(digit_count([common]).sum()) * width(common) < width(shift)
    return common if is_cheap else shift
