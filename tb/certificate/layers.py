"""A network as what has to be proved: elements that are sums of others, and functions of one sum.

What is wiring or exact (flatten, move, add, linear, sums) makes no element of its own: it only says
of which sums a later element is the function. So each :class:`Element` stands for bits that the
circuit has to have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hexcoder.fixed_point import FixedPoint
from hexcoder.network.kinds.add import Add
from hexcoder.network.kinds.constant import Constant
from hexcoder.network.kinds.linear import Linear
from hexcoder.network.kinds.lut_network import LutNetwork
from hexcoder.network.kinds.move import Move
from hexcoder.network.kinds.reduce import Reduce
from hexcoder.network.kinds.requantise import Requantise, fitted
from hexcoder.network.kinds.table import Table
from hexcoder.network.kinds.threshold import Threshold
from hexcoder.network.layer import LayerContext
from hexcoder.network.quantise import quantise
from hexcoder.network.rounding import rounded, rounding_terms
from hexcoder.network.schema import Network
from hexcoder.network.weighted import WeightedLayer
from hexcoder.tb.certificate.symbolic import Inexpressible, range_of

Function = Callable[[Any], Any]
"""Of integers: an array or :class:`Symbolic`."""


@dataclass(eq=False)
class Element:
    """An element of a tensor, of which each event has bits in the circuit.

    Parameters
    ----------
    tensor : str
        Name of the layer or input.
    number : int
        In the flattened tensor.
    width : int
        Bits of it, two's complement if it may be negative.
    low, high : int
        Range of its values.
    sum : Affine, optional
        What it is a function of; None of an input.
    drop : int
        The function depends on floor(sum / 2**drop) alone.
    function : callable, optional
        From these integers, an int64 array or :class:`Symbolic`, to the element's values.
    is_inner : bool
        Not a layer's output, but within it: a product that is cut.
    """

    tensor: str
    number: int
    width: int
    low: int
    high: int
    sum: Affine | None = None
    drop: int = 0
    function: Function | None = None
    is_inner: bool = False

    def roots(self) -> list[Element]:
        """What it is made of, outside of its layer."""
        return self._made_of(lambda one: one.is_inner)

    def inputs(self) -> list[Element]:
        """What it is made of, of the network's input."""
        return self._made_of(lambda one: True)

    def leaves(self) -> list[Element]:
        """As roots, but of what lies in its layer the first that is made of those."""
        return self._made_of(
            lambda one: (
                one.is_inner
                and one.sum is not None
                and any(other.is_inner for other in one.sum.terms)
            )
        )

    def _made_of(self, is_passed: Callable[[Element], bool]) -> list[Element]:
        """Elements that its sum leads to, through those that are passed."""
        assert self.sum is not None
        found: dict[Element, None] = {}
        seen = set(self.sum.terms)
        waiting = list(reversed(self.sum.terms))
        while waiting:
            one = waiting.pop()
            if one.sum is None or not is_passed(one):
                found[one] = None
                continue
            inner = [other for other in reversed(one.sum.terms) if other not in seen]
            seen.update(inner)
            waiting += inner
        return list(found)

    def value(self, values: dict[Element, np.ndarray]) -> np.ndarray:
        """Its values, int64, from those of others; ``values`` gets it too."""
        if self not in values:
            assert self.sum is not None
            assert self.function is not None
            values[self] = self.function(self.sum.value(values) >> self.drop)
        return values[self]


@dataclass
class Affine:
    """``constant`` plus the sum of factor times element."""

    terms: dict[Element, int] = field(default_factory=dict)
    constant: int = 0

    def __post_init__(self) -> None:
        self.terms = {element: factor for element, factor in self.terms.items() if factor}

    @property
    def bounds(self) -> tuple[int, int]:
        """Least and greatest value, the elements taken as independent."""
        low = high = self.constant
        for element, factor in self.terms.items():
            ends = factor * element.low, factor * element.high
            low, high = low + min(ends), high + max(ends)
        return low, high

    def value(self, values: dict[Element, np.ndarray]) -> np.ndarray:
        """Its values, int64, from those of elements, which may get more."""
        total = np.array(self.constant, np.int64)
        for element, factor in self.terms.items():
            total = total + factor * element.value(values)
        return total

    def scaled(self, factor: int, shift: int = 0) -> Affine:
        """``factor`` times it, plus a number."""
        terms = {element: factor * its for element, its in self.terms.items()}
        return Affine(terms, factor * self.constant + shift)

    @staticmethod
    def joined(parts: Sequence[tuple[Affine, int]], constant: int = 0) -> Affine:
        """Sum of factors times affine forms, and a constant."""
        terms: dict[Element, int] = {}
        for part, factor in parts:
            constant += factor * part.constant
            for element, its in part.terms.items():
                terms[element] = terms.get(element, 0) + factor * its
        return Affine(terms, constant)


Tensors = dict[str, list[Affine]]


@dataclass(frozen=True)
class Unknown:
    """A node whose kind the certificate does not cover, or that reads one."""

    name: str
    kind: str


@dataclass
class Layers:
    """Elements of each layer in the network's order; ``unknown`` are those that are not covered."""

    tensors: Tensors = field(default_factory=dict)
    unknown: dict[str, Unknown] = field(default_factory=dict)


def width_of(low: int, high: int) -> int:
    """Bits for a range: unsigned if it is never negative, else two's complement."""
    if low >= 0:
        return high.bit_length()
    return max((-low - 1).bit_length(), max(high, 0).bit_length()) + 1


def layers_of(network: Network) -> Layers:
    """Write out every element of a network."""
    found = Layers()
    for name, source in network.inputs_by_name.items():
        type_ = source.type
        found.tensors[name] = [
            Affine({Element(name, k, type_.width, type_.minimum, type_.maximum): 1})
            for k in range(source.elements)
        ]
    for context in network.contexts():
        behind = [found.unknown[source] for source in context.sources if source in found.unknown]
        made = None if behind else _elements(context, found.tensors)
        if made is None:
            found.unknown[context.name] = (
                behind[0] if behind else Unknown(context.name, context.layer.kind)
            )
        else:
            found.tensors[context.name] = made
    return found


def _elements(context: LayerContext, tensors: Mapping[str, list[Affine]]) -> list[Affine] | None:
    """Elements of a layer; None if its kind is not covered."""
    sources = [tensors[source] for source in context.sources]
    match context.layer:
        case WeightedLayer() as layer:
            return _Weighted(context, layer, sources[0]).elements()
        case Requantise() as layer:
            return _requantised(context, layer, sources[0])
        case Threshold() as layer:
            return _thresholds(context, layer, sources[0])
        case Table() as layer:
            return _looked_up(context, layer, sources[0])
        case LutNetwork() as layer:
            return _lut_network(context, layer, sources[0])
        case Add() | Move() | Linear() | Constant() as layer:
            return _exact(context, sources)
        case Reduce(operation="sum") as layer:
            numbers, _ = layer.groups(context.input_shape)
            return [
                Affine.joined([(sources[0][k], 1) for k in row.tolist() if k >= 0])
                for row in numbers
            ]
        case _:
            if context.layer.is_wiring:
                return list(sources[0])
            return None


def _exact(context: LayerContext, sources: Sequence[list[Affine]]) -> list[Affine]:
    """Elements of a node that is exact and wiring, or a sum."""
    match context.layer:
        case Constant():
            values = context.golden().reshape(-1).tolist()
            return [Affine({}, value) for value in values]
        case Add() as layer:
            factors, _ = layer.factors(context.inputs)
            numbers = [
                np.broadcast_to(_places(source.shape), context.output_shape).reshape(-1)
                for source in context.inputs
            ]
            return [
                Affine.joined(
                    [(part[n], f) for part, n, f in zip(sources, row, factors, strict=True)]
                )
                for row in zip(*(n.tolist() for n in numbers), strict=True)
            ]
        case Move() as layer:
            points = [source.type.fraction_bits for source in context.inputs]
            finest = max(points)
            given = [
                one.scaled(1 << finest - point)
                for part, point in zip(sources, points, strict=True)
                for one in part
            ]
            numbers = layer.numbers(context.inputs).tolist()
            return [given[k] if k >= 0 else Affine() for k in numbers]
        case Linear() as layer:
            sums, _, _ = layer.sums(context.inputs[0])
            return [
                Affine.joined(
                    [
                        (sources[0][k], w << sums.weight_shift)
                        for k, w in zip(elements, weights, strict=True)
                        if k >= 0 and w
                    ],
                    bias,
                )
                for elements, weights, bias in zip(
                    sums.elements.tolist(), sums.weights.tolist(), sums.biases.tolist(), strict=True
                )
            ]
    raise TypeError(context.layer.kind)


def _places(shape: Sequence[int]) -> np.ndarray:
    return np.arange(int(np.prod(shape))).reshape(shape)


def _function(
    context: LayerContext,
    number: int,
    total: Affine,
    drop: int,
    function: Function,
    *,
    cut: FixedPoint | None = None,
) -> Affine:
    """An element that is a function of floor(total / 2**drop), or a product ``cut`` to a type.

    A function that changes nothing makes no element: the compiler may add such a sum to others
    before it resolves its carries.
    """
    type_ = cut or context.output_type
    low, high = (bound >> drop for bound in total.bounds)
    least, greatest = _range(function, low, high, type_)
    if least == greatest and cut:
        return Affine({}, least)
    width = width_of(least, greatest) if cut else type_.width
    name = f"{context.name}.products" if cut else context.name
    element = Element(name, number, width, least, greatest, total, drop, function, bool(cut))
    return Affine({element: 1})


FEW_VALUES = 1 << 16
"""Integers that a function of a sum is evaluated on without further ado."""
MOST_VALUES = 1 << 21
"""Integers that a function is evaluated on which no diagrams say."""


def _range(function: Function, low: int, high: int, type_: FixedPoint) -> tuple[int, int]:
    """Least and greatest value from ``low`` to ``high``; where in doubt the type's."""
    if high - low >= FEW_VALUES:
        with suppress(Inexpressible):
            return range_of(function, low, high)
    if high - low >= MOST_VALUES:
        return type_.minimum, type_.maximum
    values = function(np.arange(low, high + 1))
    return int(values.min()), int(values.max())


@dataclass
class _Weighted:
    """Sums of a dense layer or a convolution."""

    context: LayerContext
    layer: WeightedLayer
    source: list[Affine]

    def elements(self) -> list[Affine]:
        layer, source = self.layer, self.context.input_type
        # Element 0 stands for padding.
        numbered = _places(self.context.input_shape)[None] + 1
        rows, matrix = layer.rows(numbered), layer.matrix()
        channels = matrix.shape[1]
        points = layer.sum_fraction_bits(source)
        align = points - layer.product_fraction_bits(source)
        biases = layer.bias_array(channels)
        if layer.bias_type is not None:
            biases = biases << points - layer.bias_type.fraction_bits
        types = layer.channel_types(channels)
        self._cut: dict[tuple[int, int], Affine] = {}
        made: list[Affine] = []
        for row in rows.tolist():
            for channel in range(channels):
                parts = [
                    (self._product(k - 1, w), 1 << align)
                    for k, w in zip(row, matrix[:, channel].tolist(), strict=True)
                    if k and w
                ]
                total = Affine.joined(parts, int(biases[channel]))
                made.append(self._output(len(made), total, points, types[channel]))
        return made

    def _product(self, number: int, weight: int) -> Affine:
        layer = self.layer
        product = self.source[number].scaled(weight)
        target = layer.product_type
        if target is None:
            return product
        if (number, weight) not in self._cut:
            points = self.context.input_type.fraction_bits + layer.weight_type.fraction_bits
            drop = max(0, points - target.fraction_bits)
            widened = max(0, target.fraction_bits - points)

            def cut(values: np.ndarray) -> np.ndarray:
                return quantise(values, target.fraction_bits - widened, target, "floor", "wrap")

            self._cut[number, weight] = self._straight(product, drop, widened, cut) or _function(
                self.context,
                len(self._cut),
                product,
                drop,
                cut,
                cut=target,
            )
        return self._cut[number, weight]

    @staticmethod
    def _straight(
        product: Affine, drop: int, widened: int, cut: Callable[[np.ndarray], np.ndarray]
    ) -> Affine | None:
        """A product of which the cut takes nothing away."""
        unit = 1 << drop
        if product.constant % unit or any(factor % unit for factor in product.terms.values()):
            return None
        exact = Affine({e: f // unit for e, f in product.terms.items()}, product.constant // unit)
        ends = np.array(exact.bounds)
        return exact.scaled(1 << widened) if (cut(ends) == ends << widened).all() else None

    def _output(self, number: int, total: Affine, points: int, type_: FixedPoint) -> Affine:
        layer = self.layer
        drop = max(0, points - type_.fraction_bits)
        half = 1 << drop >> 1 if layer.rounding == "round_half_up" else 0
        shift = layer.output_type.fraction_bits - type_.fraction_bits

        def end(values: np.ndarray) -> np.ndarray:
            # The half is added before relu: docs/arithmetic.md says why that is the same.
            kept = np.maximum(values, 0) if layer.activation == "relu" else values
            return quantise(kept, points - drop, type_, "floor", layer.overflow) << shift

        return _function(self.context, number, total.scaled(1, half), drop, end)


def _requantised(
    context: LayerContext, layer: Requantise, source: list[Affine]
) -> list[Affine] | None:
    finest = context.output_type.fraction_bits
    made: list[Affine] = []
    for number, type_ in enumerate(layer.types(context.input_shape).ravel().tolist()):
        if type_ is None:
            made.append(Affine())
            continue
        made.append(_requantised_element(context, layer, number, source[number], type_, finest))
    return made


def _requantised_element(
    context: LayerContext,
    layer: Requantise,
    number: int,
    total: Affine,
    type_: FixedPoint,
    finest: int,
) -> Affine:
    drop = context.input_type.fraction_bits - type_.fraction_bits
    bounded = layer.minimum is not None or layer.maximum is not None
    always, negative = rounding_terms(layer.rounding, drop) if drop > 0 else (0, 0)
    # Where the rounding only adds, and relu alone bounds, the low bits matter to nobody.
    floors = not negative and layer.rounding != "half_even" and not bounded and drop > 0
    before = drop if floors else 0

    def end(values: np.ndarray) -> np.ndarray:
        if floors:
            kept = values
        else:
            kept = values
            if layer.minimum is not None:
                kept = np.maximum(kept, layer.minimum)
            if layer.maximum is not None:
                kept = np.minimum(kept, layer.maximum)
            kept = rounded(kept, drop, layer.rounding)
        return fitted(kept, type_, layer.overflow) << finest - type_.fraction_bits

    return _function(context, number, total.scaled(1, always if floors else 0), before, end)


def _thresholds(context: LayerContext, layer: Threshold, source: list[Affine]) -> list[Affine]:
    rows, falls = layer.rows(context.input_shape).tolist(), layer.falls()

    def end(row: int) -> Callable[[np.ndarray], np.ndarray]:
        levels, falling = np.array(layer.thresholds[row], np.int64), falls[row]

        def count(values: np.ndarray) -> np.ndarray:
            reached = np.searchsorted(levels, values, side="right")
            return layer.start + layer.step * (len(levels) - reached if falling else reached)

        return count

    return [
        _function(context, number, total, 0, end(row))
        for number, (row, total) in enumerate(zip(rows, source, strict=True))
    ]


def _looked_up(context: LayerContext, layer: Table, source: list[Affine]) -> list[Affine]:
    tables, choices = layer.rows(), layer.choices(context.input_shape).tolist()
    least = context.input_type.minimum

    def end(table: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        return lambda values: table[values - least]

    return [
        _function(context, number, total, 0, end(tables[choice]))
        for number, (choice, total) in enumerate(zip(choices, source, strict=True))
    ]


def _lut_network(
    context: LayerContext, layer: LutNetwork, source: Sequence[Affine]
) -> list[Affine]:
    """Each wire a bit of an element or a table of bits, each output a sum of bits."""

    def wire(total: Affine, entries: np.ndarray, drop: int = 0) -> Affine:
        def entry(values: np.ndarray) -> np.ndarray:
            return entries[values % len(entries)]

        element = Element(context.name, len(wires) + len(made), 1, 0, 1, total, drop, entry, True)
        return Affine({element: 1})

    made, wires, before = list[Affine](), list[Affine](), 0
    for total in source:
        for place in range(context.input_type.width):
            wires.append(wire(total, np.array([0, 1], np.int64), place))
    for number, _, lut, truths in layer.walk(context.inputs[0]):
        if number != before:
            wires, made, before = wires + made, [], number
        index = Affine.joined([(wires[one], 1 << place) for place, one in enumerate(lut.inputs)])
        for truth in truths:
            entries = np.array([truth >> i & 1 for i in range(1 << len(lut.inputs))], np.int64)
            made.append(wire(index, entries))
    wires += made
    return [
        Affine.joined(
            [(wires[one], by) for by, one in zip(layer.weights(len(ends)), ends, strict=True)],
            offset,
        )
        for ends, offset in zip(layer.ends(), layer.constants(), strict=True)
    ]
