"""Float models of ONNX, Keras and torch to a graph of integers, and what that costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from hexcoder.models.importers.floats.calibrate import Calibrated, LayerLoss, Loss, calibrate
from hexcoder.models.importers.floats.exported import exported_module, read_exported
from hexcoder.models.importers.floats.keras import read_float_keras
from hexcoder.models.importers.onnx.graph import ORDER_KEEPING, imported
from hexcoder.models.importers.onnx.model import OnnxModel, read_onnx
from hexcoder.models.importers.onnx.state import Import
from hexcoder.models.importers.real import Real
from hexcoder.network.golden import evaluate, layer_outputs
from hexcoder.network.real_values import to_integers, to_reals
from hexcoder.network.schema import NetworkGraph

TORCH = (".pt2", ".pt", ".pth")
"""Ends of names of torch's files, of which pickles are refused."""


def import_float(
    path: Path, samples: np.ndarray, bits: int = 16, weights: Path | None = None
) -> tuple[NetworkGraph, Loss]:
    """Read a float model, with types from the ranges of its tensors on samples.

    Parameters
    ----------
    samples : float array (n, ...)
    bits : int
        Of weights and tensors.
    weights : Path, optional
        Those of Keras 2, where they do not lie beside its JSON.

    Returns
    -------
    NetworkGraph, and what fixed point costs it on the samples

    Raises
    ------
    InputError
        As :func:`import_onnx`.
    """
    return _calibrated(path, _read(path, weights), samples, bits)


def import_torch(
    module: Any, *samples: np.ndarray, bits: int = 16, name: str = "network"
) -> tuple[NetworkGraph, Loss]:
    """A float module of torch, exported and then read as a file is.

    Parameters
    ----------
    module : torch.nn.Module
    samples : float array (n, ...)
        Of each input, in its shape.
    bits : int
        Of weights and tensors.
    name : str
        Of the network.

    Raises
    ------
    InputError
        If torch cannot export it, or it holds what is not read.
    """
    content = exported_module(module, list(samples))
    flat = np.concatenate([np.asarray(one).reshape(len(one), -1) for one in samples], axis=1)
    path = Path(name)
    return _calibrated(path, read_exported(path, content), flat, bits)


def _read(path: Path, weights: Path | None) -> OnnxModel:
    suffix = path.suffix.lower()
    if suffix == ".onnx":
        return read_onnx(path)
    if suffix in TORCH:
        return read_exported(path)
    return read_float_keras(path, weights)


def _calibrated(
    path: Path, model: OnnxModel, samples: np.ndarray, bits: int
) -> tuple[NetworkGraph, Loss]:
    found = calibrate(path, model, samples, bits)
    state = imported(path, found.model, {}, is_calibrated=True)
    network = state.builder.network()
    return network, _loss(network, state, found, bits)


def _loss(network: NetworkGraph, state: Import, found: Calibrated, bits: int) -> Loss:
    """Outputs and tensors of the network beside the float model's."""
    count = len(next(iter(found.inputs.values())))
    flat = np.concatenate([value.reshape(count, -1) for value in found.inputs.values()], axis=1)
    layers = layer_outputs(network, to_integers(network, flat))
    rows = []
    for operator in found.model.operators:
        output = operator.outputs[0]
        value = state.values.get(output)
        if not isinstance(value, Real) or not value.is_exact or value.node not in layers:
            continue
        if output in found.tensors:
            wanted = found.tensors[output].reshape(count, *value.shape)
            error = np.abs(layers[value.node].reshape(wanted.shape) * value.scale - wanted)
            rows.append(
                LayerLoss(
                    tensor=value.node,
                    type=str(value.tensor.type),
                    largest=float(np.abs(wanted).max()),
                    mean_absolute_error=float(error.mean()),
                    largest_error=float(error.max()),
                )
            )
    outputs = to_reals(network, evaluate(network, to_integers(network, flat)))
    ends = [_before_softmax(found.model, name) for name in found.model.outputs]
    wanted = np.concatenate([found.tensors[name].reshape(count, -1) for name in ends], axis=1)
    error = np.abs(outputs - wanted)
    agrees = None
    if outputs.shape[1] > 1:
        agrees = float((outputs.argmax(axis=1) == wanted.argmax(axis=1)).mean())
    return Loss(
        samples=count,
        bits=bits,
        mean_absolute_error=float(error.mean()),
        largest_error=float(error.max()),
        argmax_agrees=agrees,
        layers=rows,
    )


def _before_softmax(model: OnnxModel, name: str) -> str:
    """The tensor that an output is a softmax of, or itself."""
    for operator in model.operators:
        if name in operator.outputs and operator.kind in ORDER_KEEPING:
            return operator.inputs[0].removesuffix("_quantised")
    return name.removesuffix("_quantised")
