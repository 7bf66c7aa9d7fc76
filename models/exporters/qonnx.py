"""QONNX of a network: what other tools read, and compute the same numbers with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from hexcoder.errors import InputError
from hexcoder.models.exporters.layers import EXPORTS
from hexcoder.models.exporters.writer import EXACT_BITS, Writer, require_exact
from hexcoder.network.kinds.requantise import spread_types
from hexcoder.network.layer import TensorType
from hexcoder.network.schema import Network, NetworkGraph, RealInput, RealOutput


def export_qonnx(network: Network) -> Any:
    """A network as QONNX (Pappalardo et al., arXiv:2206.07527).

    Inputs and outputs are real numbers, (1, *shape), as :func:`hexcoder.to_integers` takes and
    :func:`hexcoder.to_reals` gives them. Values inside are integers times steps of powers of two,
    which float32 holds exactly.

    Returns
    -------
    onnx.ModelProto

    Raises
    ------
    InputError
        If a layer's values have more bits than float32 holds.
    """
    writer = Writer()
    reals = [None] * len(network.inputs_by_name)
    ends = [None] * len(network.outputs_by_name)
    if isinstance(network, NetworkGraph):
        reals = [tensor.real for tensor in network.inputs]
        ends = [tensor.real for tensor in network.outputs]
    tensors: dict[str, str] = {}
    given = {}
    for (name, tensor), real in zip(network.inputs_by_name.items(), reals, strict=True):
        given[writer.name(name)] = tensor.shape
        tensors[name] = _taken_in(writer, name, tensor, real or RealInput())
    for context in network.contexts():
        require_exact(context)
        inputs = [tensors[source] for source in context.sources]
        tensors[context.name] = EXPORTS[context.layer.kind](writer, context, inputs)
    found = {}
    for (name, tensor), real in zip(network.outputs_by_name.items(), ends, strict=True):
        found[_given_out(writer, tensors[name], tensor, real or RealOutput())] = tensor.shape
    return writer.model(network.name, given, found)


def _taken_in(writer: Writer, name: str, tensor: TensorType, real: RealInput) -> str:
    """Real numbers to the input's type, as network.json says."""
    if tensor.type.width > EXACT_BITS:
        raise InputError(
            f"input '{name}': {tensor.type} has {tensor.type.width} bits; float32 holds "
            f"{EXACT_BITS}: it cannot be exported exactly"
        )
    if real.types is not None:
        types = spread_types(real.types, tensor.shape)
        return writer.requantised(name, types, real.rounding, real.overflow, f"{name}_quantised")
    step = tensor.type.step
    moved = writer.shifted(name, -np.asarray(real.offset), f"{name}_moved")
    if real.scale is not None:
        moved = writer.scaled(moved, step / np.asarray(real.scale), f"{name}_scaled")
    types = np.array([tensor.type], dtype=object)
    return writer.requantised(moved, types, real.rounding, real.overflow, f"{name}_quantised")


def _given_out(writer: Writer, made: str, tensor: TensorType, real: RealOutput) -> str:
    if real.scale is not None:
        made = writer.scaled(made, np.asarray(real.scale) / tensor.type.step, "output_scaled")
    made = writer.shifted(made, np.asarray(real.offset), "output_moved")
    return writer.add("Identity", [made], "output")


def save_qonnx(network: Network, path: Path) -> Path:
    """Write :func:`export_qonnx`'s file, whole or not at all; its path."""
    if not path.parent.is_dir():
        raise InputError(f"{path}: the folder {path.parent} does not exist")
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(export_qonnx(network).SerializeToString())
    return partial.replace(path)
