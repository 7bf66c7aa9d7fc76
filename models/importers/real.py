"""Real-valued tensors of a foreign model as integers of ours and what floats do to them since.

A model's float arithmetic between an exact sum and the next quantiser is kept as a list of steps,
as the model's own tool computes them in float32. At the quantiser they are evaluated on the
integers that the sum can take: what is left are thresholds, whatever the scales.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hexcoder.network.layer import TensorType

WIDEST_TABLE = 16
"""Bits of an integer on all values of which a function that may turn round is evaluated."""


@dataclass(frozen=True)
class FloatStep:
    """A function of each element in float32.

    Parameters
    ----------
    name : str
        Of the operator.
    function : callable
        Of an array, and of arrays of its parameters.
    parameters : tuple of array
        Each goes with the tensor element by element.
    monotone : bool
        Whether it rises, or falls, with the element for all values of the parameters.
    """

    name: str
    function: Callable[..., np.ndarray]
    parameters: tuple[np.ndarray, ...] = ()
    monotone: bool = True


@dataclass(frozen=True)
class Real:
    """A tensor ``steps(q * 2**-fraction_bits * unit)`` of the integers q of a node.

    Parameters
    ----------
    node : str
    tensor : TensorType
        The node's.
    unit : float64 array
        Goes with the tensor element by element.
    steps : tuple of FloatStep
    """

    node: str
    tensor: TensorType
    unit: np.ndarray
    steps: tuple[FloatStep, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the tensor, without the batch."""
        return self.tensor.shape

    @property
    def scale(self) -> np.ndarray:
        """Real value of the integer 1, before the steps."""
        return self.unit * self.tensor.type.step

    @property
    def is_exact(self) -> bool:
        """Whether no float arithmetic is left over."""
        return not self.steps

    @property
    def one_unit(self) -> float | None:
        """The unit of all elements, None where they differ."""
        first = float(self.unit.ravel()[0])
        return first if (self.unit == first).all() else None

    def then(self, step: FloatStep) -> Real:
        """The same with another step."""
        return replace(self, steps=(*self.steps, step))

    def parameters(self) -> list[np.ndarray]:
        """Unit and parameters of the steps."""
        return [self.unit, *(one for step in self.steps for one in step.parameters)]

    def moved(self, node: str, tensor: TensorType, numbers: np.ndarray) -> Real:
        """The same after elements have moved; numbers as of kind ``move``, none of them -1."""

        def move(array: np.ndarray) -> np.ndarray:
            if array.size == 1:
                return array.reshape((1,) * numbers.ndim)
            return np.broadcast_to(array, self.shape).ravel()[numbers]

        steps = tuple(
            replace(step, parameters=tuple(map(move, step.parameters))) for step in self.steps
        )
        return Real(node, tensor, move(self.unit), steps)

    def varying_axes(self, further: Sequence[np.ndarray] = ()) -> tuple[int, ...]:
        """Axes along which unit or parameters differ."""
        rank = len(self.shape)
        return tuple(
            axis
            for axis in range(rank)
            if any(_differs(array, axis - rank) for array in [*self.parameters(), *further])
        )

    def evaluate(self, integers: np.ndarray, axes: Sequence[int]) -> np.ndarray:
        """Real values float32 of integers (n, *shape), where only ``axes`` are not of length 1."""
        rank = len(self.shape)

        def cut(array: np.ndarray) -> np.ndarray:
            full = array.reshape((1,) * (rank - array.ndim) + array.shape)
            places = tuple(slice(None) if axis in axes else slice(0, 1) for axis in range(rank))
            return full[places]

        scaled = integers.astype(np.float64) * self.tensor.type.step * cut(self.unit)
        # Beyond float32 lies infinity, as in the model.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
            values = scaled.astype(np.float32)
            for step in self.steps:
                parameters = [cut(one).astype(np.float32) for one in step.parameters]
                values = np.asarray(step.function(values, *parameters), dtype=np.float32)
        return values


def _differs(array: np.ndarray, axis: int) -> bool:
    """Whether an array differs along an axis, counted from the end."""
    if array.ndim < -axis or array.shape[axis] == 1:
        return False
    first = np.take(array, [0], axis=axis)
    return bool((array != first).any())


@dataclass(frozen=True)
class Levels:
    """A quantiser: real values float32 to integers from ``low`` to ``high``.

    Parameters
    ----------
    function : callable
        Of values, and of arrays of parameters that go with the tensor element by element; it
        rises.
    """

    function: Callable[..., np.ndarray]
    parameters: tuple[np.ndarray, ...]
    low: int
    high: int


class NotMonotoneError(ValueError):
    """A function that turns round, of more integers than can be tried."""


def thresholds_of(
    real: Real, levels: Levels
) -> tuple[list[list[int]], list[bool], tuple[int, ...]]:
    """Where quantised levels change, for each place along the axes that make a difference.

    Returns
    -------
    rows : list of list of int
        Sorted thresholds: the level is ``levels.low`` and one for each that is reached or,
        falling, that is not.
    falling : list of bool
        Of each row.
    axes : tuple of int
        Axes that the rows run over, the last one fastest.
    """
    axes = real.varying_axes(levels.parameters)
    shape = tuple(real.shape[axis] if axis in axes else 1 for axis in range(len(real.shape)))
    type_ = real.tensor.type

    def level(integers: np.ndarray) -> np.ndarray:
        return _level(real, levels, integers, axes)

    ends = np.array([type_.minimum, type_.maximum]).reshape(2, *(1,) * len(shape))
    bottom, top = level(np.broadcast_to(ends, (2, *shape)))
    falls = bottom > top
    wanted = np.arange(levels.low + 1, levels.high + 1).reshape(-1, *(1,) * len(shape))
    if all(step.monotone for step in real.steps):
        # Of each level the first integer that has it, or no longer has it, by halving.
        first = np.full((len(wanted), *shape), type_.minimum, dtype=np.int64)
        last = np.full((len(wanted), *shape), type_.maximum + 1, dtype=np.int64)
        for _ in range(type_.width + 1):
            middle = (first + last) >> 1
            found = level(np.minimum(middle, type_.maximum))
            reached = np.where(falls, found < wanted, found >= wanted) | (middle > type_.maximum)
            last = np.where(reached, middle, last)
            first = np.where(reached, first, middle + 1)
        places = last
    else:
        if type_.width > WIDEST_TABLE:
            raise NotMonotoneError(
                f"{real.steps[-1].name} of an integer of {type_.width} bits; at most "
                f"{WIDEST_TABLE} are tried"
            )
        whole = np.arange(type_.minimum, type_.maximum + 1).reshape(-1, *(1,) * len(shape))
        found = level(np.broadcast_to(whole, (len(whole), *shape)))
        differences = np.diff(found, axis=0)
        if not ((differences >= 0).all(axis=0) | (differences <= 0).all(axis=0)).all():
            raise NotMonotoneError("turns round")
        places = (
            np.stack(
                [
                    type_.minimum + np.where(falls, found >= one, found < one).sum(axis=0)
                    for one in wanted[:, 0].ravel()
                ]
            ).reshape(len(wanted), *shape)
            if len(wanted)
            else np.zeros((0, *shape), np.int64)
        )
    flat = places.reshape(len(wanted), -1)
    return np.sort(flat, axis=0).T.tolist(), falls.ravel().tolist(), axes


def table_of(real: Real, levels: Levels) -> tuple[np.ndarray, np.ndarray, tuple[int, ...]]:
    """Levels of every integer: tables (places, entries), and the place of each element."""
    axes = real.varying_axes(levels.parameters)
    shape = tuple(real.shape[axis] if axis in axes else 1 for axis in range(len(real.shape)))
    type_ = real.tensor.type
    whole = np.arange(type_.minimum, type_.maximum + 1).reshape(-1, *(1,) * len(shape))
    found = _level(real, levels, np.broadcast_to(whole, (len(whole), *shape)), axes)
    tables = found.reshape(len(whole), -1).T
    places = np.arange(len(tables)).reshape(shape)
    return tables, np.broadcast_to(places, real.shape), axes


def _level(real: Real, levels: Levels, integers: np.ndarray, axes: Sequence[int]) -> np.ndarray:
    rank = len(real.shape)
    values = real.evaluate(integers, axes)
    parameters = []
    for array in levels.parameters:
        full = array.reshape((1,) * (rank - array.ndim) + array.shape)
        places = tuple(slice(None) if axis in axes else slice(0, 1) for axis in range(rank))
        parameters.append(full[places])
    return levels.function(values, *parameters).astype(np.int64)
