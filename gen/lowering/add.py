"""Lowering of ``add``: a sum for each element."""

from collections.abc import Sequence

from hexcoder.gen.broadcast import together
from hexcoder.gen.graph import Element, Elements
from hexcoder.gen.scope import Scope
from hexcoder.network.kinds.add import Add
from hexcoder.network.layer import LayerContext


def lower(context: LayerContext, scope: Scope, sources: Sequence[Elements]) -> Elements:
    """The exact sums."""
    assert isinstance(context.layer, Add)
    factors, _ = context.layer.factors(context.inputs)
    return tuple(
        Element(scope.total(f"sum_{index}", list(zip(elements, factors, strict=True))))
        for index, elements in together(context, sources)
    )
