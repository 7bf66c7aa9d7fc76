"""Real numbers to the integers of a network's inputs, and its outputs back to real numbers."""

from __future__ import annotations

import numpy as np

from hexcoder.errors import InputError
from hexcoder.network.kinds.requantise import fitted, spread_types
from hexcoder.network.layer import TensorType
from hexcoder.network.rounding import round_reals
from hexcoder.network.schema import Network, NetworkGraph, RealInput, RealOutput


def to_integers(network: Network, values: np.ndarray) -> np.ndarray:
    """Integers of a network's inputs from real numbers, as its file says.

    Parameters
    ----------
    values : float array (n, input_elements) or (n, *shape)
        Several inputs one after the other.

    Returns
    -------
    int64 array (n, input_elements)

    Raises
    ------
    InputError
        If the shape is another, or a number is not finite.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim < 2 or values[:1].size != network.input_elements:
        raise InputError(
            f"inputs have shape {list(values.shape)}; network {network.name} takes "
            f"(n, {network.input_elements})"
        )
    if not np.isfinite(values).all():
        raise InputError("inputs have numbers that are not finite")
    flat = values.reshape(len(values), -1)
    parts = []
    start = 0
    for real, tensor in _inputs(network):
        given = flat[:, start : start + tensor.elements].reshape(-1, *tensor.shape)
        parts.append(_integers(given, real, tensor).reshape(len(values), -1))
        start += tensor.elements
    return np.concatenate(parts, axis=1)


def _inputs(network: Network) -> list[tuple[RealInput, TensorType]]:
    if isinstance(network, NetworkGraph):
        return [(tensor.real or RealInput(), tensor) for tensor in network.inputs]
    return [(RealInput(), network.input)]


def _integers(values: np.ndarray, real: RealInput, tensor: TensorType) -> np.ndarray:
    """Of one tensor."""
    type_ = tensor.type
    if real.types is None:
        scale = type_.step if real.scale is None else np.array(real.scale)
        whole = round_reals((values - np.array(real.offset)) / scale, real.rounding)
        return fitted(whole, type_, real.overflow)
    result = np.zeros(values.shape, np.int64)
    types = spread_types(real.types, tensor.shape)
    for own in dict.fromkeys(types.ravel()):
        if own is None:
            continue
        chosen = types == own
        whole = round_reals(values[:, chosen] / own.step, real.rounding)
        part = fitted(whole, own, real.overflow)
        result[:, chosen] = part << type_.fraction_bits - own.fraction_bits
    return result


def to_reals(network: Network, outputs: np.ndarray) -> np.ndarray:
    """What a network's output integers stand for: float64 of the same shape (n, elements)."""
    if not isinstance(network, NetworkGraph):
        return outputs * network.output.type.step
    parts, start = [], 0
    for given, tensor in zip(network.outputs, network.outputs_by_name.values(), strict=True):
        real = given.real or RealOutput()
        scale = tensor.type.step if real.scale is None else np.array(real.scale)
        whole = outputs[:, start : start + tensor.elements].reshape(-1, *tensor.shape)
        parts.append((whole * scale + np.array(real.offset)).reshape(len(outputs), -1))
        start += tensor.elements
    return np.concatenate(parts, axis=1)


def outputs_to_integers(network: Network, values: np.ndarray) -> np.ndarray:
    """Integers that real outputs (n, ...) stand for: int64 (n, elements).

    Raises
    ------
    InputError
        If the shape is another, or what the model does at its end was left out.
    """
    flat = np.asarray(values, dtype=np.float64).reshape(len(values), -1)
    elements = sum(tensor.elements for tensor in network.outputs_by_name.values())
    if flat.shape[1] != elements:
        raise InputError(
            f"answers of {flat.shape[1]} elements; network {network.name} has {elements}"
        )
    if not isinstance(network, NetworkGraph):
        return np.rint(flat / network.output.type.step).astype(np.int64)
    parts, start = [], 0
    for given, tensor in zip(network.outputs, network.outputs_by_name.values(), strict=True):
        real = given.real or RealOutput()
        if real.left_out:
            raise InputError(
                f"output '{given.node}' leaves out {real.left_out}: give answers before it, as "
                "integers"
            )
        scale = tensor.type.step if real.scale is None else np.array(real.scale)
        part = flat[:, start : start + tensor.elements].reshape(-1, *tensor.shape)
        whole = np.rint((part - np.array(real.offset)) / scale)
        parts.append(whole.astype(np.int64).reshape(len(flat), -1))
        start += tensor.elements
    return np.concatenate(parts, axis=1)
