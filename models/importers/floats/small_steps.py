"""Float operators as several that a table, a product or a sum is enough for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from hexcoder.models.importers.onnx.graph import ORDER_KEEPING
from hexcoder.models.importers.onnx.model import OnnxModel, Operator

Tensors = dict[str, np.ndarray]


class _Steps:
    """Collects operators, their constants, and what their tensors are on the samples."""

    def __init__(self, model: OnnxModel, tensors: Tensors):
        self.constants, self.tensors = dict(model.constants), tensors
        self.operators: list[Operator] = []

    def add(
        self,
        operator: Operator,
        kind: str,
        inputs: list[str],
        values: np.ndarray,
        output: str = "",
        **attributes: Any,
    ) -> str:
        """A part of an operator with its tensor (events, ...); the tensor's name."""
        called = f"{operator.name}_{kind}"
        output = output or f"{operator.outputs[0]}_{kind}"
        self.tensors[output] = values
        self.operators.append(
            replace(operator, kind=kind, name=called, inputs=inputs, outputs=[output],
                    attributes=attributes)
        )  # fmt: skip
        return output

    def constant(self, operator: Operator, kind: str, values: np.ndarray) -> str:
        """A constant of a part."""
        name = f"{operator.name}_{kind}_constant"
        self.constants[name] = values.astype(np.float32)
        return name


def in_small_steps(model: OnnxModel, tensors: Tensors) -> OnnxModel:
    """The same with batch normalisation, quotients and inner softmax in parts.

    Parameters
    ----------
    tensors : dict of str to array
        Of the model on the samples (events, 1, ...); those of new tensors are added.
    """
    steps = _Steps(model, tensors)
    read = {name for operator in model.operators for name in operator.inputs}
    for operator in model.operators:
        is_quotient = operator.kind == "Div" and operator.inputs[1] in tensors
        is_inner = operator.kind in ORDER_KEEPING and operator.outputs[0] in read
        if operator.kind == "BatchNormalization":
            _normalisation(model, operator, steps)
        elif is_quotient:
            _quotient(operator, steps)
        elif operator.kind == "Softmax" and is_inner and operator.inputs[0] in tensors:
            _softmax(model, operator, steps)
        else:
            steps.operators.append(operator)
    return replace(model, constants=steps.constants, operators=steps.operators)


def _normalisation(model: OnnxModel, operator: Operator, steps: _Steps) -> None:
    """A product and a sum."""
    target = operator.outputs[0]
    values = steps.tensors[target]
    slope, offset = (_channels(one, values.ndim - 1) for one in _slope_and_offset(model, operator))
    given = [operator.inputs[0], steps.constant(operator, "Mul", slope)]
    scaled = steps.add(operator, "Mul", given, values - offset)
    steps.add(operator, "Add", [scaled, steps.constant(operator, "Add", offset)], values, target)


def _quotient(operator: Operator, steps: _Steps) -> None:
    """A product with the reciprocal."""
    left, right = operator.inputs
    inverse = steps.add(operator, "Reciprocal", [right], 1 / steps.tensors[right])
    target = operator.outputs[0]
    steps.add(operator, "Mul", [left, inverse], steps.tensors[target], target)


def _softmax(model: OnnxModel, operator: Operator, steps: _Steps) -> None:
    """exp(x - greatest) over its sum, which is then at least 1."""
    (source,), target = operator.inputs, operator.outputs[0]
    values = steps.tensors[source]
    axis = int(operator.get("axis", 1 if model.opset < 13 else -1))
    axis = axis if axis >= 0 else axis + values.ndim - 1

    def reduced(function: Callable[..., np.ndarray], array: np.ndarray) -> np.ndarray:
        return function(array, axis=axis + 1, keepdims=True)

    keys = {"axes": [axis], "keepdims": 1}
    greatest = steps.add(operator, "ReduceMax", [source], reduced(np.max, values), "", **keys)
    below = steps.tensors[greatest] - values
    weights = np.exp(-below)
    below = steps.add(operator, "Sub", [greatest, source], below)
    near = steps.add(operator, "Decay", [below], weights)
    total = steps.add(operator, "ReduceSum", [near], reduced(np.sum, weights), "", **keys)
    part = steps.add(operator, "Reciprocal", [total], 1 / steps.tensors[total])
    steps.add(operator, "Mul", [near, part], steps.tensors[target], target)


def _channels(value: np.ndarray, rank: int) -> np.ndarray:
    """A number a channel, the first axis behind the batch, for a tensor of so many axes."""
    return value.reshape(1, -1, *(1,) * (rank - 2))


def _slope_and_offset(model: OnnxModel, operator: Operator) -> tuple[np.ndarray, np.ndarray]:
    scale, bias, mean, variance = (
        model.constants[name].astype(np.float64) for name in operator.inputs[1:5]
    )
    slope = scale / np.sqrt(variance + operator.get("epsilon", 1e-5))
    return slope, bias - mean * slope


def normalised(model: OnnxModel, operator: Operator, value: np.ndarray) -> np.ndarray:
    """A batch normalisation's result: float32, as its input (events, 1, channels, ...)."""
    slope, offset = _slope_and_offset(model, operator)
    rank = value.ndim - 1
    return (value * _channels(slope, rank) + _channels(offset, rank)).astype(np.float32)
