"""Lowering of ``dense``: a sum over all inputs for each output."""

from collections.abc import Iterator, Sequence

from hexcoder.gen.graph import Elements
from hexcoder.gen.scope import Scope
from hexcoder.gen.weighted import Term, lower_sums
from hexcoder.network.weighted import WeightedContext


def terms(context: WeightedContext) -> Iterator[tuple[int, int, list[Term]]]:
    """Group, channel and terms of each output."""
    for output, row in enumerate(context.layer.weights):
        yield 0, output, list(enumerate(row))


def lower(context: WeightedContext, scope: Scope, sources: Sequence[Elements]) -> Elements:
    """The layer's output elements."""
    return lower_sums(terms, context, scope, sources[0])
