"""Lowering of ``flatten``: no gates."""

from collections.abc import Sequence

from hexcoder.gen.graph import Elements
from hexcoder.gen.scope import Scope
from hexcoder.network.layer import LayerContext


def lower(context: LayerContext, scope: Scope, sources: Sequence[Elements]) -> Elements:
    """The elements as they come."""
    return sources[0]
