"""Lowering of ``flatten``: no gates."""

from hexcoder.gen.graph import Builder
from hexcoder.gen.weighted import Elements
from hexcoder.network.layer import LayerContext


def lower(context: LayerContext, builder: Builder, sources: Elements) -> Elements:
    """The elements as they come."""
    return sources
