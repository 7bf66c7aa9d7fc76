"""Layers with weights as nodes: a sum of products for each output, activation and output type."""

from collections.abc import Callable, Iterable, Iterator

from hexcoder.fixed_point import FixedPoint
from hexcoder.gen.graph import Element, Elements, Quantise, Relu
from hexcoder.gen.scope import Scope, Terms
from hexcoder.network.weighted import WeightedContext

Term = tuple[int, int]
"""Input element and integer weight."""

TermsOf = Callable[[WeightedContext], Iterator[tuple[int, int, list[Term]]]]
"""Group, channel and terms of each output; outputs of one group read the same inputs."""


def lower_sums(
    terms: TermsOf, context: WeightedContext, scope: Scope, sources: Elements
) -> Elements:
    """All output elements of a layer whose outputs are sums of ``terms``."""
    return _Sums(context, scope, sources).outputs(terms)


class _Sums:
    """Adds the nodes of one layer."""

    def __init__(self, context: WeightedContext, scope: Scope, sources: Elements):
        self.context, self.layer = context, context.layer
        self.scope, self.sources = scope, sources
        self.sum_fraction_bits = self.layer.sum_fraction_bits(context.input_type)
        self.align = self.sum_fraction_bits - self.layer.product_fraction_bits(context.input_type)

    def _cut_product(self, element: int, weight: int, product_type: FixedPoint) -> int:
        """One product, cut to the product type; shared by all outputs with this weight."""
        name = f"product_{element}_{'m' if weight < 0 else ''}{abs(weight)}"
        full = Terms()
        full.add(self.sources[element], weight)
        product = self.scope.sum(f"{name}_full", full, group=-1 - element)
        fraction_bits = self.context.input_type.fraction_bits
        fraction_bits += self.layer.weight_type.fraction_bits
        return self.scope.add(
            Quantise,
            name,
            source=product,
            drop=fraction_bits - product_type.fraction_bits,
            target=product_type,
            saturate=False,
        )

    def _operands(self, terms: Iterable[Term]) -> Terms:
        """The operands of a sum."""
        operands = Terms()
        for element, weight in terms:
            if weight == 0:
                continue
            if self.layer.product_type is None:
                operands.add(self.sources[element], weight << self.align)
            else:
                product = self._cut_product(element, weight, self.layer.product_type)
                operands.add(Element(product), 1 << self.align)
        return operands

    def output(self, index: int, group: int, bias: int, operands: Terms, target: FixedPoint) -> int:
        """One output element: the exact sum, the activation and the element's own type."""
        layer, scope = self.layer, self.scope
        drop = self.sum_fraction_bits - target.fraction_bits
        # Adding half before relu equals rounding after it: a sum in [-half, 0) gives 0 both ways.
        half = 1 << (drop - 1) if layer.rounding == "round_half_up" and drop > 0 else 0
        operands.constant += bias + half
        node = scope.sum(f"sum_{index}", operands, group)
        if layer.activation == "relu":
            node = scope.add(Relu, f"relu_{index}", source=node)
        return scope.add(
            Quantise,
            f"output_{index}",
            source=node,
            drop=drop,
            target=target,
            saturate=layer.overflow == "saturate",
        )

    def outputs(self, terms: TermsOf) -> Elements:
        """All output elements in row, column, channel order."""
        layer, context = self.layer, self.context
        biases = layer.bias_array(context.output_shape[-1])
        shift = self.sum_fraction_bits - layer.bias_type.fraction_bits if layer.bias_type else 0
        # All products first: a pass may then take the sums of a window as one matrix.
        windows = [(group, channel, self._operands(row)) for group, channel, row in terms(context)]
        types = layer.channel_types(context.output_shape[-1])
        return tuple(
            Element(
                self.output(index, group, int(biases[channel]) << shift, operands, types[channel]),
                layer.output_type.fraction_bits - types[channel].fraction_bits,
            )
            for index, (group, channel, operands) in enumerate(windows)
        )
