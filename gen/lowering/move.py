"""Lowering of ``move``: no gates."""

from collections.abc import Sequence

from hexcoder.gen.graph import CORE, Element, Elements
from hexcoder.gen.scope import Scope
from hexcoder.network.kinds.move import Move
from hexcoder.network.layer import LayerContext


def lower(context: LayerContext, scope: Scope, sources: Sequence[Elements]) -> Elements:
    """The elements in their new order, at the finest binary point."""
    assert isinstance(context.layer, Move)
    finest = context.output_type.fraction_bits
    flat = [
        Element(node, shift + finest - source.type.fraction_bits, offset << by)
        for elements, source in zip(sources, context.inputs, strict=True)
        for node, shift, offset in elements
        for by in [finest - source.type.fraction_bits]
    ]
    zero = Element(scope.builder.constant(CORE, 0))
    return tuple(
        flat[number] if number >= 0 else zero
        for number in context.layer.numbers(context.inputs).tolist()
    )
