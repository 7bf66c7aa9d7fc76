"""Quantisers of QONNX, Brevitas, FINN and ONNX itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.models.importers.onnx.model import Operator
from hexcoder.models.importers.onnx.operators.elementwise import for_tensor
from hexcoder.models.importers.onnx.state import Import
from hexcoder.models.importers.onnx.values import Known, Quantised, Unquantised, Value
from hexcoder.models.importers.quantising import (
    Quantiser,
    bipolar,
    bounds_of,
    placed_thresholds,
    power_of_two,
    quantised,
    split_scale,
)
from hexcoder.models.importers.real import Real
from hexcoder.network.schema import RealInput

ROUNDING = {
    "ROUND": "half_even",
    "HALF_EVEN": "half_even",
    "FLOOR": "floor",
    "CEIL": "ceil",
    "ROUND_TO_ZERO": "towards_zero",
    "DOWN": "towards_zero",
    "UP": "away_from_zero",
    "HALF_UP": "half_away_from_zero",
    "HALF_DOWN": "half_towards_zero",
}
"""Of QONNX's rounding modes."""


def scale_of(state: Import, operator: Operator, number: int) -> np.ndarray:
    """Scales at an input: float64, all positive."""
    scale = state.known(operator, number).values.astype(np.float64)
    if not (np.isfinite(scale).all() and (scale > 0).all()):
        raise InputError(f"{operator.where}: a scale is not positive and finite")
    return scale


def rounding_of(operator: Operator, default: str) -> str:
    """The rounding mode in our words."""
    mode = str(operator.get("rounding_mode", default)).upper()
    if mode not in ROUNDING:
        raise InputError(
            f"{operator.where}: rounding_mode '{mode}'; supported are {', '.join(ROUNDING)}"
        )
    return ROUNDING[mode]


def _quantiser(state: Import, operator: Operator) -> Quantiser:
    rounding, scale = rounding_of(operator, "ROUND"), scale_of(state, operator, 1)
    zero_point = state.number(operator, 2)
    if zero_point != int(zero_point):
        raise InputError(f"{operator.where}: zero point {zero_point} is no whole number")
    low, high = bounds_of(
        state.number(operator, 3), bool(operator.get("signed", 1)), bool(operator.get("narrow", 0))
    )
    return Quantiser(scale, int(zero_point), low, high, rounding)


def _quant(state: Import, operator: Operator) -> Value:
    signed = bool(operator.get("signed", 1))
    if signed and state.number(operator, 3) == 1:
        # So qonnx reads one signed bit, and so Brevitas means it.
        if state.number(operator, 2):
            raise InputError(f"{operator.where}: one signed bit with a zero point; it must be 0")
        return _bipolar(state, operator)
    return quantised_value(state, operator, state.value(operator, 0), _quantiser(state, operator))


def quantised_value(state: Import, operator: Operator, value: Value, quantiser: Quantiser) -> Value:
    """What a quantiser makes of a constant, of an input, or of integers of ours."""
    if isinstance(value, Known):
        levels = quantiser.levels(value.values.astype(np.float32), quantiser.scale)
        integers = levels.astype(np.int64) - quantiser.zero_point
        scale = np.broadcast_to(quantiser.scale, integers.shape)
        return Known(integers * scale, integers, scale)
    if isinstance(value, Unquantised):
        return _first(state, operator, value, quantiser)
    if isinstance(value, Quantised):
        raise InputError(f"{operator.where}: its input is quantised already")
    scale = for_tensor(operator, quantiser.scale, value)
    return quantised(
        state.builder,
        operator.name,
        value,
        replace(quantiser, scale=scale, is_ours=state.is_calibrated),
        operator.where,
    )


def _first(state: Import, operator: Operator, value: Unquantised, quantiser: Quantiser) -> Real:
    """The quantiser of an input: the network takes what it gives."""
    if quantiser.scale.size != 1:
        raise InputError(
            f"{operator.where}: an input with several scales: give its type with --input-type"
        )
    scale = float(quantiser.scale.ravel()[0])
    fraction_bits, unit = split_scale(quantiser.scale)
    low, high = (bound - quantiser.zero_point for bound in (quantiser.low, quantiser.high))
    type_ = FixedPoint.holding(low, high, fraction_bits)
    symmetric = low == -type_.maximum == -high and type_.signed
    real = RealInput(
        scale=scale / value.factor,
        offset=-value.constant / value.factor,
        rounding=quantiser.rounding,  # pyright: ignore[reportArgumentType]
        overflow="saturate_symmetric" if symmetric else "saturate",
    )
    made = _taken(state, operator, value, type_, real, unit)
    if symmetric or (low, high) == (type_.minimum, type_.maximum):
        return made
    # Bounds that no type has.
    keys = {"type": type_, "minimum": low, "maximum": high}
    node = state.builder.add("requantise", f"{operator.name}_bounds", [made.node], **keys)
    return state.with_node(node, made.unit)


def _taken(
    state: Import,
    operator: Operator,
    value: Unquantised,
    type_: FixedPoint,
    real: RealInput,
    unit: np.ndarray,
) -> Real:
    """A new input of the network, moved as the model moved it."""
    node = state.builder.input(value.name, value.shape, type_, real)
    numbers = state.builder.numbers(node)
    if value.numbers.shape != numbers.shape or (value.numbers != numbers).any():
        node = state.builder.move(f"{operator.name}_moved", [node], value.numbers)
    return state.with_node(node, float(np.asarray(unit).ravel()[0]))


def _bipolar(state: Import, operator: Operator) -> Value:
    scale = state.known(operator, 1).values.astype(np.float64)
    value = state.value(operator, 0)
    if isinstance(value, Known):
        integers = np.where(value.values >= 0, 1, -1)
        full = np.broadcast_to(scale, integers.shape)
        return Known(integers * full, integers, full)
    if isinstance(value, Unquantised):
        if value.factor <= 0:
            raise InputError(f"{operator.where}: its input is multiplied by {value.factor}")
        # The bit floor(factor x + constant) + 1, kept within 0 and 1.
        real = RealInput(
            scale=1 / value.factor, offset=-(value.constant + 1) / value.factor, rounding="floor"
        )
        bit = _taken(state, operator, value, FixedPoint(False, 1, 0), real, np.ones(1))
        fraction_bits, unit = split_scale(scale)
        node = state.builder.add(
            "threshold",
            operator.name,
            [bit.node],
            thresholds=[[1]],
            start=-1,
            step=2,
            fraction_bits=fraction_bits,
        )
        return state.with_node(node, unit)
    real = state.real(operator)
    return bipolar(state.builder, operator.name, real, for_tensor(operator, scale, real))


def _multi_threshold(state: Import, operator: Operator) -> Value:
    """How many thresholds of its channel a value reaches, times out_scale, plus out_bias."""
    real = state.real(operator)
    thresholds = np.sort(state.known(operator, 1).values.astype(np.float64), axis=1)
    layout = operator.get("data_layout", "NCHW")
    axis = len(real.shape) - 1 if layout in ("NHWC", "NC", "NWC") else 0
    scale, bias = float(operator.get("out_scale", 1.0)), float(operator.get("out_bias", 0.0))
    if thresholds.shape[0] not in (1, real.shape[axis]):
        raise InputError(
            f"{operator.where}: thresholds for {thresholds.shape[0]} channels; its input has "
            f"{real.shape[axis]}"
        )
    exponent = power_of_two(abs(scale))
    fraction_bits, unit = (-exponent, 1.0) if exponent is not None else (0, abs(scale))
    if scale == 0:
        raise InputError(f"{operator.where}: out_scale is 0")
    start = bias / abs(scale)
    finer = 0
    while np.ldexp(start, finer) != np.rint(np.ldexp(start, finer)):
        finer += 1
        if finer > 16:
            raise InputError(f"{operator.where}: out_bias is no multiple of a part of out_scale")
    node = placed_thresholds(
        state.builder,
        operator.name,
        real,
        thresholds,
        axis,
        start=int(np.ldexp(start, finer)),
        step=(1 << finer) if scale > 0 else -(1 << finer),
        fraction_bits=fraction_bits + finer,
    )
    return state.with_node(node, unit)


OPERATORS = {
    "Quant": _quant,
    "IntQuant": _quant,
    "BipolarQuant": _bipolar,
    "MultiThreshold": _multi_threshold,
}
