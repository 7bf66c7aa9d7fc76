"""Lowering of ``threshold``: comparisons with constants, counted."""

from collections.abc import Sequence

from hexcoder.gen.graph import Element, Elements, Steps
from hexcoder.gen.scope import Scope
from hexcoder.network.kinds.threshold import Threshold
from hexcoder.network.layer import LayerContext


def lower(context: LayerContext, scope: Scope, sources: Sequence[Elements]) -> Elements:
    """What each element counts, from its start on."""
    layer = context.layer
    assert isinstance(layer, Threshold)
    falls, rows = layer.falls(), layer.rows(context.input_shape)
    return tuple(
        _element(scope, layer, index, element, layer.thresholds[row], falls[row])
        for index, (element, row) in enumerate(zip(sources[0], rows.tolist(), strict=True))
    )


def _element(
    scope: Scope, layer: Threshold, index: int, element: Element, row: list[int], falls: bool
) -> Element:
    start, step = layer.start, layer.step
    if step < 0:
        # Down from above is up from below, the other way round.
        start, step, falls = start + step * len(row), -step, not falls
    reached = tuple(-((element.offset - one) >> element.shift) for one in row)
    count = scope.add(
        Steps, f"steps_{index}", source=element.node, thresholds=reached, falling=falls
    )
    zeros = (step & -step).bit_length() - 1
    if step == 1 << zeros:
        return Element(count, zeros, start)
    return Element(scope.total(f"level_{index}", [(Element(count), step)]), 0, start)
