"""Lowering of ``constant``: known integers, which the layers that read them fold."""

from collections.abc import Sequence

from hexcoder.gen.graph import CORE, Element, Elements
from hexcoder.gen.scope import Scope
from hexcoder.network.integers import int_array
from hexcoder.network.kinds.constant import Constant
from hexcoder.network.layer import LayerContext


def lower(context: LayerContext, scope: Scope, sources: Sequence[Elements]) -> Elements:
    """A node for each integer."""
    assert isinstance(context.layer, Constant)
    values = int_array(context.layer.values).ravel().tolist()
    return tuple(Element(scope.builder.constant(CORE, value)) for value in values)
