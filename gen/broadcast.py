"""Elements of tensors combined element by element."""

from collections.abc import Iterator, Sequence

import numpy as np

from hexcoder.gen.graph import Element, Elements
from hexcoder.network.aligned import broadcast_shape
from hexcoder.network.layer import LayerContext


def together(
    context: LayerContext, sources: Sequence[Elements]
) -> Iterator[tuple[int, tuple[Element, ...]]]:
    """Number of each output element, and the elements that it is made of."""
    shape = broadcast_shape(context.inputs)
    numbers = [
        np.broadcast_to(np.arange(source.elements).reshape(source.shape), shape).ravel()
        for source in context.inputs
    ]
    for index, places in enumerate(zip(*(one.tolist() for one in numbers), strict=True)):
        yield index, tuple(source[place] for source, place in zip(sources, places, strict=True))
