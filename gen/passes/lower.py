"""Pass ``lower``: layers become constant matrix-vector products, relu and quantise nodes."""

from __future__ import annotations

from collections.abc import Iterator

from gen.graph import CORE, Builder, Dot, Graph, Input, LayerOutput, Quantise, Relu
from hexcoder.fixed_point import FixedPoint
from network.schema import ArithmeticLayer, Convolution, Flatten, LayerContext, Network

Term = tuple[int, int]
"""Input element and integer weight."""

Element = tuple[int, int]
"""Node of a tensor's element, and the shift that makes it the element's value."""


def dense_outputs(context: LayerContext) -> Iterator[tuple[int, int, list[Term]]]:
    """Group, channel and terms of each output of a dense layer."""
    layer = context.layer
    assert not isinstance(layer, Flatten)
    for output, row in enumerate(layer.weights):
        yield 0, output, list(enumerate(row))  # type: ignore[arg-type]


def convolution_outputs(context: LayerContext) -> Iterator[tuple[int, int, list[Term]]]:
    """Each output's window written out; what falls on padding is not there."""
    layer = context.layer
    assert isinstance(layer, Convolution)
    rows, columns, channels = context.input_shape
    (top, _), (left, _) = layer.sides(context.input_shape)
    for row in range(context.output_shape[0]):
        for column in range(context.output_shape[1]):
            window = row * context.output_shape[1] + column
            for filter_ in range(context.output_shape[2]):
                terms = []
                for i, kernel_row in enumerate(layer.weights):
                    for j, kernel_column in enumerate(kernel_row):
                        y = row * layer.stride[0] + i - top
                        x = column * layer.stride[1] + j - left
                        if 0 <= y < rows and 0 <= x < columns:
                            first = (y * columns + x) * channels
                            terms += [
                                (first + channel, weights[filter_])
                                for channel, weights in enumerate(kernel_column)
                            ]
                yield window, filter_, terms


class _LayerLowering:
    """Adds the nodes of one layer with weights."""

    def __init__(self, context: LayerContext, builder: Builder, sources: tuple[Element, ...]):
        assert not isinstance(context.layer, Flatten)
        self.layer: ArithmeticLayer = context.layer
        self.context = context
        self.builder = builder
        self.sources = sources
        self.sum_fraction_bits = self.layer.sum_fraction_bits(context.input_type)
        self.align = self.sum_fraction_bits - self.layer.product_fraction_bits(context.input_type)

    def _cut_product(self, element: int, weight: int, product_type: FixedPoint) -> int:
        """One product, cut to the product type; shared by all outputs with this weight."""
        name = f"product_{element}_{'m' if weight < 0 else ''}{abs(weight)}"
        source, shift = self.sources[element]
        product = self.builder.add(
            Dot(
                layer=self.context.name,
                name=f"{name}_full",
                sources=(source,),
                coefficients=(weight << shift,),
                offset=0,
                group=-1 - element,
            )
        )
        fraction_bits = self.context.input_type.fraction_bits
        fraction_bits += self.layer.weight_type.fraction_bits
        return self.builder.add(
            Quantise(
                layer=self.context.name,
                name=name,
                source=product,
                drop=fraction_bits - product_type.fraction_bits,
                target=product_type,
                saturate=False,
            )
        )

    def _operands(self, terms: list[Term]) -> dict[int, int]:
        """Coefficient of each operand of the sum."""
        operands: dict[int, int] = {}
        for element, weight in terms:
            if weight == 0:
                continue
            if self.layer.product_type is None:
                operand, shift = self.sources[element]
                coefficient = weight << shift
            else:
                operand = self._cut_product(element, weight, self.layer.product_type)
                coefficient = 1
            operands[operand] = operands.get(operand, 0) + (coefficient << self.align)
        return operands

    def output(
        self, index: int, group: int, bias: int, operands: dict[int, int], target: FixedPoint
    ) -> int:
        """One output element: the exact sum, the activation and the element's own type."""
        layer, name = self.layer, self.context.name
        drop = self.sum_fraction_bits - target.fraction_bits
        # Adding half before relu equals rounding after it: a sum in [-half, 0) gives 0 both ways.
        half = 1 << (drop - 1) if layer.rounding == "round_half_up" and drop > 0 else 0
        node = self.builder.add(
            Dot(
                layer=name,
                name=f"sum_{index}",
                sources=tuple(operands),
                coefficients=tuple(operands.values()),
                offset=bias + half,
                group=group,
            )
        )
        if layer.activation == "relu":
            node = self.builder.add(Relu(layer=name, name=f"relu_{index}", source=node))
        return self.builder.add(
            Quantise(
                layer=name,
                name=f"output_{index}",
                source=node,
                drop=drop,
                target=target,
                saturate=layer.overflow == "saturate",
            )
        )

    def outputs(self) -> tuple[Element, ...]:
        """All output elements in row, column, channel order."""
        layer, context = self.layer, self.context
        walk = convolution_outputs if isinstance(layer, Convolution) else dense_outputs
        biases = layer.bias_array(context.output_shape[-1])
        shift = self.sum_fraction_bits - layer.bias_type.fraction_bits if layer.bias_type else 0
        # All products first: a pass may then take the sums of a window as one matrix.
        windows = [
            (group, channel, self._operands(terms)) for group, channel, terms in walk(context)
        ]
        types = layer.channel_types(context.output_shape[-1])
        return tuple(
            (
                self.output(index, group, int(biases[channel]) << shift, operands, types[channel]),
                layer.output_type.fraction_bits - types[channel].fraction_bits,
            )
            for index, (group, channel, operands) in enumerate(windows)
        )


def lower(network: Network) -> Graph:
    """Write a network out as nodes: one Dot per output element, with its offset.

    The bias and the half of rounding half up go into the Dot's offset, so that a Quantise node
    always floors. With a product type each distinct (input, weight) product is a Dot and a
    Quantise of its own. Semantics: docs/arithmetic.md.
    """
    builder = Builder()
    elements = 1
    for size in network.input.shape:
        elements *= size
    current = tuple(
        (builder.add(Input(layer=CORE, name=f"input_{element}", element=element)), 0)
        for element in range(elements)
    )
    layers = []
    for context in network.contexts():
        if not isinstance(context.layer, Flatten):
            current = _LayerLowering(context, builder, current).outputs()
        layers.append(
            LayerOutput(
                context.name,
                context.layer.kind,
                tuple(node for node, _ in current),
                context.output_type,
                tuple(shift for _, shift in current),
            )
        )
    return Graph(tuple(builder.nodes), network.input.type, elements, tuple(layers))
