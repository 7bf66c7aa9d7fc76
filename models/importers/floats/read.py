"""Float models of ONNX and Keras to a graph of integers, and what that costs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hexcoder.models.importers.floats.calibrate import Calibrated, LayerLoss, Loss, calibrate
from hexcoder.models.importers.floats.keras import read_float_keras
from hexcoder.models.importers.onnx.graph import ORDER_KEEPING, graph_of
from hexcoder.models.importers.onnx.model import OnnxModel, read_onnx
from hexcoder.network.golden import evaluate, layer_outputs
from hexcoder.network.real_values import to_integers, to_reals
from hexcoder.network.schema import NetworkGraph


def import_float(
    path: Path, samples: np.ndarray, bits: int = 16, weights: Path | None = None
) -> tuple[NetworkGraph, Loss]:
    """Read a float model of ONNX or Keras, with types from the ranges of its tensors on samples.

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
    is_onnx = path.suffix.lower() == ".onnx"
    model = read_onnx(path) if is_onnx else read_float_keras(path, weights)
    found = calibrate(path, model, samples, bits)
    network = graph_of(path, found.model, {}, is_calibrated=True)
    return network, _loss(network, found, bits)


def _loss(network: NetworkGraph, found: Calibrated, bits: int) -> Loss:
    """Outputs and tensors of the network beside the float model's."""
    count = len(next(iter(found.inputs.values())))
    flat = np.concatenate([value.reshape(count, -1) for value in found.inputs.values()], axis=1)
    layers = layer_outputs(network, to_integers(network, flat))
    types = {context.name: context.output_type for context in network.contexts()}
    rows = []
    for operator in found.model.operators:
        output, biased = operator.outputs[0], f"{operator.name}_bias"
        has_bias = operator.kind in ("Conv", "Gemm") and biased in layers
        name = biased if has_bias else operator.name
        if name in layers and output in found.tensors:
            wanted = found.tensors[output].reshape(count, -1)
            if wanted.shape == layers[name].shape:
                error = np.abs(layers[name] * types[name].step - wanted)
                rows.append(
                    LayerLoss(
                        tensor=name,
                        type=str(types[name]),
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
    return name
