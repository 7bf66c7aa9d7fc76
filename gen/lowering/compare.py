"""Lowering of ``compare``."""

from collections.abc import Sequence

from hexcoder.gen.broadcast import together
from hexcoder.gen.graph import Element, Elements, Equal, Less
from hexcoder.gen.scope import Scope
from hexcoder.network.aligned import common_fraction_bits
from hexcoder.network.kinds.compare import Compare
from hexcoder.network.layer import LayerContext


def lower(context: LayerContext, scope: Scope, sources: Sequence[Elements]) -> Elements:
    """A bit for each pair; inverses are counted down from 1."""
    layer = context.layer
    assert isinstance(layer, Compare)
    finest = common_fraction_bits([source.type for source in context.inputs])
    raised = [finest - source.type.fraction_bits for source in context.inputs]
    kind = Equal if "less" not in layer.relation and "greater" not in layer.relation else Less
    swapped = layer.relation in ("greater", "less_equal")
    inverted = layer.relation in ("less_equal", "greater_equal", "not_equal")
    made = []
    for index, pair in together(context, sources):
        nodes = tuple(
            scope.plain(f"{side}_{index}", element, shift)
            for side, element, shift in zip(("left", "right"), pair, raised, strict=True)
        )
        bit = scope.add(kind, f"is_{index}", sources=nodes[::-1] if swapped else nodes)
        if inverted:
            bit = scope.total(f"not_{index}", [(Element(bit), -1)], 1)
        made.append(Element(bit))
    return tuple(made)
