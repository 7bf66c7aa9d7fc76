"""Layers with weights as nodes: a sum of products for each output, activation and output type."""

from collections.abc import Callable, Iterable, Iterator

from hexcoder.fixed_point import FixedPoint
from hexcoder.gen.graph import Builder, Dot, Element, Quantise, Relu
from hexcoder.network.weighted import WeightedContext

Term = tuple[int, int]
"""Input element and integer weight."""

Elements = tuple[Element, ...]

Terms = Callable[[WeightedContext], Iterator[tuple[int, int, list[Term]]]]
"""Group, channel and terms of each output; outputs of one group read the same inputs."""


def lower_sums(
    terms: Terms, context: WeightedContext, builder: Builder, sources: Elements
) -> Elements:
    """All output elements of a layer whose outputs are sums of ``terms``."""
    return _Sums(context, builder, sources).outputs(terms)


class _Sums:
    """Adds the nodes of one layer."""

    def __init__(self, context: WeightedContext, builder: Builder, sources: Elements):
        self.context, self.layer = context, context.layer
        self.builder, self.sources = builder, sources
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

    def _operands(self, terms: Iterable[Term]) -> dict[int, int]:
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

    def outputs(self, terms: Terms) -> Elements:
        """All output elements in row, column, channel order."""
        layer, context = self.layer, self.context
        biases = layer.bias_array(context.output_shape[-1])
        shift = self.sum_fraction_bits - layer.bias_type.fraction_bits if layer.bias_type else 0
        # All products first: a pass may then take the sums of a window as one matrix.
        windows = [(group, channel, self._operands(row)) for group, channel, row in terms(context)]
        types = layer.channel_types(context.output_shape[-1])
        return tuple(
            (
                self.output(index, group, int(biases[channel]) << shift, operands, types[channel]),
                layer.output_type.fraction_bits - types[channel].fraction_bits,
            )
            for index, (group, channel, operands) in enumerate(windows)
        )
