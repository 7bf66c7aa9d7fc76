"""Keras models of HGQ2's layers to a graph of integers, exact: docs/import.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.models.importers.hgq.attention import ATTENTION
from hexcoder.models.importers.hgq.quantiser import HgqQuantiser
from hexcoder.models.importers.hgq.state import (
    KERAS_EPSILON,
    HgqImport,
    SharedInput,
    Tensor,
    activated,
    einsum_layer,
    inwards,
    looked_up,
    outwards,
    quantiser_of,
    shared_inputs,
)
from hexcoder.models.importers.hgq.tables import TABLES, function_named
from hexcoder.models.importers.hgq.windows import WINDOWS, constants
from hexcoder.models.importers.keras import KerasLayer, KerasModel, read_keras
from hexcoder.network.builder import GraphBuilder, network_name
from hexcoder.network.schema import NetworkGraph


def _kernel(layer: KerasLayer, values: np.ndarray) -> tuple[np.ndarray, int]:
    return constants(layer, "kq", "kq_conf", values)


def _bias(layer: KerasLayer, values: np.ndarray) -> tuple[np.ndarray, int]:
    return constants(layer, "bq", "bq_conf", values)


def _dense(state: HgqImport, layer: KerasLayer) -> Tensor:
    (source,) = state.sources(layer, 1)
    tensor = inwards(state, layer, source)
    kernel = _kernel(layer, layer.array("vars/0"))
    bias = _bias(layer, layer.array("vars/1")) if layer.get("use_bias", True) else None
    node = einsum_layer(state, layer, layer.name, tensor, "...a,ab->...b", kernel, bias)
    return outwards(state, layer, activated(layer, node, state))


def einsum_bias(layer: KerasLayer, equation: str, values: np.ndarray) -> np.ndarray:
    """A bias whose axes are some of the output's, with axes of one where it has none."""
    axes = str(layer.get("bias_axes"))
    wanted = equation.split("->")[1].replace("...", "").lstrip(equation[0])
    order = [axis for axis in wanted if axis in axes]
    # The variable has its axes in the output's order, from the first that it has.
    first = wanted.index(order[0]) if order else 0
    if values.ndim == len(wanted) - first:
        return values
    sides = iter(values.shape)
    return values.reshape([next(sides) if axis in axes else 1 for axis in wanted[first:]])


def _einsum_dense(state: HgqImport, layer: KerasLayer) -> Tensor:
    (source,) = state.sources(layer, 1)
    tensor = inwards(state, layer, source)
    equation = str(layer.get("equation"))
    kernel = _kernel(layer, layer.array("vars/0"))
    bias = None
    if layer.get("bias_axes"):
        values, bits = _bias(layer, layer.array("vars/1"))
        bias = einsum_bias(layer, equation, values), bits
    node = einsum_layer(state, layer, layer.name, tensor, equation, kernel, bias)
    return outwards(state, layer, activated(layer, node, state))


def _einsum_dense_batchnorm(state: HgqImport, layer: KerasLayer) -> Tensor:
    """Kernel and bias with the batch normalisation folded in, in float32, before they are cut."""
    (source,) = state.sources(layer, 1)
    tensor = inwards(state, layer, source)
    equation = str(layer.get("equation"))
    axes = str(layer.get("normalize_axes", layer.get("bias_axes", "")))
    constant = equation.split(",")[1].split("->")[0]
    numbered = [layer.array(f"vars/{k}") for k in range(2)]
    kernel, bias = (one.astype(np.float32) for one in numbered)
    # Behind kernel and bias: gamma where it scales, then, behind the counters of the layer's
    # cost, mean and variance.
    own = [layer.arrays[f"vars/{k}"] for k in range(2, 16) if f"vars/{k}" in layer.arrays]
    vectors = [one.astype(np.float32) for one in own if one.ndim]
    gamma = vectors.pop(0) if layer.get("scale", True) else np.float32(1)
    if len(vectors) != 2:
        raise InputError(f"{layer.where}: its batch normalisation's variables are not as expected")
    mean, variance = vectors
    scaler = (gamma / np.sqrt(variance + KERAS_EPSILON)).astype(np.float32)
    sides = [kernel.shape[k] if axis in axes else 1 for k, axis in enumerate(constant)]
    fused = (kernel * scaler.reshape(sides)).astype(np.float32)
    offset = (-mean * scaler).astype(np.float32)
    whole = einsum_bias(layer, equation, bias)
    added = (whole + offset.reshape(whole.shape)).astype(np.float32)
    values, bits = _bias(layer, added.reshape(bias.shape))
    node = einsum_layer(
        state,
        layer,
        layer.name,
        tensor,
        equation,
        _kernel(layer, fused),
        (einsum_bias(layer, equation, values), bits),
    )
    return outwards(state, layer, activated(layer, node, state))


def _merge(kind: str) -> Callable[[HgqImport, KerasLayer], Tensor]:
    def apply(state: HgqImport, layer: KerasLayer) -> Tensor:
        sources = state.sources(layer)
        enabled = bool(layer.get("enable_iq", True))
        given = layer.config.get("iq_confs")
        tensors = []
        for number, source in enumerate(sources):
            suffix = f"_{number}" if number else ""
            path = f"iq/quantizers/quantizer{suffix}"
            each = given[number] if isinstance(given, list) else given
            quantiser = HgqQuantiser.of(layer, path, each) if enabled and each else None
            name = f"{layer.name}_iq_{number}"
            tensors.append(state.quantised(layer, name, source, quantiser))
        nodes = [tensor.node for tensor in tensors]
        if kind in ("add", "subtract"):
            signs = [1, -1] if kind == "subtract" else None
            node = state.builder.add("add", layer.name, nodes, signs=signs)
        elif kind == "multiply" and len(nodes) == 2:
            node = state.builder.add("multiply", layer.name, nodes)
        elif kind in ("maximum", "minimum") and len(nodes) == 2:
            less = state.builder.add("compare", f"{layer.name}_less", nodes, relation="less")
            pair = nodes[::-1] if kind == "maximum" else nodes
            node = state.builder.add("select", layer.name, [less, *pair])
        else:
            raise InputError(f"{layer.where}: {len(nodes)} inputs; 2 are supported")
        made = Tensor(node, state.builder.tensors[node].shape)
        return outwards(state, layer, made)

    return apply


def _reshape(state: HgqImport, layer: KerasLayer) -> Tensor:
    (tensor,) = state.sources(layer, 1)
    tensor = state.plain(layer, tensor) if tensor.is_input else tensor
    numbers = state.numbers(tensor)
    if layer.kind == "Flatten":
        numbers = numbers.reshape(-1)
    elif layer.kind == "Permute":
        numbers = numbers.transpose([axis - 1 for axis in layer.get("dims", [])])
    else:
        try:
            numbers = numbers.reshape(layer.get("target_shape", []))
        except ValueError:
            raise InputError(
                f"{layer.where}: a tensor of {list(tensor.shape)} cannot have the shape "
                f"{layer.get('target_shape')}"
            ) from None
    return state.moved(layer.name, tensor, numbers)


def _same(state: HgqImport, layer: KerasLayer) -> Tensor:
    (tensor,) = state.sources(layer, 1)
    return tensor


def _activation(state: HgqImport, layer: KerasLayer) -> Tensor:
    (tensor,) = state.sources(layer, 1)
    word = layer.get("activation", "linear") if layer.kind == "Activation" else "relu"
    if word == "linear":
        return tensor
    if word != "relu" or layer.get("max_value") or layer.get("negative_slope"):
        raise InputError(f"{layer.where}: activation '{word}'; relu and linear are supported")
    return replace(state.plain(layer, tensor) if tensor.is_input else tensor, is_relu=True)


def _quantiser(state: HgqImport, layer: KerasLayer) -> Tensor:
    """A quantiser as a layer."""
    (tensor,) = state.sources(layer, 1)
    configuration = layer.config.get("config")
    inner = replace(layer, arrays={f"q/{k}": v for k, v in layer.arrays.items()})
    quantiser = HgqQuantiser.of(inner, "q", configuration)
    return state.quantised(layer, layer.name, tensor, quantiser)


def _unary(state: HgqImport, layer: KerasLayer) -> Tensor:
    (source,) = state.sources(layer, 1)
    function = function_named(layer, "activation")
    quantiser = quantiser_of(layer, "oq", "oq_conf", bool(layer.get("enable_oq", True)))
    if quantiser is None:
        raise InputError(f"{layer.where}: a function without an output quantiser")
    tensor = inwards(state, layer, source)
    return looked_up(state, layer, layer.name, tensor, function, quantiser)


def import_hgq(
    path: Path, input_type: FixedPoint | None = None, samples: np.ndarray | None = None
) -> NetworkGraph:
    """Read a .keras file of HGQ2's layers.

    Raises
    ------
    InputError
        If it is none, or has a layer that is not read: which.
    """
    del samples
    model = read_keras(path)
    state = _read(path, model, input_type, {})
    if shared := shared_inputs(state.readers, str(path)):
        state = _read(path, model, input_type, shared)
    return state.builder.network()


def _read(
    path: Path,
    model: KerasModel,
    input_type: FixedPoint | None,
    shared: dict[str, SharedInput],
) -> HgqImport:
    """All layers, one after the other."""
    layers = {**LAYERS, **ATTENTION, **WINDOWS, **TABLES}
    state = HgqImport(model, GraphBuilder(network_name(path)), input_type, shared)
    for layer in model.layers:
        if layer.kind == "InputLayer":
            shape = layer.get("batch_shape", layer.get("batch_input_shape", []))[1:]
            if not shape or not all(isinstance(side, int) and side > 0 for side in shape):
                raise InputError(f"{layer.where}: its shape {shape} must be numbers")
            state.values[layer.name] = Tensor(layer.name, tuple(shape), is_input=True)
            continue
        if layer.kind not in layers:
            raise InputError(
                f"{layer.where}: a layer that is not read; known are {', '.join(sorted(layers))}"
            )
        try:
            state.values[layer.name] = layers[layer.kind](state, layer)
        except ValueError as error:
            raise InputError(f"{layer.where}: {error}") from None
    for name in model.outputs:
        if name not in state.values:
            raise InputError(f"{path}: output '{name}' is the name of no layer")
        tensor = state.plain(model.layers[-1], state.values[name])
        state.builder.output(tensor.node)
    return state


LAYERS: dict[str, Callable[[HgqImport, KerasLayer], Tensor]] = {
    "QDense": _dense,
    "QEinsumDense": _einsum_dense,
    "QEinsumDenseBatchnorm": _einsum_dense_batchnorm,
    "QAdd": _merge("add"),
    "QSubtract": _merge("subtract"),
    "QMultiply": _merge("multiply"),
    "QMaximum": _merge("maximum"),
    "QMinimum": _merge("minimum"),
    "QUnaryFunctionLUT": _unary,
    "Quantizer": _quantiser,
    "Flatten": _reshape,
    "Reshape": _reshape,
    "Permute": _reshape,
    "Activation": _activation,
    "ReLU": _activation,
    "Dropout": _same,
    "GaussianNoise": _same,
}
