"""One layer whose weights and biases are inputs, as gates."""

from collections.abc import Iterator, Sequence

import numpy as np

from hexcoder.fixed_point import FixedPoint
from hexcoder.gen.gates.activation import quantised, relu_quantised
from hexcoder.gen.gates.bits import FALSE, TRUE, Gates, live_gates
from hexcoder.gen.gates.heap import Columns, reduce_heap, single_bits
from hexcoder.gen.gates.layer import LayerGates
from hexcoder.gen.loadable.product import (
    Digit,
    Heap,
    Multiples,
    digits,
    floored,
    multiples,
    product,
    wrapped,
)
from hexcoder.gen.lowering import LOWERINGS
from hexcoder.gen.passes.ranges import width_of
from hexcoder.network.parameters import Parameters
from hexcoder.network.weighted import WeightedContext
from hexcoder.technology import Technology

VARIES = -1
"""Stands among known bits for one that is not constant."""


def _walk(context: WeightedContext) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Channel of each output element, and its terms as (input element, number of the weight)."""
    layer = context.layer
    weights = layer.weight_array()
    numbers = np.arange(weights.size).reshape(weights.shape).tolist()
    numbered = context.model_copy(update={"layer": layer.model_copy(update={"weights": numbers})})
    for _, channel, terms in LOWERINGS[layer.kind].terms(numbered):
        yield channel, terms


class _Layer:
    def __init__(
        self, context: WeightedContext, known: Sequence[Sequence[int]], technology: Technology
    ):
        layer = context.layer
        self.context, self.layer = context, layer
        self.gates = Gates(technology)
        self.parameters = Parameters.of(context)
        self.x: dict[int, int] = {}
        self.w: dict[int, int] = {}
        self.described: dict[str, str] = {}
        self._inputs = self._take_inputs(known)
        self._multiples: dict[int, Multiples] = {}
        self._digits: dict[int, list[Digit]] = {}
        source = context.input_type
        self.sum_fraction_bits = layer.sum_fraction_bits(source)
        self.align = self.sum_fraction_bits - layer.product_fraction_bits(source)
        target = layer.product_type
        exact = source.fraction_bits + layer.weight_type.fraction_bits
        self.drop = exact - target.fraction_bits if target else 0

    def _take_inputs(self, known: Sequence[Sequence[int]]) -> list[list[int]]:
        width = self.context.input_type.width
        inputs = []
        for element, bits in enumerate(known):
            literals = []
            for place, bit in enumerate(bits):
                if bit == VARIES:
                    literal = self.gates.input(f"x_{element}_{place}")
                    self.x[literal >> 1] = element * width + place
                    bit = literal
                literals.append(bit)
            while literals and literals[-1] == FALSE and not self.context.input_type.signed:
                literals.pop()
            inputs.append(literals)
        return inputs

    def _parameter(self, name: str, start: int, type_: FixedPoint) -> list[int]:
        literals = []
        for place in range(type_.width):
            literal = self.gates.input(f"{name}_{place}")
            self.w[literal >> 1] = start + place
            literals.append(literal)
        return literals

    def _multiple(self, element: int) -> Multiples:
        if element not in self._multiples:
            signed = self.context.input_type.signed
            self._multiples[element] = multiples(
                self.gates, self._inputs[element], signed, f"x_{element}"
            )
        return self._multiples[element]

    def _digit(self, number: int) -> list[Digit]:
        if number not in self._digits:
            type_ = self.layer.weight_type
            name = f"weight_{number}"
            bits = self._parameter(name, number * type_.width, type_)
            self._digits[number] = digits(self.gates, bits, type_.signed, name)
        return self._digits[number]

    def _range(self, element: int) -> tuple[int, int]:
        """Of an input element, from its bits that are not known to be zero."""
        bits = self._inputs[element]
        if self.context.input_type.signed:
            return self.context.input_type.minimum, self.context.input_type.maximum
        return 0, sum(1 << place for place, bit in enumerate(bits) if bit != FALSE)

    def _product(self, element: int, number: int, name: str) -> tuple[Heap, int, int]:
        """One product as it enters the sum, with its least and greatest value."""
        heap = product(self.gates, self._multiple(element), self._digit(number), name)
        low, high = self._range(element)
        type_ = self.layer.weight_type
        ends = [x * w for x in (low, high) for w in (type_.minimum, type_.maximum)]
        heap = floored(self.gates, heap, self.drop, name)
        ends = [end >> self.drop if self.drop >= 0 else end << -self.drop for end in ends]
        target = self.layer.product_type
        if target and not target.minimum <= min(ends) <= max(ends) <= target.maximum:
            heap = wrapped(self.gates, heap, target.width, target.signed, f"{name}_wrapped")
            return heap, target.minimum, target.maximum
        return heap, min(ends), max(ends)

    def output(
        self, index: int, bias: Sequence[int], terms: list[tuple[int, int]], target: FixedPoint
    ) -> list[int]:
        """One output element."""
        layer, name = self.layer, f"sum_{index}"
        drop = self.sum_fraction_bits - target.fraction_bits
        constant = 1 << (drop - 1) if layer.rounding == "round_half_up" and drop > 0 else 0
        low = high = constant
        columns: Columns = {}
        for element, number in terms:
            if not self._inputs[element]:
                continue
            heap, least, greatest = self._product(element, number, f"{name}_x_{element}")
            low, high = low + (least << self.align), high + (greatest << self.align)
            constant += heap.constant << self.align
            for place, bits in heap.columns.items():
                columns.setdefault(place + self.align, []).extend(bits)
        if layer.bias_type is not None:
            shift = self.sum_fraction_bits - layer.bias_type.fraction_bits
            bits = list(bias)
            if layer.bias_type.signed:
                bits[-1] ^= 1
                constant -= 1 << (len(bits) - 1 + shift)
            for place, bit in enumerate(bits):
                columns.setdefault(place + shift, []).append(bit)
            low += layer.bias_type.minimum << shift
            high += layer.bias_type.maximum << shift
        width = width_of(low, high)
        columns = {place: bits for place, bits in columns.items() if place < width}
        reduced = reduce_heap(self.gates, columns, constant % (1 << width), width, name)
        self.described[name] = f"{len(terms)} products and the bias, {low} to {high}"
        make = relu_quantised if layer.activation == "relu" else quantised
        return make(
            self.gates,
            single_bits(reduced, width),
            (low, high),
            drop,
            target,
            layer.overflow == "saturate",
            f"output_{index}",
        )

    def outputs(self) -> list[list[int]]:
        """All output elements in the output's type."""
        layer, type_ = self.layer, self.layer.output_type
        types = layer.channel_types(self.context.output_shape[-1])
        start = self.parameters.weights * layer.weight_type.width
        biases: dict[int, list[int]] = {}
        if layer.bias_type is not None:
            for channel in range(self.parameters.biases):
                place = start + channel * layer.bias_type.width
                biases[channel] = self._parameter(f"bias_{channel}", place, layer.bias_type)
        found = []
        for index, (channel, terms) in enumerate(_walk(self.context)):
            bits = self.output(index, biases.get(channel, ()), terms, types[channel])
            shift = type_.fraction_bits - types[channel].fraction_bits
            found.append([FALSE] * shift + bits[: type_.width - shift])
        return found


def loadable_layer(
    context: WeightedContext, known: Sequence[Sequence[int]], technology: Technology
) -> LayerGates:
    """Build a layer as gates between ``x``, its parameters and ``y``.

    Parameters
    ----------
    context : WeightedContext
        The layer; of its weights only shape and type matter.
    known : sequence of sequence of int
        For each bit of each input element 0, 1 or :data:`VARIES`.
    technology : Technology

    Returns
    -------
    LayerGates
        Its parameters are in the order of :class:`Parameters`.
    """
    built = _Layer(context, known, technology)
    outputs = [bit for element in built.outputs() for bit in element]
    type_ = built.layer.output_type
    return LayerGates(
        context.name,
        built.layer.kind,
        built.gates,
        tuple(live_gates(built.gates, outputs)),
        built.x,
        tuple(outputs),
        len(known) * context.input_type.width,
        len(outputs),
        type_.width,
        built.described,
        w=built.w,
        w_width=built.parameters.bits,
    )


def known_outputs(layer: LayerGates) -> list[list[int]]:
    """Which bits of a layer's output are constant, as :func:`loadable_layer` wants to know."""
    bits = [bit if bit <= TRUE else VARIES for bit in layer.y]
    width = layer.element_width
    return [bits[start : start + width] for start in range(0, len(bits), width)]
