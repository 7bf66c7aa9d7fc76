"""Operators that move elements, and those that compute with constants alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from hexcoder.errors import InputError
from hexcoder.models.importers.onnx.model import Operator
from hexcoder.models.importers.onnx.state import Import
from hexcoder.models.importers.onnx.values import (
    Known,
    Quantised,
    Unquantised,
    Value,
    shape_of,
)
from hexcoder.models.importers.quantising import power_of_two
from hexcoder.models.importers.real import Real

Mover = Callable[[np.ndarray, Operator, Import], np.ndarray]
"""Moves the elements of an array of the operator's input, with the batch in front."""


def _moving(mover: Mover) -> Callable[[Import, Operator], Value]:
    """An operator that only moves elements."""

    def apply(state: Import, operator: Operator) -> Value:
        return moved(state, operator, state.value(operator, 0))

    def moved(state: Import, operator: Operator, value: Value) -> Value:
        if isinstance(value, Quantised):
            return _moved_integers(operator, value, moved(state, operator, value.source))
        if isinstance(value, Known):
            numbers = np.arange(value.values.size).reshape(value.values.shape)
            places = mover(numbers, operator, state)
            return value.mapped(value.values.ravel()[places], places)
        if isinstance(value, Unquantised):
            places = _without_batch(operator, mover(value.numbers[None], operator, state))
            return Unquantised(value.name, value.shape, places, value.factor, value.constant)
        numbers = state.builder.numbers(value.node)
        places = _without_batch(operator, mover(numbers[None], operator, state))
        return moved_real(state, operator.name, value, places)

    return apply


def _moved_integers(operator: Operator, value: Quantised, source: Value) -> Quantised:
    """Integers of one scale, moved before they are made of real numbers."""
    if value.quantiser.scale.size != 1:
        raise InputError(f"{operator.where}: it moves integers with several scales; behind "
                         "DequantizeLinear it is supported")  # fmt: skip
    assert not isinstance(source, Quantised)
    scale = value.quantiser.scale.reshape((1,) * len(shape_of(source)))
    return replace(value, source=source, quantiser=replace(value.quantiser, scale=scale))


def moved_real(state: Import, name: str, value: Real, numbers: np.ndarray) -> Real:
    """A tensor with its elements moved; nothing where they stay."""
    if numbers.shape == value.shape and (numbers.ravel() == np.arange(numbers.size)).all():
        return value
    node = state.builder.move(name, [value.node], numbers)
    return value.moved(node, state.builder.tensors[node], numbers)


def _without_batch(operator: Operator, numbers: np.ndarray) -> np.ndarray:
    if numbers.ndim < 2 or numbers.shape[0] != 1:
        raise InputError(
            f"{operator.where}: it gives the shape {list(numbers.shape)}; the batch, 1, must stay "
            "the first axis, with one more behind it"
        )
    return numbers[0]


def _axes(operator: Operator, state: Import, number: int = 1) -> list[int] | None:
    """Axes as an attribute, or as an input of newer files."""
    if operator.get("axes") is not None:
        return [int(axis) for axis in operator.get("axes")]
    given = state.optional(operator, number)
    if given is None:
        return None
    return [int(axis) for axis in state.known(operator, number).values.ravel()]


def _reshape(array: np.ndarray, operator: Operator, state: Import) -> np.ndarray:
    wanted = state.known(operator, 1).values.astype(np.int64).ravel().tolist()
    if not operator.get("allowzero", 0):
        wanted = [array.shape[k] if side == 0 else side for k, side in enumerate(wanted)]
    try:
        return array.reshape(wanted)
    except ValueError:
        raise InputError(
            f"{operator.where}: a tensor of {list(array.shape)} cannot have the shape {wanted}"
        ) from None


def _flatten(array: np.ndarray, operator: Operator, state: Import) -> np.ndarray:
    axis = operator.get("axis", 1)
    # Old exports flatten the batch of 1 with the rest.
    rows = int(np.prod(array.shape[:axis])) if axis > 0 else 1
    return array.reshape(rows, -1)


def _transpose(array: np.ndarray, operator: Operator, state: Import) -> np.ndarray:
    return array.transpose(operator.get("perm") or range(array.ndim)[::-1])


def _squeeze(array: np.ndarray, operator: Operator, state: Import) -> np.ndarray:
    axes = _axes(operator, state)
    if axes is None:
        axes = [axis for axis in range(1, array.ndim) if array.shape[axis] == 1]
    return np.squeeze(array, tuple(axes))


def _unsqueeze(array: np.ndarray, operator: Operator, state: Import) -> np.ndarray:
    axes = _axes(operator, state)
    if axes is None:
        raise InputError(f"{operator.where}: it says no axes")
    return np.expand_dims(array, tuple(axes))


def _slice(array: np.ndarray, operator: Operator, state: Import) -> np.ndarray:
    if operator.get("starts") is not None:
        starts, ends = operator.get("starts"), operator.get("ends")
        axes, steps = operator.get("axes"), None
    else:
        starts, ends = (state.known(operator, k).values.ravel().tolist() for k in (1, 2))
        given = state.optional(operator, 3)
        axes = None if given is None else state.known(operator, 3).values.ravel().tolist()
        given = state.optional(operator, 4)
        steps = None if given is None else state.known(operator, 4).values.ravel().tolist()
    axes = range(len(starts)) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    places: list[Any] = [slice(None)] * array.ndim
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        size = array.shape[int(axis)]
        first = max(min(int(start), size), -size)
        last = None if step < 0 and end < -size else max(min(int(end), size), -size - 1)
        places[int(axis)] = slice(first, last, int(step))
    return array[tuple(places)]


def _gather(array: np.ndarray, operator: Operator, state: Import) -> np.ndarray:
    indices = state.known(operator, 1).values.astype(np.int64)
    return np.take(array, indices, axis=operator.get("axis", 0))


def _expand(array: np.ndarray, operator: Operator, state: Import) -> np.ndarray:
    wanted = state.known(operator, 1).values.astype(np.int64).ravel().tolist()
    return np.broadcast_to(array, np.broadcast_shapes(array.shape, tuple(wanted)))


def _tile(array: np.ndarray, operator: Operator, state: Import) -> np.ndarray:
    return np.tile(array, state.known(operator, 1).values.astype(np.int64).ravel().tolist())


def _depth_to_space(array: np.ndarray, operator: Operator, state: Import) -> np.ndarray:
    size = int(operator.get("blocksize"))
    batch, channels, rows, columns = array.shape
    if operator.get("mode", "DCR") == "DCR":
        split = array.reshape(batch, size, size, channels // size**2, rows, columns)
        split = split.transpose(0, 3, 4, 1, 5, 2)
    else:
        split = array.reshape(batch, channels // size**2, size, size, rows, columns)
        split = split.transpose(0, 1, 4, 2, 5, 3)
    return split.reshape(batch, channels // size**2, rows * size, columns * size)


def _upsample(array: np.ndarray, operator: Operator, state: Import) -> np.ndarray:
    mode = operator.get("mode", "nearest")
    if mode != "nearest":
        raise InputError(f"{operator.where}: mode '{mode}'; 'nearest' is supported")
    if operator.get("scales") is not None:
        scales = operator.get("scales")
    else:
        number = 2 if operator.kind == "Resize" and len(operator.inputs) > 2 else 1
        scales = state.known(operator, number).values.ravel().tolist()
    for axis, scale in enumerate(scales):
        if scale != int(scale) or scale < 1:
            raise InputError(f"{operator.where}: scale {scale}; whole numbers are supported")
        array = np.repeat(array, int(scale), axis=axis)
    return array


def _same(array: np.ndarray, operator: Operator, state: Import) -> np.ndarray:
    return array


def _split(state: Import, operator: Operator) -> list[Value]:
    axis = operator.get("axis", 0)
    value = state.value(operator, 0)
    shape = shape_of(value)
    if operator.get("split") is not None:
        sizes = operator.get("split")
    elif state.optional(operator, 1) is not None:
        sizes = state.known(operator, 1).values.ravel().tolist()
    else:
        sizes = [shape[axis] // len(operator.outputs)] * len(operator.outputs)
    ends = np.cumsum(sizes)[:-1].tolist()
    return [
        _moving(lambda array, *_, k=k: np.split(array, ends, axis=axis)[k])(state, operator)
        for k in range(len(sizes))
    ]


def _concat(state: Import, operator: Operator) -> Value:
    values = [state.value(operator, k) for k in range(len(operator.inputs))]
    axis = operator.get("axis", 0)
    if all(isinstance(value, Known) for value in values):
        return Known(np.concatenate([value.values for value in values], axis=axis))  # type: ignore[union-attr]
    reals = [state.exact(operator, k) for k in range(len(values))]
    reals, unit = _to_one_unit(state, operator, reals)
    first, parts = 0, []
    for real in reals:
        parts.append(first + np.arange(real.tensor.elements).reshape(1, *real.shape))
        first += real.tensor.elements
    numbers = _without_batch(operator, np.concatenate(parts, axis=axis))
    node = state.builder.move(operator.name, [real.node for real in reals], numbers)
    return state.with_node(node, unit)


def _to_one_unit(state: Import, operator: Operator, reals: list[Real]) -> tuple[list[Real], float]:
    """Tensors whose scales differ by powers of two, at the first one's: a binary point moves."""
    units = [real.one_unit for real in reals]
    if None in units or len(set(units)) == 1:
        return reals, same_unit(operator, reals)
    first = float(units[0] or 1.0)
    made = []
    for real, unit in zip(reals, units, strict=True):
        shift = power_of_two(float(unit or 1.0) / first)
        if shift is None:
            same_unit(operator, reals)
        name = f"{operator.name}_{real.node}"
        node = state.builder.add("add", name, [real.node], shifts=[shift]) if shift else real.node
        made.append(state.with_node(node, first))
    return made, first


def same_unit(operator: Operator, reals: list[Real]) -> float:
    """The one scale of several tensors; InputError where they have several."""
    units = [real.one_unit for real in reals]
    if None in units or len(set(units)) > 1:
        shown = ", ".join(
            "several" if unit is None else f"{float(real.scale.ravel()[0]):.6g}"
            for unit, real in zip(units, reals, strict=True)
        )
        raise InputError(
            f"{operator.where}: its inputs have the scales {shown}: they must be one, or differ by "
            "powers of two; quantise them to one scale before"
        )
    return float(units[0] or 1.0)


def _pad(state: Import, operator: Operator) -> Value:
    if operator.get("mode", "constant") != "constant":
        raise InputError(
            f"{operator.where}: mode '{operator.get('mode')}'; 'constant' is supported"
        )
    pads = operator.get("pads")
    if pads is None:
        pads = state.known(operator, 1).values.ravel().tolist()
    filling = float(operator.get("value", 0.0))
    if state.optional(operator, 2) is not None:
        filling = state.number(operator, 2)
    real = state.exact(operator)
    unit = state.one_unit(operator, real)
    rank = len(real.shape) + 1
    sides = [(int(pads[axis]), int(pads[axis + rank])) for axis in range(rank)]
    if sides[0] != (0, 0):
        raise InputError(f"{operator.where}: it pads the batch")
    nodes = [real.node]
    place = -1
    if filling:
        known = Known(np.array([filling / unit]))
        nodes.append(state.constant(operator, known).node)
        place = real.tensor.elements
    numbers = np.pad(state.builder.numbers(real.node), sides[1:], constant_values=place)
    return state.with_node(state.builder.move(operator.name, nodes, numbers), unit)


def _shape_of(state: Import, operator: Operator) -> Value:
    return Known(np.array(shape_of(state.value(operator, 0)), np.int64))


def _constant(state: Import, operator: Operator) -> Value:
    for key in ("value", "value_float", "value_int", "value_floats", "value_ints"):
        if operator.get(key) is not None:
            return Known(np.asarray(operator.get(key)))
    raise InputError(f"{operator.where}: it has no value")


MOVERS: dict[str, Mover] = {
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Transpose": _transpose,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Slice": _slice,
    "Gather": _gather,
    "Expand": _expand,
    "Tile": _tile,
    "DepthToSpace": _depth_to_space,
    "Upsample": _upsample,
    "Resize": _upsample,
    "Identity": _same,
    "Dropout": _same,
    "Cast": _same,
}

OPERATORS = {
    **{kind: _moving(mover) for kind, mover in MOVERS.items()},
    "Split": _split,
    "Concat": _concat,
    "Pad": _pad,
    "Shape": _shape_of,
    "Constant": _constant,
}
