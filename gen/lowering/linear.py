"""Lowering of ``linear``: a sum for each output."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from hexcoder.gen.graph import Element, Elements
from hexcoder.gen.scope import Scope, Terms
from hexcoder.network.kinds.linear import Linear
from hexcoder.network.layer import LayerContext


def lower(context: LayerContext, scope: Scope, sources: Sequence[Elements]) -> Elements:
    """The exact sums; those that read the same elements are a group.

    Sums that are not joined by common elements are parts of their own: a layer that does the same
    at many positions is then solved once.
    """
    layer, given = context.layer, sources[0]
    assert isinstance(layer, Linear)
    sums, _, _ = layer.sums(context.inputs[0])
    _, groups = np.unique(sums.elements, axis=0, return_inverse=True)
    used = (sums.weights != 0) & (sums.elements >= 0)
    parts = _parts(sums.elements, used, len(given))
    made = []
    for index, (elements, weights, bias, group) in enumerate(
        zip(sums.elements, sums.weights, sums.biases.tolist(), groups.tolist(), strict=True)
    ):
        terms = Terms(bias)
        for place in np.flatnonzero(used[index]).tolist():
            terms.add(given[int(elements[place])], int(weights[place]) << sums.weight_shift)
        made.append(Element(scope.sum(f"sum_{index}", terms, group, parts[index])))
    return tuple(made)


def _parts(elements: np.ndarray, used: np.ndarray, count: int) -> list[int]:
    """Number of the part that each sum belongs to, from elements (sums, terms) that it uses."""
    rows, columns = np.nonzero(used)
    size = len(elements) + count
    joins = coo_matrix(
        (np.ones(len(rows)), (rows, len(elements) + elements[rows, columns])), shape=(size, size)
    )
    _, labels = connected_components(joins, directed=False)
    return np.unique(labels[: len(elements)], return_inverse=True)[1].tolist()
