"""Layer kind ``conv2d``."""

from random import Random
from typing import Literal

import numpy as np
from pydantic import Field

from hexcoder.config import Padding, Pair, Sides
from hexcoder.network.layer import Keys, Shape
from hexcoder.network.weighted import WeightedLayer, draw_keys
from hexcoder.network.windows import same_sides


class Convolution(WeightedLayer):
    """2-D convolution (cross-correlation) on an image of (row, column, channel)."""

    kind: Literal["conv2d"]
    weights: list[list[list[list[int]]]] = Field(description="row, column, in, out")
    stride: Pair = (1, 1)
    padding: Padding = "valid"

    @property
    def kernel(self) -> tuple[int, int]:
        """Rows and columns of the kernel."""
        return len(self.weights), len(self.weights[0])

    def sides(self, shape: Shape) -> Sides:
        """Zeros added at ((top, bottom), (left, right)) of an image of ``shape``."""
        return padding_sides(self.padding, shape, self.kernel, self.stride)

    def output_shape(self, shape: Shape) -> Shape:
        """(rows, columns, out)."""
        if len(shape) != 3:
            raise ValueError(
                f"conv2d needs an image of (row, column, channel); it gets {list(shape)}"
            )
        weights = np.array(self.weights, dtype=object)
        if weights.ndim != 4 or 0 in weights.shape:
            raise ValueError("'weights' must be nested as row, column, in, out without gaps")
        if weights.shape[2] != shape[2]:
            raise ValueError(
                f"'weights' take {weights.shape[2]} channels; the layer's input has {shape[2]}"
            )
        self._check(weights.shape, weights.shape[3])
        rows, columns = convolved_size(shape, self.kernel, self.stride, self.sides(shape))
        return rows, columns, int(weights.shape[3])

    def rows(self, values: np.ndarray) -> np.ndarray:
        """A sum for each window, over (kernel row, kernel column, in)."""
        padded = np.pad(values, ((0, 0), *self.sides(values.shape[1:]), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, self.kernel, axis=(1, 2))
        rows, columns = self.stride
        windows = windows[:, ::rows, ::columns].transpose(0, 1, 2, 4, 5, 3)
        return windows.reshape(-1, int(np.prod(windows.shape[3:])))

    def matrix(self) -> np.ndarray:
        """Weights as (kernel row x kernel column x in, out)."""
        weights = self.weight_array()
        return weights.reshape(-1, weights.shape[3])

    @classmethod
    def draw_keys(cls, random: Random, shape: Shape) -> Keys | None:
        """Kernels up to the image, strides of one and two, every way of padding."""
        if len(shape) != 3:
            return None
        filters = random.randint(1, 3)
        kernel = random.randint(1, shape[0]), random.randint(1, shape[1])
        return {
            "kind": "conv2d",
            "stride": [random.randint(1, 2), random.randint(1, 2)],
            "padding": random.choice(["same", "valid", [[0, 1], [1, 0]]]),
            **draw_keys(random, (*kernel, shape[2], filters), filters),
        }


def convolved_size(
    shape: Shape, kernel: tuple[int, int], stride: tuple[int, int], sides: Sides
) -> tuple[int, int]:
    """Rows and columns after a convolution; ValueError where the kernel is the larger."""
    sizes = []
    for axis in (0, 1):
        padded = shape[axis] + sum(sides[axis])
        if padded < kernel[axis]:
            raise ValueError(f"kernel {list(kernel)} is larger than the padded image of {padded}")
        sizes.append((padded - kernel[axis]) // stride[axis] + 1)
    return sizes[0], sizes[1]


def padding_sides(
    padding: Sides | Literal["same", "valid"],
    shape: Shape,
    kernel: tuple[int, int],
    stride: tuple[int, int],
) -> Sides:
    """Resolve 'same' and 'valid' to ((top, bottom), (left, right))."""
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding != "same":
        return padding
    rows, columns = (same_sides(shape[axis], kernel[axis], stride[axis]) for axis in (0, 1))
    return rows, columns
