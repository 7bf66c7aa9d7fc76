"""Operators on each element: float arithmetic that is kept until the next quantiser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.models.importers.onnx.model import Operator
from hexcoder.models.importers.onnx.operators.moves import same_unit
from hexcoder.models.importers.onnx.state import Import, integers_of
from hexcoder.models.importers.onnx.values import Known, Quantised, Unquantised, Value
from hexcoder.models.importers.quantising import power_of_two
from hexcoder.models.importers.real import FloatStep, Real

BINARY: dict[str, Callable[..., np.ndarray]] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": np.divide,
    "Pow": np.power,
}


def for_tensor(operator: Operator, array: np.ndarray, real: Real) -> np.ndarray:
    """A constant without the batch, with as many axes as the tensor; InputError if it broadcasts.

    What would make the tensor larger is refused.
    """
    rank = len(real.shape)
    full = array
    if full.ndim == rank + 1:
        if full.shape[0] != 1:
            raise InputError(f"{operator.where}: a constant of {list(array.shape)} has a batch")
        full = full[0]
    full = full.reshape((1,) * (rank - full.ndim) + full.shape) if full.ndim < rank else full
    try:
        fits = np.broadcast_shapes(full.shape, real.shape) == real.shape
    except ValueError:
        fits = False
    if not fits:
        raise InputError(
            f"{operator.where}: a constant of {list(array.shape)} does not go with a tensor of "
            f"{list(real.shape)}"
        )
    return full.astype(np.float64)


def _binary(state: Import, operator: Operator) -> Value:
    left, right = state.value(operator, 0), state.value(operator, 1)
    function = BINARY[operator.kind]
    if isinstance(left, Known) and isinstance(right, Known):
        with np.errstate(all="ignore"):
            return Known(np.asarray(function(left.values, right.values)))
    if isinstance(right, Known) and right.values.size == 1 and isinstance(left, Unquantised):
        return _of_input(operator, left, float(right.values.ravel()[0]), swapped=False)
    if isinstance(left, Known) and left.values.size == 1 and isinstance(right, Unquantised):
        return _of_input(operator, right, float(left.values.ravel()[0]), swapped=True)
    if isinstance(right, Known):
        return _with_constant(state, operator, state.real(operator, 0), right, swapped=False)
    if isinstance(left, Known):
        return _with_constant(state, operator, state.real(operator, 1), left, swapped=True)
    return _of_two(state, operator)


def _of_input(operator: Operator, value: Unquantised, number: float, swapped: bool) -> Value:
    """An input of real numbers in front of its quantiser."""
    if operator.kind == "Mul" or (operator.kind == "Div" and not swapped and number):
        return value.affine(number if operator.kind == "Mul" else 1 / number, 0.0)
    if operator.kind == "Add":
        return value.affine(1.0, number)
    if operator.kind == "Sub":
        return value.affine(-1.0, number) if swapped else value.affine(1.0, -number)
    raise InputError(f"{operator.where}: {operator.kind} of an input that is not quantised")


def _with_constant(
    state: Import, operator: Operator, real: Real, known: Known, swapped: bool
) -> Value:
    """Exact where it can be said in integers, else a step in floats."""
    parameter = for_tensor(operator, known.values, real)
    kind = operator.kind
    if not real.steps and kind in ("Add", "Sub"):
        added = _added(state, operator, real, parameter, known, swapped)
        if added is not None:
            return added
    is_rounded = state.is_calibrated and power_of_two(float(parameter.ravel()[0])) is None
    if not real.steps and parameter.size == 1 and not swapped and not is_rounded:
        factor = float(parameter.ravel()[0])
        if kind == "Mul" and factor > 0:
            return replace(real, unit=real.unit * factor)
        if kind == "Div" and factor > 0 and power_of_two(factor) is not None:
            return replace(real, unit=real.unit / factor)
    if state.is_calibrated and kind == "Mul" and real.is_exact:
        return times(state, operator, real, parameter)
    if kind == "Pow":
        exponent = float(parameter.ravel()[0]) if parameter.size == 1 else 0.0
        if exponent == 2.0 and real.is_exact and not swapped:
            node = state.builder.add("multiply", operator.name, [real.node, real.node])
            return state.with_node(node, real.unit**2)
    function = BINARY[kind]
    if swapped:
        function = _swapped(function)
    monotone = kind in ("Add", "Sub", "Mul") or (kind == "Div" and not swapped)
    return real.then(FloatStep(kind, function, (parameter,), monotone))


def _swapped(function: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    return lambda value, parameter: function(parameter, value)


def times(state: Import, operator: Operator, real: Real, parameter: np.ndarray) -> Real:
    """A product with a constant that was rounded: exact."""
    integers, fraction_bits, unit = integers_of(operator, Known(parameter))
    constant = state.builder.add(
        "constant",
        f"{operator.name}_constant",
        [],
        values=integers,
        fraction_bits=fraction_bits,
    )
    node = state.builder.add("multiply", operator.name, [real.node, constant])
    return state.with_node(node, real.unit * unit.ravel()[0])


MOST_BIAS_BITS = 40


def _added(
    state: Import,
    operator: Operator,
    real: Real,
    parameter: np.ndarray,
    known: Known,
    swapped: bool,
) -> Real | None:
    """A constant that is a whole number of steps, or of halves of them: exact in integers."""
    unit = real.one_unit
    if unit is None or power_of_two(unit) is None:
        return None
    least = 0 if state.is_calibrated else max(real.tensor.type.fraction_bits, 0)
    whole = parameter / unit
    for finer in range(least, least + 16 + 24 * state.is_calibrated):
        scaled = np.ldexp(whole, finer)
        if (scaled == np.rint(scaled)).all() and np.abs(scaled).max() < 1 << MOST_BIAS_BITS:
            values = np.rint(scaled).astype(np.int64)
            constant = state.builder.add(
                "constant",
                f"{operator.name}_constant",
                [],
                values=values,
                fraction_bits=finer,
            )
            signs = [1, -1] if operator.kind == "Sub" else None
            if signs and swapped:
                signs = [-1, 1]
            node = state.builder.add("add", operator.name, [real.node, constant], signs=signs)
            return state.with_node(node, real.unit)
    return None


def _of_two(state: Import, operator: Operator) -> Value:
    """Two tensors that depend on the input."""
    reals = [state.exact(operator, 0), state.exact(operator, 1)]
    nodes = [real.node for real in reals]
    if operator.kind == "Mul":
        node = state.builder.add("multiply", operator.name, nodes)
        units = [state.one_unit(operator, real) for real in reals]
        return state.with_node(node, units[0] * units[1])
    if operator.kind in ("Add", "Sub"):
        return _sum(state, operator, reals, [1, -1 if operator.kind == "Sub" else 1])
    raise InputError(
        f"{operator.where}: {operator.kind} of two tensors is not exact in integers; quantise it "
        "by a table of one of them"
    )


def _sum(state: Import, operator: Operator, reals: list[Real], signs: list[int]) -> Value:
    units = [state.one_unit(operator, real) for real in reals]
    shifts = [power_of_two(unit / units[0]) for unit in units]
    if None in shifts:
        same_unit(operator, reals)
    nodes = [real.node for real in reals]
    node = state.builder.add("add", operator.name, nodes, signs=signs, shifts=shifts)
    return state.with_node(node, units[0])


def _several(state: Import, operator: Operator) -> Value:
    """Sum of any number of tensors."""
    reals = [state.exact(operator, k) for k in range(len(operator.inputs))]
    return _sum(state, operator, reals, [1] * len(reals))


def _relu(value: np.ndarray) -> np.ndarray:
    return np.maximum(value, 0)


def _unary(
    function: Callable[[np.ndarray], np.ndarray], monotone: bool
) -> Callable[[Import, Operator], Value]:
    def apply(state: Import, operator: Operator) -> Value:
        value = state.value(operator, 0)
        if isinstance(value, Known):
            return Known(np.asarray(function(value.values)))
        return state.real(operator).then(FloatStep(operator.kind, function, (), monotone))

    return apply


def _sigmoid(value: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-value))


def _leaky(state: Import, operator: Operator) -> Value:
    slope = np.float32(operator.get("alpha", 0.01))
    return state.real(operator).then(
        FloatStep("LeakyRelu", lambda x: np.where(x < 0, x * slope, x), (), bool(slope >= 0))
    )


def _prelu(state: Import, operator: Operator) -> Value:
    real = state.real(operator)
    slope = for_tensor(operator, state.known(operator, 1).values, real)
    monotone = bool((slope >= 0).all())
    return real.then(FloatStep("PRelu", lambda x, s: np.where(x < 0, x * s, x), (slope,), monotone))


def _elu(state: Import, operator: Operator) -> Value:
    alpha = np.float32(operator.get("alpha", 1.67326 if operator.kind == "Selu" else 1.0))
    gamma = np.float32(operator.get("gamma", 1.0507) if operator.kind == "Selu" else 1.0)

    def function(x: np.ndarray) -> np.ndarray:
        return gamma * np.where(x > 0, x, alpha * np.exp(np.minimum(x, 0)) - alpha)

    return state.real(operator).then(FloatStep(operator.kind, function, (), False))


def _hard_sigmoid(state: Import, operator: Operator) -> Value:
    alpha, beta = np.float32(operator.get("alpha", 0.2)), np.float32(operator.get("beta", 0.5))
    return state.real(operator).then(
        FloatStep("HardSigmoid", lambda x: np.clip(alpha * x + beta, 0, 1), (), bool(alpha >= 0))
    )


def _bounded(state: Import, operator: Operator, real: Real, least: float, most: float) -> Real:
    """Between bounds that are rounded to the tensor's own steps."""
    type_ = real.tensor.type
    low, high = (
        int(np.clip(np.rint(np.ldexp(bound, type_.fraction_bits)), type_.minimum, type_.maximum))
        for bound in (least, most)
    )
    made = FixedPoint.holding(low, high, type_.fraction_bits)
    node = state.builder.add(
        "requantise", operator.name, [real.node], type=made, minimum=low, maximum=high
    )
    return state.with_node(node, real.unit)


def _clip(state: Import, operator: Operator) -> Value:
    low, high = operator.get("min"), operator.get("max")
    if state.optional(operator, 1) is not None:
        low = state.number(operator, 1)
    if state.optional(operator, 2) is not None:
        high = state.number(operator, 2)
    least = np.float32(-np.inf if low is None else low)
    most = np.float32(np.inf if high is None else high)
    value = state.value(operator, 0)
    if isinstance(value, Known):
        return Known(np.clip(value.values, least, most))
    if isinstance(value, Quantised):
        return value.clipped(float(least), float(most))
    real = state.real(operator)
    if least == 0 and most == np.inf:
        return real.then(FloatStep("Relu", _relu))
    unit = real.one_unit
    if state.is_calibrated and real.is_exact and unit is not None:
        return _bounded(state, operator, real, float(least) / unit, float(most) / unit)
    return real.then(FloatStep("Clip", lambda x: np.clip(x, least, most)))


def _compared(state: Import, operator: Operator) -> Value:
    """One or zero: whether a tensor is less, or greater, than a constant or the other way round."""
    left = state.value(operator, 0)
    function = np.less if operator.kind == "Less" else np.greater
    if isinstance(left, Known):
        real, known = state.real(operator, 1), left
        function = np.greater if function is np.less else np.less
    else:
        real, known = state.real(operator, 0), state.known(operator, 1)
    parameter = for_tensor(operator, known.values, real)
    return real.then(FloatStep(operator.kind, function, (parameter,)))


def gaussian(value: np.ndarray) -> np.ndarray:
    """The weight of a distance; as Decay, exp(-x), no operator of ONNX itself."""
    return np.exp(-value * value)


def _batch_normalisation(state: Import, operator: Operator) -> Value:
    """As onnxruntime computes it: a product and a sum in float32."""
    real = state.real(operator)
    scale, bias, mean, variance = (
        state.known(operator, k).values.astype(np.float32) for k in range(1, 5)
    )
    epsilon = np.float32(operator.get("epsilon", 1e-5))
    slope = (scale * (1 / np.sqrt(variance + epsilon))).astype(np.float32)
    offset = (bias - mean * slope).astype(np.float32)
    # The channels' axis is the first behind the batch.
    shape = (-1, *(1,) * (len(real.shape) - 1))
    if slope.size != real.shape[0]:
        raise InputError(
            f"{operator.where}: it has {slope.size} channels, its input {list(real.shape)} has "
            f"{real.shape[0]}"
        )
    parameters = tuple(one.reshape(shape).astype(np.float64) for one in (slope, offset))
    return real.then(FloatStep("BatchNormalization", lambda x, a, b: x * a + b, parameters))


def _softmax(state: Import, operator: Operator) -> Value:
    """Kept in name: it keeps the order of the elements."""
    real = state.real(operator)
    axis = operator.get("axis", 1 if state.model.opset < 13 else -1)
    if axis not in (-1, len(real.shape)):
        raise InputError(f"{operator.where}: along axis {axis}; the last one is supported")

    def refuse(value: np.ndarray) -> np.ndarray:
        raise InputError(
            f"{operator.where}: something is computed from a softmax; only one at the end, which "
            "keeps the order of the outputs, is imported"
        )

    return real.then(FloatStep(operator.kind, refuse, (), False))


OPERATORS = {
    **dict.fromkeys(BINARY, _binary),
    "Sum": _several,
    "Relu": _unary(_relu, True),
    "Sigmoid": _unary(_sigmoid, False),
    "Tanh": _unary(np.tanh, False),
    "Exp": _unary(np.exp, False),
    "Gaussian": _unary(gaussian, False),
    "Decay": _unary(lambda x: np.exp(-x), False),
    "Less": _compared,
    "Greater": _compared,
    "Log": _unary(np.log, False),
    "Sqrt": _unary(np.sqrt, True),
    "Abs": _unary(np.abs, False),
    "Neg": _unary(np.negative, True),
    "Sign": _unary(np.sign, True),
    "Floor": _unary(np.floor, True),
    "Ceil": _unary(np.ceil, True),
    "Round": _unary(np.rint, True),
    "Reciprocal": _unary(lambda x: 1 / x, False),
    "Softplus": _unary(lambda x: np.log1p(np.exp(x)), False),
    "HardSwish": _unary(lambda x: x * np.clip(x / 6 + np.float32(0.5), 0, 1), False),
    "LeakyRelu": _leaky,
    "PRelu": _prelu,
    "Elu": _elu,
    "Selu": _elu,
    "HardSigmoid": _hard_sigmoid,
    "Clip": _clip,
    "BatchNormalization": _batch_normalisation,
    "Softmax": _softmax,
    "LogSoftmax": _softmax,
}
