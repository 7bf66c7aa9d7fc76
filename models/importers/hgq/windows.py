"""HGQ2's convolutions, pooling, sums over axes, batch normalisation, and Keras' own of these."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from hexcoder.errors import InputError
from hexcoder.models.importers.hgq.quantiser import HgqQuantiser
from hexcoder.models.importers.hgq.state import HgqImport, Tensor, activated, inwards, outwards
from hexcoder.models.importers.keras import KerasLayer
from hexcoder.network.windows import same_sides

Apply = Callable[[HgqImport, KerasLayer], Tensor]


def constants(layer: KerasLayer, path: str, key: str, values: np.ndarray) -> tuple[np.ndarray, int]:
    """Constants behind one of a layer's quantisers: integers and their fraction bits."""
    return HgqQuantiser.of(layer, path, layer.config.get(key)).integers(values, layer.where)


def _sides(
    layer: KerasLayer, shape: tuple[int, ...], size: list[int], stride: list[int], apart: list[int]
) -> list[tuple[int, int]]:
    """Padding of each axis, by the layer's word for it."""
    word = layer.get("padding", "valid")
    if word == "valid":
        return [(0, 0)] * len(size)
    if word != "same":
        raise InputError(f"{layer.where}: padding '{word}'; 'valid' and 'same' are supported")
    return list(map(same_sides, shape, size, stride, apart))


def _channels_last(layer: KerasLayer) -> None:
    if layer.get("data_format", "channels_last") != "channels_last":
        raise InputError(f"{layer.where}: data_format must be 'channels_last'")


def _whole(layer: KerasLayer, key: str, axes: int) -> list[int]:
    """A number for each axis; one stands for all."""
    given = layer.get(key, 1)
    values = given if isinstance(given, list) else [given] * axes
    if len(values) != axes or not all(isinstance(one, int) and one > 0 for one in values):
        raise InputError(f"{layer.where}: '{key}' = {given}: {axes} counts are expected")
    return values


def _convolution(state: HgqImport, layer: KerasLayer) -> Tensor:
    _channels_last(layer)
    (source,) = state.sources(layer, 1)
    tensor = inwards(state, layer, source)
    kernel, fraction_bits = constants(layer, "kq", "kq_conf", layer.array("vars/0"))
    size = list(kernel.shape[:-2])
    if len(tensor.shape) != len(size) + 1:
        raise InputError(f"{layer.where}: its input {list(tensor.shape)} has other axes")
    stride, apart = (_whole(layer, key, len(size)) for key in ("strides", "dilation_rate"))
    biases, bias_bits = None, 0
    if layer.get("use_bias", True):
        biases, bias_bits = constants(layer, "bq", "bq_conf", layer.array("vars/1"))
    node = state.builder.add(
        "linear",
        layer.name,
        [tensor.node],
        weights=kernel,
        fraction_bits=fraction_bits,
        stride=stride,
        dilation=apart,
        padding=_sides(layer, tensor.shape, size, stride, apart),
        groups=int(layer.get("groups", 1)),
        biases=biases,
        bias_fraction_bits=bias_bits,
    )
    return outwards(state, layer, activated(layer, node, state))


def _scaled(state: HgqImport, layer: KerasLayer, node: str, factor: float) -> str:
    """Times a power of two; anything else is refused."""
    mantissa, exponent = math.frexp(factor)
    if mantissa != 0.5:
        raise InputError(
            f"{layer.where}: it multiplies by {factor:g}: only powers of two are exact"
        )
    if exponent == 1:
        return node
    return state.builder.add("add", f"{layer.name}_scaled", [node], shifts=[exponent - 1])


def _pool(operation: str, axes: int) -> Apply:
    def apply(state: HgqImport, layer: KerasLayer) -> Tensor:
        _channels_last(layer)
        (source,) = state.sources(layer, 1)
        tensor = state.plain(layer, inwards(state, layer, source))
        window = _whole(layer, "pool_size", axes)
        stride = window if layer.get("strides") is None else _whole(layer, "strides", axes)
        sides = _sides(layer, tensor.shape, window, stride, [1] * axes)
        if operation == "sum" and any(map(sum, sides)):
            raise InputError(f"{layer.where}: a mean over padding; padding = 'valid' is supported")
        node = state.builder.add(
            "reduce",
            layer.name,
            [tensor.node],
            operation=operation,
            window=window,
            stride=stride,
            padding=sides,
        )
        if operation == "sum":
            node = _scaled(state, layer, node, 1 / math.prod(window))
        made = Tensor(node, state.builder.tensors[node].shape)
        return outwards(state, layer, made)

    return apply


def _over(operation: str, of_axes: Callable[[KerasLayer, int], list[int]]) -> Apply:
    """Over whole axes: ``of_axes`` from the layer and the number of axes, the batch's too."""

    def apply(state: HgqImport, layer: KerasLayer) -> Tensor:
        (source,) = state.sources(layer, 1)
        tensor = state.plain(layer, inwards(state, layer, source))
        axes = sorted(axis % (len(tensor.shape) + 1) for axis in of_axes(layer, len(tensor.shape)))
        if 0 in axes:
            raise InputError(f"{layer.where}: it reduces the batch's axis")
        inner = [axis - 1 for axis in axes]
        node = state.builder.add(
            "reduce", layer.name, [tensor.node], operation=operation, axes=inner
        )
        if operation == "sum":
            count = math.prod(tensor.shape[axis] for axis in inner)
            node = _scaled(state, layer, node, _factor(layer, count))
        shape = state.builder.tensors[node].shape
        if layer.get("keepdims"):
            shape = tuple(1 if k in inner else n for k, n in enumerate(tensor.shape))
            node = state.builder.move(
                f"{layer.name}_axes", [node], np.arange(math.prod(shape)).reshape(shape)
            )
        return outwards(state, layer, Tensor(node, shape))

    return apply


def _factor(layer: KerasLayer, count: int) -> float:
    """What a sum of so many elements is multiplied by."""
    if layer.kind == "QMeanPow2":
        return float(2.0 ** round(math.log2(1 / count)))
    if layer.kind == "QSum":
        return float(layer.get("scale", 1.0))
    return 1 / count


def _given_axes(layer: KerasLayer, axes: int) -> list[int]:
    given = layer.get("axes", [-1])
    return given if isinstance(given, list) else [given]


def _places(layer: KerasLayer, axes: int) -> list[int]:
    """All but the batch's and the channels'."""
    _channels_last(layer)
    return list(range(1, axes))


def _batch_normalisation(state: HgqImport, layer: KerasLayer) -> Tensor:
    """Scale and offset in float32, each behind its quantiser."""
    (source,) = state.sources(layer, 1)
    tensor = state.plain(layer, inwards(state, layer, source))
    axis = layer.get("axis", -1)
    if axis not in (-1, len(tensor.shape)):
        raise InputError(f"{layer.where}: axis {axis}; the last one is supported")
    vectors = [layer.array(f"vars/{k}").astype(np.float32) for k in range(_vectors(layer))]
    variance, mean = vectors.pop(), vectors.pop()
    gamma = vectors.pop(0) if layer.get("scale", True) else np.float32(1)
    # Without a centre HGQ2 takes 1 for it.
    beta = vectors.pop(0) if layer.get("center", True) else np.float32(1)
    scale = gamma / np.sqrt(variance + np.float32(layer.get("epsilon", 1e-3)))
    offset = (beta - mean * scale).astype(np.float32)
    weights, bits = constants(layer, "kq", "kq_conf", scale.astype(np.float32))
    biases, bias_bits = constants(layer, "bq", "bq_conf", offset)
    node = state.builder.add(
        "linear",
        layer.name,
        [tensor.node],
        weights=weights[None],
        fraction_bits=bits,
        groups=len(weights),
        biases=biases,
        bias_fraction_bits=bias_bits,
    )
    return outwards(state, layer, Tensor(node, tensor.shape))


def _vectors(layer: KerasLayer) -> int:
    return 2 + bool(layer.get("scale", True)) + bool(layer.get("center", True))


def _concatenate(state: HgqImport, layer: KerasLayer) -> Tensor:
    tensors = [state.plain(layer, tensor) for tensor in state.sources(layer)]
    axis = int(layer.get("axis", -1))
    numbers, start = [], 0
    for tensor in tensors:
        numbers.append(state.numbers(tensor)[None] + start)
        start += math.prod(tensor.shape)
    if axis % (len(tensors[0].shape) + 1) == 0:
        raise InputError(f"{layer.where}: it joins along the batch's axis")
    joined = np.concatenate(numbers, axis=axis)[0]
    node = state.builder.move(layer.name, [tensor.node for tensor in tensors], joined)
    return Tensor(node, joined.shape)


WINDOWS: dict[str, Apply] = {
    "QConv1D": _convolution,
    "QConv2D": _convolution,
    "QBatchNormalization": _batch_normalisation,
    "QSum": _over("sum", _given_axes),
    "QMeanPow2": _over("sum", _given_axes),
    "Concatenate": _concatenate,
    **{
        f"{mark}{name}Pooling{axes}D": _pool(operation, axes)
        for mark in ("", "Q")
        for name, operation in (("Max", "max"), ("Average", "sum"))
        for axes in (1, 2)
    },
    **{
        f"{mark}Global{name}Pooling{axes}D": _over(operation, _places)
        for mark in ("", "Q")
        for name, operation in (("Max", "max"), ("Average", "sum"))
        for axes in (1, 2)
    },
}
