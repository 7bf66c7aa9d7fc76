"""A network as the few operators that a library runs, for its latency.

Values are single-precision numbers and tensors between layers are not rounded: the products and
sums are those of the network, the answers are near its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hexcoder.network.integers import int_array
from hexcoder.network.kinds.conv2d import Convolution
from hexcoder.network.kinds.flatten import Flatten
from hexcoder.network.kinds.linear import Linear
from hexcoder.network.kinds.requantise import Requantise
from hexcoder.network.layer import LayerContext
from hexcoder.network.schema import Network
from hexcoder.network.weighted import WeightedContext
from hexcoder.steps.step import NotMeasured


@dataclass(frozen=True, slots=True, eq=False)
class Operator:
    """A dense layer, a convolution or a flattening.

    Parameters
    ----------
    weights : float32 array, optional
        (out, in), or (out, in, row, column) of a convolution; None of a flattening.
    biases : float32 array (out,), optional
    stride : pair of int
    pads : four ints
        Zeros added at top, left, bottom and right.
    rectified : bool
    """

    weights: np.ndarray | None = None
    biases: np.ndarray | None = None
    stride: tuple[int, int] = (1, 1)
    pads: tuple[int, int, int, int] = (0, 0, 0, 0)
    rectified: bool = False


def operators(network: Network) -> list[Operator]:
    """The operators of a chain of layers.

    Raises
    ------
    NotMeasured
        If the network has several inputs or outputs, or a node of another kind.
    """
    found: list[Operator] = []
    if len(network.inputs_by_name) != 1 or len(network.outputs_by_name) != 1:
        raise NotMeasured("it has several inputs or outputs")
    (source,) = network.inputs_by_name
    for context in network.contexts():
        if context.sources != (source,):
            raise NotMeasured(f"node '{context.name}' does not read the one before it")
        source = context.name
        layer = context.layer
        if isinstance(layer, Flatten):
            found.append(Operator())
        elif isinstance(layer, Requantise) and found:
            # Rounding is left out; an unsigned type is what a rectifier leaves.
            if not context.output.type.signed and context.inputs[0].type.signed:
                found[-1] = replace(found[-1], rectified=True)
        elif isinstance(layer, Linear) and _is_dense(layer, context):
            found.append(_dense(layer))
        elif isinstance(context, WeightedContext):
            found.append(_weighted(context))
        else:
            raise NotMeasured(
                f"node '{context.name}' is of kind '{context.layer.kind}'; "
                "dense, conv2d, flatten, requantise and flat linear nodes can be timed"
            )
    return found


def _is_dense(layer: Linear, context: LayerContext) -> bool:
    flat = len(context.inputs[0].shape) == 1 and int_array(layer.weights).ndim == 2
    return flat and layer.equation is None and layer.groups == 1


def _dense(layer: Linear) -> Operator:
    weights = int_array(layer.weights).T * 2.0**-layer.fraction_bits
    biases = None
    if layer.biases is not None:
        spread_out = np.broadcast_to(int_array(layer.biases).ravel(), (len(weights),))
        biases = (spread_out * 2.0**-layer.bias_fraction_bits).astype(np.float32)
    return Operator(np.ascontiguousarray(weights, dtype=np.float32), biases)


def _weighted(context: WeightedContext) -> Operator:
    layer = context.layer
    weights = (layer.weight_array() * layer.weight_type.step).astype(np.float32)
    biases = None
    if layer.bias_type is not None:
        channels = context.output_shape[-1]
        biases = (layer.bias_array(channels) * layer.bias_type.step).astype(np.float32)
    rectified = layer.activation == "relu"
    if not isinstance(layer, Convolution):
        return Operator(weights, biases, rectified=rectified)
    (top, bottom), (left, right) = layer.sides(context.inputs[0].shape)
    return Operator(
        weights.transpose(3, 2, 0, 1).copy(), biases, layer.stride, (top, left, bottom, right),
        rectified,
    )  # fmt: skip


def torch_module(network: Network) -> Any:
    """The :func:`operators` in torch: takes (n, *shape), channels last as in network.json."""
    import torch
    from torch import nn
    from torch.nn import functional

    program = operators(network)

    class Module(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            for number, operator in enumerate(program):
                for name in ("weights", "biases"):
                    array = getattr(operator, name)
                    tensor = None if array is None else torch.from_numpy(array)
                    self.register_buffer(f"{name}_{number}", tensor)

        def forward(self, values: torch.Tensor) -> torch.Tensor:
            if values.ndim == 4:
                values = values.permute(0, 3, 1, 2)
            for number, operator in enumerate(program):
                weights = getattr(self, f"weights_{number}")
                biases = getattr(self, f"biases_{number}")
                if weights is None:
                    if values.ndim == 4:
                        values = values.permute(0, 2, 3, 1)
                    values = values.flatten(1)
                elif weights.ndim == 4:
                    top, left, bottom, right = operator.pads
                    if any(operator.pads):
                        values = functional.pad(values, (left, right, top, bottom))
                    values = functional.conv2d(values, weights, biases, operator.stride)
                else:
                    values = functional.linear(values, weights, biases)
                if operator.rectified:
                    values = functional.relu(values)
            return values.permute(0, 2, 3, 1) if values.ndim == 4 else values

    return Module().eval()


def onnx_model(network: Network) -> Any:
    """The same as ONNX, of batch 1.

    Raises
    ------
    NotMeasured
        As :func:`operators`, and if the package onnx is not installed.
    """
    try:
        from onnx import TensorProto, checker, helper, numpy_helper
    except ImportError:
        raise NotMeasured("onnx is not installed: pip install 'hexcoder[import]'") from None
    program = operators(network)
    (source,), (answer,) = network.inputs_by_name.values(), network.outputs_by_name.values()
    shape = source.shape
    nodes, constants = [], []
    value, channels_first = "input", len(shape) == 3

    def add(kind: str, inputs: list[str], **keys: Any) -> str:
        name = f"{kind.lower()}_{len(nodes)}"
        nodes.append(helper.make_node(kind, inputs, [name], **keys))
        return name

    def constant(array: np.ndarray) -> str:
        name = f"constant_{len(constants)}"
        constants.append(numpy_helper.from_array(array, name))
        return name

    if channels_first:
        value = add("Transpose", [value], perm=[0, 3, 1, 2])
    for operator in program:
        given = [constant(a) for a in (operator.weights, operator.biases) if a is not None]
        if operator.weights is None:
            if channels_first:
                value = add("Transpose", [value], perm=[0, 2, 3, 1])
            value, channels_first = add("Flatten", [value]), False
        elif operator.weights.ndim == 4:
            keys = {"strides": list(operator.stride), "pads": list(operator.pads)}
            value = add("Conv", [value, *given], **keys)
        else:
            value = add("Gemm", [value, *given], transB=1)
        if operator.rectified:
            value = add("Relu", [value])
    if channels_first:
        value = add("Transpose", [value], perm=[0, 2, 3, 1])
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, (1, *shape))],
        [helper.make_tensor_value_info(value, TensorProto.FLOAT, (1, *answer.shape))],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    checker.check_model(model)
    return model
