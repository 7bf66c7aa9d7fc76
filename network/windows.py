"""Windows that move over the axes in front of the channels: convolution and pooling."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hexcoder.network.layer import Shape

Pads = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Windows:
    """Where windows lie in a tensor of (*axes, channels).

    Parameters
    ----------
    size, stride, dilation : tuple of int
        For each axis: elements of a window, steps between windows, steps within one.
    padding : sequence of (int, int)
        Elements added before and behind each axis.
    """

    size: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: Pads

    def positions(self, shape: Shape) -> tuple[int, ...]:
        """How many windows there are along each axis.

        Raises
        ------
        ValueError
            If the tensor has another number of axes, or a window is larger than it.
        """
        axes = len(self.size)
        if len(shape) != axes + 1:
            raise ValueError(
                f"a window of {list(self.size)} needs a tensor of {axes} axes and channels; "
                f"it gets {list(shape)}"
            )
        found = []
        for axis in range(axes):
            padded = shape[axis] + sum(self.padding[axis])
            reach = (self.size[axis] - 1) * self.dilation[axis] + 1
            if padded < reach:
                raise ValueError(f"a window reaches over {reach} of {padded} padded elements")
            found.append((padded - reach) // self.stride[axis] + 1)
        return tuple(found)

    def of(self, values: np.ndarray, filling: int) -> np.ndarray:
        """Windows of a batch (n, *axes, channels): (n, *positions, channels, *size)."""
        axes = len(self.size)
        padded = np.pad(values, ((0, 0), *self.padding, (0, 0)), constant_values=filling)
        reach = tuple(
            (size - 1) * step + 1 for size, step in zip(self.size, self.dilation, strict=True)
        )
        places = tuple(range(1, axes + 1))
        windows = np.lib.stride_tricks.sliding_window_view(padded, reach, axis=places)
        moves = tuple(slice(None, None, step) for step in self.stride)
        within = tuple(slice(None, None, step) for step in self.dilation)
        return windows[(slice(None), *moves, slice(None), *within)]

    def numbers(self, shape: Shape) -> np.ndarray:
        """Number of each window's elements in the flattened tensor, -1 for padding.

        int64 (*positions, channels, *size)
        """
        elements = np.arange(int(np.prod(shape))).reshape(1, *shape)
        return self.of(elements, -1)[0]


def whole(given: tuple[int, ...] | None, axes: int, key: str) -> tuple[int, ...]:
    """A number for each axis: ones without any, one for all where there is one."""
    if given is None:
        return (1,) * axes
    if len(given) not in (1, axes):
        raise ValueError(f"'{key}' has {len(given)} entries; there are {axes} axes")
    return given * axes if len(given) == 1 else given


def pads(given: Sequence[tuple[int, int]] | None, axes: int) -> Pads:
    """Elements before and behind each axis; none without any."""
    if given is None:
        return ((0, 0),) * axes
    if len(given) != axes:
        raise ValueError(f"'padding' has {len(given)} entries; there are {axes} axes")
    return tuple(given)


def same_sides(side: int, size: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """Zeros before and behind an axis that give ceil(side / stride) windows.

    An odd one goes behind, as in TensorFlow and Keras.
    """
    reach = (size - 1) * dilation + 1
    zeros = max(0, (-(-side // stride) - 1) * stride + reach - side)
    return zeros // 2, zeros - zeros // 2
