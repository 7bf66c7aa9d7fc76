"""QONNX's Trunc, in both of its versions: low bits of integers left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hexcoder.errors import InputError
from hexcoder.fixed_point import WIDEST_TYPE_BITS, FixedPoint
from hexcoder.models.importers.onnx.model import Operator
from hexcoder.models.importers.onnx.operators.elementwise import for_tensor
from hexcoder.models.importers.onnx.operators.quantisers import rounding_of, scale_of
from hexcoder.models.importers.onnx.state import Import
from hexcoder.models.importers.onnx.values import Known, Value
from hexcoder.models.importers.quantising import ROUNDINGS, bounds_of, power_of_two, quantised
from hexcoder.models.importers.quantising import Quantiser as Levels
from hexcoder.models.importers.real import FloatStep, Real

MOST_FLOAT_BITS = 20
"""Of integers whose scale went through floats: float32 still rounds each to the right one."""


@dataclass(frozen=True)
class _Trunc:
    """``(round((n + zero_point) / 2**shift) - offset) * output_scale`` of ``n = x / scale``.

    Between ``low`` and ``high`` where these are given (version 2). The offset is a number of parts
    ``2**-offset_bits``.
    """

    scale: np.ndarray
    zero_point: int
    shift: int
    rounding: str
    output_scale: np.ndarray
    offset: int
    offset_bits: int
    low: int | None = None
    high: int | None = None

    def integers(self, values: np.ndarray, scale: np.ndarray) -> np.ndarray:
        """What is rounded, as qonnx finds it in float32."""
        whole = np.rint(values / scale.astype(np.float32) + np.float32(self.zero_point))
        return whole / np.float32(2.0**self.shift)

    def bounded(self, integers: np.ndarray) -> np.ndarray:
        """Within ``low`` and ``high``."""
        if self.low is None or self.high is None:
            return integers
        return np.clip(integers, self.low, self.high)


def _read(state: Import, operator: Operator) -> _Trunc:
    scale, zero_point = scale_of(state, operator, 1), state.number(operator, 2)
    rounding = rounding_of(operator, "FLOOR")
    if zero_point != int(zero_point):
        raise InputError(f"{operator.where}: zero point {zero_point} is no whole number")
    zero = int(zero_point)
    if len(operator.inputs) < 6:
        bits = state.number(operator, 3), state.number(operator, 4)
        for one in bits:
            bounds_of(one, True, False)
        return _Trunc(scale, zero, int(bits[0] - bits[1]), rounding, scale, zero, 0)
    output_scale = scale_of(state, operator, 4)
    shifts = np.unique(np.rint(np.log2(output_scale / scale)))
    if len(shifts) != 1:
        raise InputError(f"{operator.where}: channels drop several numbers of bits; one for all")
    shift = int(shifts[0])
    signed, narrow = bool(operator.get("signed", 1)), bool(operator.get("narrow", 0))
    low, high = bounds_of(state.number(operator, 5), signed, narrow)
    return _Trunc(scale, zero, shift, rounding, output_scale, zero, shift, low, high)


def _trunc(state: Import, operator: Operator) -> Value:
    trunc, value = _read(state, operator), state.value(operator, 0)
    if isinstance(value, Known):
        whole = trunc.integers(value.values.astype(np.float32), trunc.scale)
        whole = ROUNDINGS[trunc.rounding](trunc.bounded(whole))
        return Known((whole - trunc.offset * 2.0**-trunc.offset_bits) * trunc.output_scale)
    real = state.real(operator)
    scale = for_tensor(operator, trunc.scale, real)
    unit = for_tensor(operator, trunc.output_scale, real)
    shift = _whole_steps(real, scale)
    if shift is None:
        made = _by_thresholds(state, operator, real, trunc, scale)
    else:
        made = _in_integers(state, operator, real, trunc, shift)
    if trunc.offset:
        fraction_bits = made.tensor.type.fraction_bits + trunc.offset_bits
        zero = _constant(state, operator, trunc.offset, fraction_bits)
        node = state.builder.add("add", f"{operator.name}_back", [made.node, zero], signs=[1, -1])
        made = state.with_node(node, made.unit)
    return Real(made.node, made.tensor, made.unit * unit)


def _whole_steps(real: Real, scale: np.ndarray) -> int | None:
    """The exponent j of ``real / scale = q * 2**j``, None where it is no such integer."""
    if not real.is_exact:
        return None
    ratios = np.unique(real.scale / scale)
    exponents = np.unique(np.rint(np.log2(ratios)))
    if len(exponents) != 1 or exponents[0] < 0:
        return None
    exponent = int(exponents[0])
    is_exact = all(power_of_two(float(ratio)) is not None for ratio in ratios)
    # An average times its window: floats on the way, which rounding to integers takes back.
    is_near = np.abs(ratios / 2.0**exponent - 1).max() < 1e-6
    fits = real.tensor.type.width + exponent <= MOST_FLOAT_BITS
    return exponent if is_exact or (is_near and fits) else None


def _constant(state: Import, operator: Operator, number: int, fraction_bits: int) -> str:
    name = f"{operator.name}_zero_point"
    return state.builder.add("constant", name, [], values=[number], fraction_bits=fraction_bits)


def _in_integers(
    state: Import, operator: Operator, real: Real, trunc: _Trunc, exponent: int
) -> Real:
    """Rounding alone: wires and a few gates."""
    type_ = real.tensor.type
    # Binary point of the integers n in the tensor's own units.
    point = type_.fraction_bits + exponent
    node = real.node
    if trunc.zero_point:
        zero = _constant(state, operator, trunc.zero_point, point)
        node = state.builder.add("add", f"{operator.name}_forth", [node, zero])
        type_ = state.builder.tensors[node].type
    drop = type_.fraction_bits - point + trunc.shift
    low, high = (
        bound >> drop if drop > 0 else bound << -drop for bound in (type_.minimum, type_.maximum)
    )
    reach = low, high + 1
    low, high = reach
    keys = {}
    if trunc.low is not None and trunc.high is not None:
        low, high = max(low, trunc.low), min(high, trunc.high)
        low, high = min(low, trunc.high), max(high, trunc.low)
        if drop >= 0:
            keys = {"minimum": trunc.low << drop, "maximum": trunc.high << drop}
        elif (low, high) != reach:
            raise InputError(f"{operator.where}: bounds behind a finer scale are not supported")
    made = FixedPoint.holding(low, high, point - trunc.shift)
    if made.width > WIDEST_TYPE_BITS:
        raise InputError(f"{operator.where}: it leaves {made.width} bits; at most "
                         f"{WIDEST_TYPE_BITS} are supported")  # fmt: skip
    node = state.builder.add(
        "requantise", operator.name, [node], type=made, rounding=trunc.rounding, **keys
    )
    return state.with_node(node, 2.0 ** (point - trunc.shift))


def _by_thresholds(
    state: Import, operator: Operator, real: Real, trunc: _Trunc, scale: np.ndarray
) -> Real:
    """Any scale: integers where qonnx's float32 finds them."""
    step = real.then(FloatStep("Trunc", trunc.integers, (scale,), True))
    type_ = real.tensor.type
    ends = np.array([type_.minimum, type_.maximum]).reshape(2, *(1,) * len(real.shape))
    axes = tuple(range(len(real.shape)))
    found = step.evaluate(np.broadcast_to(ends, (2, *real.shape)), axes)
    low, high = int(np.floor(found.min())), int(np.ceil(found.max()))
    if trunc.low is not None and trunc.high is not None:
        low, high = trunc.low, trunc.high
    quantiser = Levels(np.ones((1,) * len(real.shape)), 0, low, high, trunc.rounding)
    return quantised(state.builder, operator.name, step, quantiser, operator.where)


OPERATORS = {"Trunc": _trunc}
