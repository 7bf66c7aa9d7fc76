"""Lowering of ``linear``: a sum for each output."""

from collections.abc import Sequence

import numpy as np

from hexcoder.gen.graph import Element, Elements
from hexcoder.gen.scope import Scope, Terms
from hexcoder.network.kinds.linear import Linear
from hexcoder.network.layer import LayerContext


def lower(context: LayerContext, scope: Scope, sources: Sequence[Elements]) -> Elements:
    """The exact sums; those that read the same elements are a group."""
    layer, given = context.layer, sources[0]
    assert isinstance(layer, Linear)
    sums, _, _ = layer.sums(context.inputs[0])
    _, groups = np.unique(sums.elements, axis=0, return_inverse=True)
    made = []
    for index, (elements, weights, bias, group) in enumerate(
        zip(sums.elements, sums.weights, sums.biases.tolist(), groups.tolist(), strict=True)
    ):
        terms = Terms(bias)
        for place in np.flatnonzero((weights != 0) & (elements >= 0)).tolist():
            terms.add(given[int(elements[place])], int(weights[place]) << sums.weight_shift)
        made.append(Element(scope.sum(f"sum_{index}", terms, group)))
    return tuple(made)
