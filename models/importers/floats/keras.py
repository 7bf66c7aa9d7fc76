"""Models of Keras as operators of ONNX: floats for :mod:`calibrate`, binary and ternary ones exact.

What binary and ternary layers and activations do is as hls4ml reads them: a weight is 1 from 0 on,
or from above 0.5 on, -1 to -0.5; an activation is cut at 0, or above -0.5 and above 0.5.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from hexcoder.documents import read_json
from hexcoder.errors import InputError
from hexcoder.models.importers.floats.writer import OPSET, Writer
from hexcoder.models.importers.keras import (
    KerasLayer,
    KerasModel,
    layers_of,
    read_arrays,
    read_keras,
)
from hexcoder.models.importers.onnx.model import OnnxModel
from hexcoder.network.windows import same_sides


def _array(layer: KerasLayer, place: int, name: str) -> np.ndarray:
    """A variable, by its number in Keras 3's files or by its name in Keras 2's."""
    return layer.arrays.get(f"vars/{place}", layer.arrays.get(name, np.zeros(0)))


def _needed(layer: KerasLayer, place: int, name: str) -> np.ndarray:
    found = _array(layer, place, name)
    if not found.size:
        raise InputError(f"{layer.where}: the file has no '{name}' of it")
    return found.astype(np.float32)


def _activated(writer: Writer, layer: KerasLayer, tensor: str) -> str:
    word = layer.get("activation", "linear")
    plain = ("relu", "sigmoid", "tanh", "softmax", "selu", "elu", "softplus")
    kinds = {name: name.capitalize() for name in plain} | {"exponential": "Exp"}
    if word == "linear":
        return tensor
    if word in STEPS:
        return _stepped(writer, layer, tensor, word)
    if word not in kinds:
        known = ", ".join([*kinds, *STEPS])
        raise InputError(f"{layer.where}: activation '{word}'; known are {known}")
    attributes = {"axis": -1} if word == "softmax" else {}
    name = layer.name if layer.kind in ("Activation", "Softmax") else f"{layer.name}_activation"
    return writer.add(kinds[word], name, [tensor], layer.where, **attributes)


_ABOVE_HALF = float(np.nextafter(np.float32(0.5), np.float32(1)))
_ABOVE_MINUS_HALF = float(np.nextafter(np.float32(-0.5), np.float32(0)))
STEPS = {
    "binary_tanh": ([0.0], 2.0),
    "ternary_tanh": ([_ABOVE_MINUS_HALF, _ABOVE_HALF], 1.0),
}
"""Thresholds of activations that start at -1, and what each adds."""


def _stepped(writer: Writer, layer: KerasLayer, tensor: str, word: str) -> str:
    thresholds, step = STEPS[word]
    given = [tensor, writer.constant(np.array([thresholds]))]
    return writer.add("MultiThreshold", f"{layer.name}_steps", given, layer.where, out_scale=step,
                      out_bias=-1.0, data_layout="NHWC")  # fmt: skip


def _coarse(kernel: np.ndarray, layer: KerasLayer) -> np.ndarray:
    """Weights as a binary or ternary layer uses them."""
    scale = layer.get("H", 1)
    if layer.kind in ("BinaryDense", "TernaryDense") and scale not in (1, 1.0, None):
        raise InputError(f"{layer.where}: H is {scale}; weights of -1, 0 and 1 are read: H of 1")
    if layer.kind == "BinaryDense":
        return np.where(kernel >= 0, 1, -1).astype(np.float32)
    if layer.kind == "TernaryDense":
        return (kernel > 0.5).astype(np.float32) - (kernel <= -0.5).astype(np.float32)
    return kernel


def _dense(writer: Writer, layer: KerasLayer, sources: list[str]) -> str:
    kernel = _coarse(_needed(layer, 0, "kernel"), layer)
    given = [sources[0], writer.constant(kernel)]
    tensor = writer.add("MatMul", layer.name, given, layer.where)
    if layer.config.get("use_bias", True):
        given = [tensor, writer.constant(_needed(layer, 1, "bias"))]
        tensor = writer.add("Add", f"{layer.name}_bias", given, layer.where)
    writer.shapes[layer.name] = (*writer.shapes[layer.sources[0]][:-1], kernel.shape[1])
    return _activated(writer, layer, tensor)


def _turned(writer: Writer, layer: KerasLayer, tensor: str, rank: int, back: bool) -> str:
    """Channels first for ONNX, or last again."""
    axes = list(range(1, rank))
    perm = [0, *axes[1:], 1] if back else [0, rank - 1, *axes[:-1]]
    name = f"{layer.name}_{'last' if back else 'first'}"
    return writer.add("Transpose", name, [tensor], layer.where, perm=perm)


def _sides(layer: KerasLayer, shape: tuple[int, ...], size: list[int], stride: list[int]) -> Any:
    """Padding and output sides of windows."""
    padding = str(layer.get("padding", "valid"))
    if padding not in ("same", "valid"):
        raise InputError(f"{layer.where}: padding '{padding}'; same and valid are supported")
    before, behind, sides = [], [], []
    for side, window, step in zip(shape[:-1], size, stride, strict=True):
        count = -(-side // step) if padding == "same" else (side - window) // step + 1
        first, last = same_sides(side, window, step) if padding == "same" else (0, 0)
        before.append(first)
        behind.append(last)
        sides.append(count)
    return [*before, *behind], tuple(sides)


def _list(value: Any, count: int) -> list[int]:
    return [int(one) for one in value] if isinstance(value, list | tuple) else [int(value)] * count


def _convolution(writer: Writer, layer: KerasLayer, sources: list[str]) -> str:
    kernel = _needed(layer, 0, "kernel")
    axes = kernel.ndim - 2
    shape = writer.shapes[layer.sources[0]]
    stride = _list(layer.get("strides", 1), axes)
    dilation = _list(layer.get("dilation_rate", 1), axes)
    if layer.get("data_format", "channels_last") != "channels_last" or max(dilation) > 1:
        raise InputError(f"{layer.where}: channels first or a dilation: not supported")
    pads, sides = _sides(layer, shape, list(kernel.shape[:axes]), stride)
    tensor = _turned(writer, layer, sources[0], axes + 2, back=False)
    given = [tensor, writer.constant(np.moveaxis(kernel, (-1, -2), (0, 1)))]
    if layer.config.get("use_bias", True):
        given.append(writer.constant(_needed(layer, 1, "bias")))
    tensor = writer.add("Conv", layer.name, given, layer.where, pads=pads, strides=stride,
                        kernel_shape=list(kernel.shape[:axes]),
                        group=int(layer.get("groups", 1)))  # fmt: skip
    writer.shapes[layer.name] = (*sides, kernel.shape[-1])
    return _activated(writer, layer, _turned(writer, layer, tensor, axes + 2, back=True))


def _pool(kind: str) -> Callable[[Writer, KerasLayer, list[str]], str]:
    def apply(writer: Writer, layer: KerasLayer, sources: list[str]) -> str:
        shape = writer.shapes[layer.sources[0]]
        axes = len(shape) - 1
        size = _list(layer.get("pool_size", 2), axes)
        stride = _list(layer.get("strides", size), axes)
        pads, sides = _sides(layer, shape, size, stride)
        tensor = _turned(writer, layer, sources[0], axes + 2, back=False)
        tensor = writer.add(kind, layer.name, [tensor], layer.where, kernel_shape=size,
                            strides=stride, pads=pads)  # fmt: skip
        writer.shapes[layer.name] = (*sides, shape[-1])
        return _turned(writer, layer, tensor, axes + 2, back=True)

    return apply


def _global(kind: str) -> Callable[[Writer, KerasLayer, list[str]], str]:
    def apply(writer: Writer, layer: KerasLayer, sources: list[str]) -> str:
        shape = writer.shapes[layer.sources[0]]
        axes = list(range(1, len(shape)))
        writer.shapes[layer.name] = shape[-1:]
        return writer.add(kind, layer.name, sources, layer.where, axes=axes, keepdims=0)

    return apply


def _normalised(writer: Writer, layer: KerasLayer, sources: list[str]) -> str:
    """A product and a sum a channel."""
    shape = writer.shapes[layer.sources[0]]
    numbers, place = {}, 0
    for name, present in (("gamma", "scale"), ("beta", "center")):
        if layer.config.get(present, True):
            numbers[name] = _needed(layer, place, name).astype(np.float64)
            place += 1
    mean = _needed(layer, place, "moving_mean").astype(np.float64)
    variance = _needed(layer, place + 1, "moving_variance").astype(np.float64)
    slope = numbers.get("gamma", 1.0) / np.sqrt(variance + float(layer.get("epsilon", 1e-3)))
    offset = numbers.get("beta", 0.0) - mean * slope
    given = [sources[0], writer.constant(slope.astype(np.float32))]
    tensor = writer.add("Mul", f"{layer.name}_scaled", given, layer.where)
    writer.shapes[layer.name] = shape
    given = [tensor, writer.constant(offset.astype(np.float32))]
    return writer.add("Add", layer.name, given, layer.where)


def _reshaped(writer: Writer, layer: KerasLayer, sources: list[str]) -> str:
    shape = writer.shapes[layer.sources[0]]
    wanted = (math.prod(shape),)
    if layer.kind == "Reshape":
        wanted = tuple(_list(layer.get("target_shape"), 1))
    writer.shapes[layer.name] = wanted
    given = [sources[0], writer.constant(np.array([1, *wanted], np.int64))]
    return writer.add("Reshape", layer.name, given, layer.where)


def _activation(writer: Writer, layer: KerasLayer, sources: list[str]) -> str:
    writer.shapes[layer.name] = writer.shapes[layer.sources[0]]
    if layer.kind in ("ReLU", "Softmax"):
        layer.config["activation"] = layer.kind.lower()
    return _activated(writer, layer, sources[0])


def _same(writer: Writer, layer: KerasLayer, sources: list[str]) -> str:
    writer.shapes[layer.name] = writer.shapes[layer.sources[0]]
    return sources[0]


def _merged(kind: str) -> Callable[[Writer, KerasLayer, list[str]], str]:
    def apply(writer: Writer, layer: KerasLayer, sources: list[str]) -> str:
        shapes = [writer.shapes[name] for name in layer.sources]
        if kind == "Concat":
            writer.shapes[layer.name] = (*shapes[0][:-1], sum(shape[-1] for shape in shapes))
            return writer.add(kind, layer.name, sources, layer.where, axis=len(shapes[0]))
        writer.shapes[layer.name] = shapes[0]
        return writer.add(kind, layer.name, sources, layer.where)

    return apply


def _transformed(writer: Writer, layer: KerasLayer, tensor: str, part: str) -> str:
    """A dense layer that is a part of a layer."""
    given = [tensor, writer.constant(_needed(layer, -1, f"{part}_kernel"))]
    made = writer.add("MatMul", f"{layer.name}_{part}", given, layer.where)
    given = [made, writer.constant(_needed(layer, -1, f"{part}_bias"))]
    return writer.add("Add", f"{layer.name}_{part}_bias", given, layer.where)


def _garnet(writer: Writer, layer: KerasLayer, sources: list[str]) -> str:
    """Features of vertices gathered by aggregators, each as near as exp(-distance^2).

    The layer of hls4ml's contrib/garnet.py (Iiyama et al., Front. Big Data 3 (2020) 598927), where
    it is simplified and what it gives is the mean or the sum over the vertices. That is linear in
    what goes back to the vertices, so that the mean weight of an aggregator stands in its place.
    """
    wanted = {"simplified": (True,), "collapse": ("mean", "sum"), "input_format": ("xn",),
              "output_activation": (None, "linear"), "mean_by_nvert": (False, None),
              "quantize_transforms": (False, None)}  # fmt: skip
    for key, values in wanted.items():
        if layer.config.get(key) not in values:
            raise InputError(
                f"{layer.where}: {key} is {layer.config.get(key)}; supported is "
                f"{' or '.join(str(value) for value in values)}"
            )
    if len(layer.sources) != 2 or len(writer.shapes[layer.sources[0]]) != 2:
        raise InputError(f"{layer.where}: it reads vertices (vertex, feature), and their number")
    vertices = writer.shapes[layer.sources[0]][0]

    def add(kind: str, name: str, *given: str, **attributes: Any) -> str:
        return writer.add(kind, f"{layer.name}_{name}", list(given), layer.where, **attributes)

    shape = writer.constant(np.array([1, vertices, 1], np.int64))
    numbers = writer.constant(np.arange(vertices, dtype=np.float32).reshape(1, vertices, 1))
    mask = add("Less", "mask", numbers, add("Expand", "count", sources[1], shape))
    mask = add("Cast", "present", mask, to=1)
    features = _transformed(writer, layer, sources[0], "FLR")
    distances = _transformed(writer, layer, sources[0], "S")
    weights = add("Mul", "weights", mask, add("Gaussian", "nearness", distances))
    part = writer.constant(np.float32(1 / vertices))
    by_aggregator = add("Transpose", "turned", weights, perm=[0, 2, 1])
    gathered = add("Mul", "gathered", add("MatMul", "sums", by_aggregator, features), part)
    mean = add("ReduceMean", "weight", by_aggregator, axes=[2], keepdims=1)
    back = add("Mul", "back", gathered, mean)
    kernel, bias = (_needed(layer, -1, f"Fout_{name}") for name in ("kernel", "bias"))
    flat = add("Reshape", "flat", back, writer.constant(np.array([1, len(kernel)], np.int64)))
    row = writer.constant(bias.reshape(1, -1) / vertices)
    moved = add("MatMul", "offset", sources[1], row)
    out = add("Add", "Fout", add("MatMul", "output", flat, writer.constant(kernel)), moved)
    writer.shapes[layer.name] = kernel.shape[1:]
    if layer.get("collapse") == "sum":
        return add("Mul", "total", out, writer.constant(np.float32(vertices)))
    return out


LAYERS: dict[str, Callable[[Writer, KerasLayer, list[str]], str]] = {
    "Dense": _dense,
    "BinaryDense": _dense,
    "TernaryDense": _dense,
    "Conv1D": _convolution,
    "Conv2D": _convolution,
    "MaxPooling1D": _pool("MaxPool"),
    "MaxPooling2D": _pool("MaxPool"),
    "AveragePooling1D": _pool("AveragePool"),
    "AveragePooling2D": _pool("AveragePool"),
    "GlobalAveragePooling1D": _global("ReduceMean"),
    "GlobalAveragePooling2D": _global("ReduceMean"),
    "GlobalMaxPooling1D": _global("ReduceMax"),
    "GlobalMaxPooling2D": _global("ReduceMax"),
    "BatchNormalization": _normalised,
    "Flatten": _reshaped,
    "Reshape": _reshaped,
    "Activation": _activation,
    "ReLU": _activation,
    "Softmax": _activation,
    "Dropout": _same,
    "Add": _merged("Sum"),
    "Concatenate": _merged("Concat"),
    "GarNet": _garnet,
}


def read_float_keras(path: Path, weights: Path | None = None) -> OnnxModel:
    """A float model of Keras 3 (.keras), or of Keras 2 (.json with weights in HDF5 beside it).

    Raises
    ------
    InputError
        If it is none, or has a layer that is not read.
    """
    model = read_keras(path) if path.suffix == ".keras" else _read_keras_2(path, weights)
    writer = Writer(str(path))
    tensors: dict[str, str] = {}
    inputs: dict[str, list[int | str]] = {}
    for layer in model.layers:
        shape = layer.get("batch_shape", layer.get("batch_input_shape"))
        if layer.kind == "InputLayer" or (not layer.sources and shape):
            given = layer.name if layer.kind == "InputLayer" else f"{layer.name}_input"
            if not shape or not all(isinstance(side, int) for side in shape[1:]):
                raise InputError(f"{layer.where}: its shape {shape} must be numbers")
            inputs[given] = ["batch", *shape[1:]]
            tensors[given], writer.shapes[given] = given, tuple(shape[1:])
            if layer.kind == "InputLayer":
                continue
            layer.sources.append(given)
        if layer.kind not in LAYERS:
            raise InputError(
                f"{layer.where}: a layer that is not read; known are {', '.join(sorted(LAYERS))}"
            )
        missing = [name for name in layer.sources if name not in tensors]
        if missing or not layer.sources:
            raise InputError(f"{layer.where}: nothing makes its input {missing}")
        sources = [tensors[name] for name in layer.sources]
        tensors[layer.name] = LAYERS[layer.kind](writer, layer, sources)
    outputs = [tensors[name] for name in model.outputs if name in tensors]
    if len(outputs) != len(model.outputs) or not writer.operators:
        raise InputError(f"{path}: an output is the name of no layer")
    return OnnxModel(inputs, outputs, writer.constants, writer.operators, OPSET, {})


def _read_keras_2(path: Path, weights: Path | None) -> KerasModel:
    """A model's JSON, and its weights beside it."""
    config = read_json(path, "give the JSON of a Keras model")
    beside = [path.with_name(f"{path.stem}{end}") for end in ("_weights.h5", ".weights.h5", ".h5")]
    found = weights or next((one for one in beside if one.is_file()), None)
    if found is None or not found.is_file():
        raise InputError(
            f"{path}: no weights: {found or beside[0]} is no file; give it with --weights"
        )
    arrays = read_arrays(found, found.read_bytes())
    model = layers_of(path, config)
    for layer in model.layers:
        for key, value in arrays.items():
            parts = key.removeprefix("model_weights/").split("/")
            if parts[0] == layer.name:
                layer.arrays[parts[-1].split(":")[0]] = value
    return model
