"""Lowering of ``matmul``: a sum of products for each element."""

from collections.abc import Sequence

import numpy as np

from hexcoder.gen.graph import Element, Elements
from hexcoder.gen.products import add_product
from hexcoder.gen.scope import Scope, Terms
from hexcoder.network.layer import LayerContext


def lower(context: LayerContext, scope: Scope, sources: Sequence[Elements]) -> Elements:
    """The exact sums."""
    left, right = (
        np.arange(source.elements).reshape(-1, *source.shape[-2:]) for source in context.inputs
    )
    made = []
    for batch in range(len(left)):
        for row in left[batch].tolist():
            for column in right[batch].T.tolist():
                terms, index = Terms(), len(made)
                for place, (a, b) in enumerate(zip(row, column, strict=True)):
                    name = f"product_{index}_{place}"
                    add_product(scope, terms, name, sources[0][a], sources[1][b])
                made.append(Element(scope.sum(f"sum_{index}", terms)))
    return tuple(made)
