"""Types for a float model of ONNX, from the ranges that its tensors take on samples.

Weights are rounded to a number of bits, each constant with one step of a power of two; behind each
operator whose result another one multiplies stands a new quantiser, with a step that suits the
largest value on the samples. What is left is a quantised model, which is imported exactly.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, Field

from hexcoder.errors import InputError
from hexcoder.fixed_point import WIDEST_TYPE_BITS
from hexcoder.models.importers.floats.small_steps import in_small_steps, normalised
from hexcoder.models.importers.onnx.graph import ORDER_KEEPING
from hexcoder.models.importers.onnx.model import OnnxModel, Operator
from hexcoder.models.importers.onnx.operators.elementwise import gaussian

MOST_SAMPLES = 200
"""On which a float model is evaluated."""
TABLE_BITS = 10
"""Of the input of a function that becomes a table."""
ROUNDED = ("MatMul", "Gemm", "Conv", "Add", "Sub", "Mul", "Div", "Sum", "AveragePool",
           "GlobalAveragePool", "ReduceMean", "ReduceSum", "Concat")  # fmt: skip
"""Operators whose results are cut before another one multiplies them."""
FUNCTIONS = ("Sigmoid", "Tanh", "Selu", "Elu", "Exp", "Softplus", "HardSigmoid", "HardSwish",
             "LeakyRelu", "PRelu", "Abs", "Sqrt", "Log", "Reciprocal", "Sign",
             "Gaussian", "Decay")  # fmt: skip
QUANTISERS = ("Quant", "IntQuant", "BipolarQuant", "Trunc", "QuantizeLinear", "DequantizeLinear")
COMPARISONS = ("Less", "Greater")
"""Their results are one bit."""
REACH = {"Gaussian": (-3.4, 3.4), "Decay": (0.0, 7.99)}
"""Behind which a function is as good as 0."""
FOLLOWS = ("Relu", "Add", "Sub", "Mul")
"""What may stand between a sum and its quantiser."""


class LayerLoss(BaseModel):
    """A tensor of the float model and its fixed-point twin, on the samples."""

    tensor: str
    type: str
    largest: float = Field(description="largest absolute value")
    mean_absolute_error: float
    largest_error: float


class Loss(BaseModel):
    """What fixed point costs a float model on its samples."""

    samples: int
    bits: int
    mean_absolute_error: float = Field(description="of the outputs before a last softmax")
    largest_error: float
    argmax_agrees: float | None = Field(default=None, description="fraction of the samples")
    layers: list[LayerLoss] = []


@dataclass(frozen=True)
class Calibrated:
    """A model with quantisers, and the float model's tensors on the samples."""

    model: OnnxModel
    tensors: dict[str, np.ndarray]
    inputs: dict[str, np.ndarray]


def calibrate(path: Path, model: OnnxModel, samples: np.ndarray, bits: int) -> Calibrated:
    """Put quantisers into a float model.

    Parameters
    ----------
    samples : float array (n, ...)
        Inputs of the model, one after the other.
    bits : int
        Of weights and of tensors.

    Raises
    ------
    InputError
        If the model cannot be evaluated, or has quantisers already.
    """
    if any(operator.kind in QUANTISERS for operator in model.operators):
        raise InputError(f"{path}: it has quantisers already: import it without --calibrate")
    inputs = _split(path, model, samples[:MOST_SAMPLES])
    tensors = _evaluated(path, model, inputs)
    plain = in_small_steps(model, tensors)
    return Calibrated(_with_quantisers(plain, tensors, inputs, bits), tensors, inputs)


def _split(path: Path, model: OnnxModel, samples: np.ndarray) -> dict[str, np.ndarray]:
    """Samples of each input, in its shape, with a batch of 1 behind the events."""
    flat = np.asarray(samples, np.float32).reshape(len(samples), -1)
    if not np.isfinite(flat).all():
        raise InputError(f"{path}: samples have numbers that are not finite")
    shapes = {
        name: [side for side in sides[1:] if isinstance(side, int)]
        for name, sides in model.inputs.items()
    }
    total = sum(map(math.prod, shapes.values()))
    if total != flat.shape[1]:
        raise InputError(f"{path}: samples of {flat.shape[1]} elements; the model takes {total}")
    found: dict[str, np.ndarray] = {}
    start = 0
    for name, shape in shapes.items():
        size = math.prod(shape)
        found[name] = flat[:, start : start + size].reshape(len(flat), 1, *shape)
        start += size
    return found


def _evaluated(
    path: Path, model: OnnxModel, inputs: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Every tensor that depends on the input: float64 (events, 1, ...) by name."""
    from onnx import TensorProto, helper, numpy_helper
    from onnx.reference import ReferenceEvaluator

    known = dict(inputs)
    count = len(next(iter(inputs.values())))
    for operator in model.operators:
        varying = [name for name in operator.inputs if name in known]
        if operator.kind == "BatchNormalization":
            known[operator.outputs[0]] = normalised(model, operator, known[operator.inputs[0]])
            continue
        if operator.kind == "Gaussian":
            known[operator.outputs[0]] = gaussian(known[operator.inputs[0]])
            continue
        names = [name for name in dict.fromkeys(operator.inputs) if name]
        constants = [
            numpy_helper.from_array(np.asarray(model.constants[name]), name)
            for name in names
            if name in model.constants
        ]
        given = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in varying]
        wanted = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
            for name in operator.outputs
        ]
        graph = helper.make_graph([operator.proto], "one", given, wanted, constants)
        opsets = [helper.make_opsetid("", model.opset)]
        try:
            evaluator = ReferenceEvaluator(helper.make_model(graph, opset_imports=opsets))
            if not varying:
                for name, value in zip(operator.outputs, evaluator.run(None, {}), strict=True):
                    model.constants[name] = np.asarray(value)
                continue
            rows = [
                evaluator.run(None, feed)
                for feed in (_event(known, varying, event) for event in range(count))
            ]
        except Exception as error:  # whatever the evaluator meets in a model
            first = (str(error) or type(error).__name__).splitlines()[0][:120]
            raise InputError(f"{operator.where}: it cannot be evaluated: {first}") from None
        columns = zip(*rows, strict=True)
        for name, column in zip(operator.outputs, columns, strict=True):
            known[name] = np.stack([np.asarray(one) for one in column])
            if operator.kind == "Shape":
                model.constants[name] = known.pop(name)[0]
    return {name: value.astype(np.float64) for name, value in known.items()}


def _event(known: dict[str, np.ndarray], names: list[str], event: int) -> dict[str, Any]:
    """One event of some tensors."""
    return {name: known[name][event] for name in names}


def _with_quantisers(
    model: OnnxModel, tensors: dict[str, np.ndarray], inputs: dict[str, np.ndarray], bits: int
) -> OnnxModel:
    """Constants rounded, and quantisers where the next operator multiplies."""
    readers: dict[str, list[Operator]] = defaultdict(list)
    for operator in model.operators:
        for name in operator.inputs:
            readers[name].append(operator)
    constants = dict(model.constants)
    made = _Quantisers(constants, bits)
    renamed: dict[str, str] = {}
    for name, value in inputs.items():
        renamed[name] = made.add(name, value, min(bits, _whole_bits(value)))
    for operator in model.operators:
        if all(name in constants for name in operator.outputs):
            # It was evaluated: no input comes in.
            continue
        given = [renamed.get(name, name) for name in operator.inputs]
        is_left_out = operator.kind in ORDER_KEEPING and not readers[operator.outputs[0]]
        if operator.kind in FUNCTIONS and not is_left_out:
            # A table has an entry for each of its input's integers.
            name = operator.inputs[0]
            values = tensors[name] if name in tensors else inputs[name]
            values = np.clip(values, *REACH.get(operator.kind, (-np.inf, np.inf)))
            given[0] = made.add(f"{name}_index", values, min(bits, TABLE_BITS), given[0])
        made.operators.append(
            replace(
                operator, inputs=[made.rounded(operator, k, name) for k, name in enumerate(given)]
            )
        )
        for name in operator.outputs:
            if is_left_out:
                continue
            if operator.kind in COMPARISONS:
                renamed[name] = made.add(name, np.ones(1), 1, name)
                continue
            bent = operator.kind in ("Relu", *FUNCTIONS)
            cut = bent or (operator.kind in ROUNDED and readers[name])
            # A sum is kept exact through what follows it alone.
            follows = [_follows(one, model.constants, readers) for one in readers[name]] == [True]
            only_relu = follows and operator.kind not in FUNCTIONS and name not in model.outputs
            if cut and not only_relu and name in tensors:
                renamed[name] = made.add(name, tensors[name], bits, name)
    outputs = [renamed.get(name, name) for name in model.outputs]
    return replace(model, constants=constants, operators=made.operators, outputs=outputs)


def _follows(
    operator: Operator, constants: dict[str, np.ndarray], readers: dict[str, list[Operator]]
) -> bool:
    """Whether an operator takes an exact sum as it is."""
    if operator.kind in ORDER_KEEPING and not readers[operator.outputs[0]]:
        return True
    is_scaled = operator.kind != "Mul" or any(name in constants for name in operator.inputs)
    return operator.kind in FOLLOWS and is_scaled


class _Quantisers:
    """New operators Quant, and constants rounded."""

    def __init__(self, constants: dict[str, np.ndarray], bits: int):
        self.constants, self.bits = constants, bits
        self.operators: list[Operator] = []
        self._rounded: set[str] = set()

    def add(self, name: str, values: np.ndarray, bits: int, source: str | None = None) -> str:
        """A quantiser of a tensor with these values; the name of what it gives."""
        output = f"{name}_quantised"
        signed = bool((values < 0).any())
        scale = _step(values, bits - signed)
        numbers = {"scale": scale, "zero": 0.0, "bits": float(bits)}
        given = [source or name]
        for key, number in numbers.items():
            given.append(f"{output}_{key}")
            self.constants[given[-1]] = np.array(number, np.float64)
        self.operators.append(
            Operator(
                "Quant",
                f"Quant_{len(self.operators)}",
                given,
                [output],
                {"signed": int(signed), "narrow": 0, "rounding_mode": "ROUND"},
                f"quantiser of '{name}'",
            )
        )
        return output

    def rounded(self, operator: Operator, place: int, name: str) -> str:
        """A constant that an operator multiplies or adds, on a grid of a power of two."""
        numeric = operator.kind in ("MatMul", "Gemm", "Conv", "Add", "Sub", "Mul", "Div")
        if name not in self.constants or not numeric or name in self._rounded:
            return name
        values = self.constants[name].astype(np.float64)
        if values.dtype.kind != "f" or values.size == 0:
            return name
        is_added = operator.kind in ("Add", "Sub") or (
            operator.kind in ("Gemm", "Conv") and place == 2
        )
        # A bias costs one addition: it keeps twice the bits.
        step = _step(values, min(2 * self.bits, 24) - 1 if is_added else self.bits - 1)
        self.constants[name] = np.rint(values / step) * step
        self._rounded.add(name)
        return name


def _whole_bits(values: np.ndarray) -> int:
    """Bits of an input that has whole numbers alone; no bound for others."""
    if (values != np.rint(values)).any():
        return WIDEST_TYPE_BITS
    return max(int(np.abs(values).max(initial=1)).bit_length(), 1) + bool((values < 0).any())


def _step(values: np.ndarray, bits: int) -> float:
    """The power of two of which so many bits reach the largest value."""
    largest = float(np.abs(values).max(initial=0))
    exponent = math.ceil(math.log2(largest)) if largest > 0 else 0
    if largest >= 2.0**exponent * (1 - 2.0 ** -(bits + 1)):
        exponent += 1
    return 2.0 ** (exponent - bits)
