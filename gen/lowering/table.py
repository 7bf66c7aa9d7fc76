"""Lowering of ``table``: a function of one element."""

from collections.abc import Sequence

from hexcoder.gen.graph import Element, Elements, Lookup
from hexcoder.gen.scope import Scope
from hexcoder.network.kinds.table import Table
from hexcoder.network.layer import LayerContext


def lower(context: LayerContext, scope: Scope, sources: Sequence[Elements]) -> Elements:
    """An entry for each element."""
    layer = context.layer
    assert isinstance(layer, Table)
    rows = [tuple(row) for row in layer.rows().tolist()]
    choices = layer.choices(context.input_shape).tolist()
    return tuple(
        Element(
            scope.add(
                Lookup,
                f"output_{index}",
                source=element.node,
                shift=element.shift,
                offset=element.offset - context.input_type.minimum,
                entries=rows[choice],
            )
        )
        for index, (element, choice) in enumerate(zip(sources[0], choices, strict=True))
    )
