"""ONNX's own quantisers: QuantizeLinear, perhaps Clip, DequantizeLinear."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from hexcoder.errors import InputError
from hexcoder.models.importers.onnx.model import Operator
from hexcoder.models.importers.onnx.operators.quantisers import quantised_value, scale_of
from hexcoder.models.importers.onnx.state import Import
from hexcoder.models.importers.onnx.values import Known, Quantised, Value, shape_of
from hexcoder.models.importers.quantising import Quantiser

_INTEGERS = re.compile(r"u?int(\d+)")
_TENSOR_TYPES = {2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 21: "uint4",
                 22: "int4", 25: "uint2", 26: "int2"}  # fmt: skip
"""Of onnx.TensorProto."""


def _range_of(operator: Operator, name: str) -> tuple[int, int]:
    """Least and greatest number of an integer type."""
    match = _INTEGERS.fullmatch(name)
    if not match:
        raise InputError(
            f"{operator.where}: it quantises to {name}; integers such as int8, uint8, int4 are "
            "supported"
        )
    bits = int(match[1])
    return (0, (1 << bits) - 1) if name[0] == "u" else (-(1 << bits - 1), (1 << bits - 1) - 1)


def _along(operator: Operator, array: np.ndarray, rank: int) -> np.ndarray:
    """Scales or zero points along the operator's axis of a tensor of so many axes."""
    if operator.get("block_size", 0):
        raise InputError(f"{operator.where}: scales of blocks; one for all or one a channel is")
    if array.size == 1:
        return array.reshape((1,) * rank)
    axis = int(operator.get("axis", 1))
    if array.ndim != 1 or not -rank <= axis < rank:
        raise InputError(f"{operator.where}: scales {list(array.shape)} along axis {axis}")
    return np.moveaxis(array.reshape(-1, *(1,) * (rank - 1)), 0, axis)


def _zero_point(state: Import, operator: Operator) -> Known | None:
    given = state.optional(operator, 2)
    return None if given is None else state.known(operator, 2)


def _quantize(state: Import, operator: Operator) -> Value:
    value, zero = state.value(operator, 0), _zero_point(state, operator)
    if isinstance(value, Quantised):
        raise InputError(f"{operator.where}: its input is quantised already")
    word = _TENSOR_TYPES.get(operator.get("output_dtype", 0), "uint8")
    low, high = _range_of(operator, word if zero is None else str(zero.values.dtype))
    rank = len(shape_of(value))
    scale = _along(operator, scale_of(state, operator, 1), rank)
    offset = np.zeros((1,) * rank) if zero is None else _along(operator, zero.values, rank)
    whole = offset.astype(np.int64)
    if isinstance(value, Known):
        found = np.rint(value.values.astype(np.float32) / scale.astype(np.float32)) + whole
        return Known(np.clip(found, low, high))
    if (whole != whole.flat[0]).any():
        raise InputError(f"{operator.where}: channels have several zero points; one is supported")
    zero_point = int(whole.flat[0])
    # ONNX adds the zero point behind the rounding: to bounds, not to what is rounded.
    quantiser = Quantiser(scale, 0, low - zero_point, high - zero_point)
    return Quantised(value, quantiser, zero_point, operator.name)


def _dequantize(state: Import, operator: Operator) -> Value:
    value, zero = state.value(operator, 0), _zero_point(state, operator)
    rank = len(shape_of(value))
    scale = _along(operator, scale_of(state, operator, 1), rank)
    offset = np.zeros((1,) * rank) if zero is None else _along(operator, zero.values, rank)
    if isinstance(value, Known):
        integers = value.values.astype(np.int64) - offset.astype(np.int64)
        scale = np.broadcast_to(scale, integers.shape)
        return Known(integers * scale, integers, scale)
    if not isinstance(value, Quantised):
        raise InputError(f"{operator.where}: its input is neither a constant nor quantised")
    same = scale.shape == value.quantiser.scale.shape and (scale == value.quantiser.scale).all()
    if not same or (offset.astype(np.int64) != value.zero_point).any():
        raise InputError(
            f"{operator.where}: its scale or zero point is not that of {value.name}; they must be "
            "the same"
        )
    called = replace(operator, name=value.name)
    return quantised_value(state, called, value.source, value.quantiser)


OPERATORS = {"QuantizeLinear": _quantize, "DequantizeLinear": _dequantize}
