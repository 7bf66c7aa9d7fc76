"""Lowering of ``conv2d``: a group of sums for each window."""

from collections.abc import Iterator, Sequence

from hexcoder.gen.graph import Elements
from hexcoder.gen.scope import Scope
from hexcoder.gen.weighted import Term, lower_sums
from hexcoder.network.kinds.conv2d import Convolution
from hexcoder.network.weighted import WeightedContext


def terms(context: WeightedContext) -> Iterator[tuple[int, int, list[Term]]]:
    """Each output's window written out; what falls on padding is not there."""
    layer = context.layer
    assert isinstance(layer, Convolution)
    rows, columns, channels = context.input_shape
    (top, _), (left, _) = layer.sides(context.input_shape)
    for row in range(context.output_shape[0]):
        for column in range(context.output_shape[1]):
            window = row * context.output_shape[1] + column
            for filter_ in range(context.output_shape[2]):
                inside = []
                for i, kernel_row in enumerate(layer.weights):
                    for j, kernel_column in enumerate(kernel_row):
                        y = row * layer.stride[0] + i - top
                        x = column * layer.stride[1] + j - left
                        if 0 <= y < rows and 0 <= x < columns:
                            first = (y * columns + x) * channels
                            inside += [
                                (first + channel, weights[filter_])
                                for channel, weights in enumerate(kernel_column)
                            ]
                yield window, filter_, inside


def lower(context: WeightedContext, scope: Scope, sources: Sequence[Elements]) -> Elements:
    """The layer's output elements."""
    return lower_sums(terms, context, scope, sources[0])
