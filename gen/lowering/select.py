"""Lowering of ``select``."""

from collections.abc import Sequence

from hexcoder.gen.broadcast import together
from hexcoder.gen.graph import Choice, Element, Elements
from hexcoder.gen.scope import Scope
from hexcoder.network.layer import LayerContext


def lower(context: LayerContext, scope: Scope, sources: Sequence[Elements]) -> Elements:
    """One of two elements, as a third says."""
    finest = context.output_type.fraction_bits
    raised = [0, *(finest - source.type.fraction_bits for source in context.inputs[1:])]
    made = []
    for index, elements in together(context, sources):
        nodes = tuple(
            scope.plain(f"{what}_{index}", element, shift)
            for what, element, shift in zip(("if", "then", "else"), elements, raised, strict=True)
        )
        made.append(Element(scope.add(Choice, f"output_{index}", sources=nodes)))
    return tuple(made)
