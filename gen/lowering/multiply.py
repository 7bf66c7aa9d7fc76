"""Lowering of ``multiply``: a product for each element."""

from collections.abc import Sequence

from hexcoder.gen.broadcast import together
from hexcoder.gen.graph import Element, Elements
from hexcoder.gen.products import add_product
from hexcoder.gen.scope import Scope, Terms
from hexcoder.network.layer import LayerContext


def lower(context: LayerContext, scope: Scope, sources: Sequence[Elements]) -> Elements:
    """The exact products."""
    made = []
    for index, (left, right) in together(context, sources):
        terms = Terms()
        add_product(scope, terms, f"product_{index}", left, right)
        made.append(Element(scope.sum(f"sum_{index}", terms)))
    return tuple(made)
