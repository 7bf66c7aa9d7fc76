"""Operators that add products: matrix products, convolutions, pooling."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hexcoder.errors import InputError
from hexcoder.models.importers.onnx.model import Operator
from hexcoder.models.importers.onnx.operators.moves import moved_real
from hexcoder.models.importers.onnx.state import Import, integers_of
from hexcoder.models.importers.onnx.values import Known, Value
from hexcoder.models.importers.quantising import power_of_two
from hexcoder.models.importers.real import FloatStep, Real
from hexcoder.network.windows import same_sides


def _matmul(state: Import, operator: Operator) -> Value:
    left, right = state.value(operator, 0), state.value(operator, 1)
    if isinstance(left, Known) and isinstance(right, Known):
        return Known(left.values @ right.values)
    if isinstance(right, Known):
        return dense(state, operator, operator.name, state.exact(operator), right)
    if isinstance(left, Known):
        raise InputError(f"{operator.where}: a constant on the left; transpose the product")
    reals = [state.exact(operator, 0), state.exact(operator, 1)]
    if len(reals[0].shape) < 2:
        raise InputError(f"{operator.where}: a product of two vectors; give them a row axis")
    units = [state.one_unit(operator, real) for real in reals]
    node = state.builder.add("matmul", operator.name, [real.node for real in reals])
    return state.with_node(node, units[0] * units[1])


def dense(state: Import, operator: Operator, name: str, real: Real, known: Known) -> Real:
    """A product with constant weights (in, out)."""
    if known.values.ndim != 2:
        raise InputError(
            f"{operator.where}: weights of shape {list(known.values.shape)}; a matrix is supported"
        )
    unit = state.one_unit(operator, real)
    integers, fraction_bits, scale = integers_of(operator, known)
    node = state.builder.add(
        "linear", name, [real.node], weights=integers, fraction_bits=fraction_bits
    )
    return state.with_node(node, unit * _along_last(operator, scale, integers.shape[1]))


def _along_last(operator: Operator, scale: np.ndarray, outputs: int) -> np.ndarray:
    """Scales of the outputs of weights (in, out)."""
    if scale.size == 1:
        return scale.reshape(1)
    full = np.broadcast_to(scale, (scale.shape[0] if scale.ndim == 2 else 1, outputs))
    if (full != full[:1]).any():
        raise InputError(
            f"{operator.where}: weights of one sum have several scales; one for each output is "
            "supported"
        )
    return full[0]


def _gemm(state: Import, operator: Operator) -> Value:
    if operator.get("transA", 0):
        raise InputError(f"{operator.where}: transA is not supported")
    known = state.known(operator, 1)
    if operator.get("transB", 0):
        numbers = np.arange(known.values.size).reshape(known.values.shape).T
        known = known.mapped(known.values.T, numbers)
    alpha, beta = operator.get("alpha", 1.0), operator.get("beta", 1.0)
    product = dense(state, operator, operator.name, state.exact(operator), known)
    if alpha != 1.0:
        product = Real(product.node, product.tensor, product.unit * alpha)
    bias = state.optional(operator, 2)
    if bias is None or beta == 0.0:
        return product
    return _biased(state, operator, product, state.known(operator, 2).values * beta)


def _biased(state: Import, operator: Operator, real: Real, bias: np.ndarray) -> Real:
    """A sum with a constant added: exact where it is a whole number of steps."""
    from hexcoder.models.importers.onnx.operators.elementwise import _with_constant

    adding = Operator("Add", f"{operator.name}_bias", [], [], {}, operator.where, operator.proto)
    made = _with_constant(state, adding, real, Known(bias), swapped=False)
    assert isinstance(made, Real)
    return made


def _convolution(state: Import, operator: Operator) -> Value:
    """Channels first in the model, last in ours: moves before and behind are only wires."""
    real, known = state.exact(operator), state.known(operator, 1)
    unit = state.one_unit(operator, real)
    axes = known.values.ndim - 2
    if axes not in (1, 2):
        raise InputError(f"{operator.where}: a convolution over {axes} axes; 1 or 2 are supported")
    numbers = np.moveaxis(
        np.arange(known.values.size).reshape(known.values.shape), (0, 1), (-1, -2)
    )
    turned = known.mapped(np.moveaxis(known.values, (0, 1), (-1, -2)), numbers)
    integers, fraction_bits, scale = integers_of(operator, turned)
    if scale.size > 1:
        outputs = integers.shape[-1]
        full = np.broadcast_to(scale, integers.shape).reshape(-1, outputs)
        scale = _along_last(operator, full, outputs)
    padding = _padding(operator, real.shape[1:], integers.shape[:axes])
    given = _channels_last(state, operator, real)
    node = state.builder.add(
        "linear",
        operator.name,
        [given.node],
        weights=integers,
        fraction_bits=fraction_bits,
        stride=tuple(operator.get("strides") or (1,) * axes),
        dilation=tuple(operator.get("dilations") or (1,) * axes),
        padding=padding,
        groups=operator.get("group", 1),
    )
    made = _channels_first(state, operator, state.with_node(node, unit * scale.reshape(-1)))
    if state.optional(operator, 2) is None:
        return made
    bias = state.known(operator, 2).values.reshape(-1, *(1,) * axes)
    return _biased(state, operator, made, bias)


def _channels_last(state: Import, operator: Operator, real: Real) -> Real:
    """ONNX has channels first; the nodes of a graph have them last."""
    numbers = np.moveaxis(state.builder.numbers(real.node), 0, -1)
    return moved_real(state, f"{operator.name}_channels_last", real, numbers)


def _channels_first(state: Import, operator: Operator, real: Real) -> Real:
    numbers = np.moveaxis(state.builder.numbers(real.node), -1, 0)
    return moved_real(state, f"{operator.name}_channels_first", real, numbers)


def _padding(
    operator: Operator, sides: tuple[int, ...], kernel: tuple[int, ...]
) -> tuple[tuple[int, int], ...]:
    """Elements before and behind each axis."""
    axes = len(kernel)
    automatic = operator.get("auto_pad", "NOTSET")
    if automatic in ("NOTSET", "VALID", ""):
        pads = operator.get("pads") if automatic == "NOTSET" else None
        pads = pads or [0] * (2 * axes)
        return tuple((int(pads[axis]), int(pads[axis + axes])) for axis in range(axes))
    strides = operator.get("strides") or (1,) * axes
    dilations = operator.get("dilations") or (1,) * axes
    found = []
    for side, size, stride, dilation in zip(sides, kernel, strides, dilations, strict=True):
        small, large = same_sides(side, size, stride, dilation)
        found.append((small, large) if automatic == "SAME_UPPER" else (large, small))
    return tuple(found)


def _pool(operation: str, average: bool) -> object:
    def apply(state: Import, operator: Operator) -> Value:
        real = state.real(operator)
        everything = operator.kind.startswith("Global")
        window = real.shape[1:] if everything else tuple(operator.get("kernel_shape"))
        axes = len(window)
        if operator.get("ceil_mode", 0):
            raise InputError(f"{operator.where}: ceil_mode is not supported")
        padding = ((0, 0),) * axes if everything else _padding(operator, real.shape[1:], window)
        if average and any(map(any, padding)) and not operator.get("count_include_pad", 0):
            raise InputError(
                f"{operator.where}: an average that leaves padding out is not supported; pad before"
            )
        if operation == "sum" or not _rises(real):
            real = state.exact(operator)
        state.one_unit(operator, real)
        given = _channels_last(state, operator, real)
        node = state.builder.add(
            "reduce",
            operator.name,
            [given.node],
            operation=operation,
            window=window,
            stride=window if everything else tuple(operator.get("strides") or (1,) * axes),
            padding=padding if any(map(any, padding)) else None,
        )
        tensor = state.builder.tensors[node]
        unit = real.unit.reshape(-1)[:1].reshape((1,) * len(tensor.shape))
        made = Real(node, tensor, unit, tuple(_turned(step) for step in given.steps))
        if average:
            made = _averaged(state, operator, made, int(np.prod(window)))
        return _channels_first(state, operator, made)

    return apply


AVERAGE_BITS = 20
"""Of the factor by which a float model's sum becomes an average."""


def _averaged(state: Import, operator: Operator, real: Real, count: int) -> Real:
    """A sum divided by a number: in its scale; in a float model by a rounded factor."""
    from hexcoder.models.importers.onnx.operators.elementwise import times

    if not state.is_calibrated or power_of_two(count) is not None:
        return replace(real, unit=real.unit / count)
    step = 2.0 ** -(AVERAGE_BITS + count.bit_length() - 1)
    return times(
        state, operator, real, np.rint(np.ones((1,) * len(real.shape)) / count / step) * step
    )


def _rises(real: Real) -> bool:
    """Whether what floats do to integers keeps the greatest the greatest, alike everywhere."""
    return all(step.monotone and step.name in ("Relu", "Clip") for step in real.steps)


def _turned(step: FloatStep) -> FloatStep:
    return FloatStep(step.name, step.function, (), step.monotone)


def _reduced(operation: str, average: bool) -> object:
    def apply(state: Import, operator: Operator) -> Value:
        real = state.exact(operator)
        unit = state.one_unit(operator, real)
        rank = len(real.shape) + 1
        axes = operator.get("axes")
        if axes is None and state.optional(operator, 1) is not None:
            axes = state.known(operator, 1).values.ravel().tolist()
        axes = range(1, rank) if axes is None else axes
        chosen = sorted({int(axis) % rank for axis in axes})
        if 0 in chosen:
            raise InputError(f"{operator.where}: it reduces the batch")
        node = state.builder.add(
            "reduce",
            operator.name,
            [real.node],
            operation=operation,
            axes=tuple(axis - 1 for axis in chosen),
        )
        made = state.with_node(node, unit)
        if average:
            count = int(np.prod([real.shape[axis - 1] for axis in chosen]))
            made = _averaged(state, operator, made, count)
        if not operator.get("keepdims", 1):
            return made
        shape = tuple(1 if k + 1 in chosen else side for k, side in enumerate(real.shape))
        return moved_real(
            state, f"{operator.name}_kept", made, np.arange(made.tensor.elements).reshape(shape)
        )

    return apply


def _places(state: Import, operator: Operator) -> list[Value]:
    """TopK of one, or ArgMax: the place of the greatest; the first of equal ones."""
    real = state.real(operator)
    axis = operator.get("axis", 0 if operator.kind == "ArgMax" else -1)
    if axis not in (-1, len(real.shape)):
        raise InputError(f"{operator.where}: along axis {axis}; the last one is supported")
    if operator.kind == "TopK":
        if state.number(operator, 1) != 1 or not operator.get("largest", 1):
            raise InputError(f"{operator.where}: the greatest one alone is supported")
    elif operator.get("select_last_index", 0):
        raise InputError(f"{operator.where}: the last of equal ones; the first is supported")
    _require_order(operator, real)
    node = state.builder.add("argmax", operator.name, [real.node])
    made = state.with_node(node, 1.0)
    keeps = operator.kind == "TopK" or operator.get("keepdims", 1)
    if keeps and len(real.shape) > 1:
        numbers = state.builder.numbers(node)[..., None]
        made = moved_real(state, f"{operator.name}_kept", made, numbers)
    if operator.kind == "ArgMax":
        return [made]
    largest = real.then(FloatStep("TopK", lambda x: x, (), False))
    return [largest, made]


def _require_order(operator: Operator, real: Real) -> None:
    """Refuse scales that change which element is the greatest."""
    rising = ("Add", "Sub", "Mul", "Div", "Relu", "Clip", "Softmax", "LogSoftmax")
    same = real.one_unit is not None and all(
        np.unique(one).size == 1 for step in real.steps for one in step.parameters
    )
    signs = [
        float(step.parameters[0].ravel()[0])
        for step in real.steps
        if step.name in ("Mul", "Div") and step.parameters
    ]
    if (
        not same
        or any(step.name not in rising for step in real.steps)
        or min(signs, default=1) <= 0
    ):
        raise InputError(
            f"{operator.where}: elements have scales or offsets of their own before it; quantise "
            "them to one scale"
        )


OPERATORS = {
    "MatMul": _matmul,
    "Gemm": _gemm,
    "Conv": _convolution,
    "MaxPool": _pool("max", False),
    "AveragePool": _pool("sum", True),
    "GlobalAveragePool": _pool("sum", True),
    "GlobalMaxPool": _pool("max", False),
    "ReduceSum": _reduced("sum", False),
    "ReduceMean": _reduced("sum", True),
    "ReduceMax": _reduced("max", False),
    "ReduceMin": _reduced("min", False),
    "TopK": _places,
    "ArgMax": _places,
}
