"""Link 0 of the chain of proof: a model's own answers against the imported network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from pydantic import BaseModel, Field

from hexcoder.documents import read_json
from hexcoder.errors import CheckFailed, InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.models.importers.files import import_model
from hexcoder.network.golden import evaluate, layer_outputs
from hexcoder.network.real_values import to_integers, to_reals
from hexcoder.network.schema import Network, NetworkGraph, is_network, load_network
from hexcoder.sensor.tables.samples import INPUTS, one_of, read_samples

INSIDE = "act/"
"""What names of arrays begin with that hold tensors inside a model."""
RELATIVE = 1e-5
"""Rounding of a float32 sum, of the largest value: beyond a step of the integers it differs."""


class TensorAgreement(BaseModel):
    """A tensor of the imported network beside the model's own answers."""

    tensor: str = Field(description="node of the network, or 'outputs'")
    elements: int = Field(description="that were compared")
    differ: int = Field(description="that differ by half a step or more")
    largest_difference: float = Field(description="in steps of the integers")


class Agreement(BaseModel):
    """The verdict on a model's samples."""

    samples: int
    tensors: list[TensorAgreement]
    argmax_differs: int | None = Field(
        default=None, description="samples of which another output is the greatest"
    )

    @property
    def passed(self) -> bool:
        """Whether every tensor is the same, and the greatest output where outputs are no sums."""
        return not self.argmax_differs and all(not one.differ for one in self.tensors)


def compare_samples(network: Network, arrays: Mapping[str, np.ndarray]) -> Agreement:
    """Evaluate a network on a model's samples and compare what it answered.

    Parameters
    ----------
    arrays : mapping of str to array
        ``inputs``; ``outputs`` if they are known; tensors inside as ``act/NODE``.

    Raises
    ------
    InputError
        If arrays do not suit the network.
    """
    inputs = to_integers(network, arrays["inputs"])
    layers = layer_outputs(network, inputs)
    types = {context.name: context.output_type for context in network.contexts()}
    tensors = []
    for key, array in arrays.items():
        name = key.removeprefix(INSIDE)
        if key == name or name not in layers:
            continue
        found = layers[name] * types[name].step
        tensors.append(_agreement(name, found, array, types[name].step))
    argmax = None
    if "outputs" in arrays:
        wanted = np.asarray(arrays["outputs"], np.float64).reshape(len(inputs), -1)
        found = to_reals(network, evaluate(network, inputs))
        if found.shape != wanted.shape:
            raise InputError(
                f"'outputs' have {wanted.shape[1]} elements; the network has {found.shape[1]}"
            )
        if found.shape[1] > 1:
            # Of outputs that the model's own tool gives as equal, any is the greatest.
            chosen = np.take_along_axis(wanted, found.argmax(axis=1)[:, np.newaxis], axis=1)[:, 0]
            argmax = int((chosen != wanted.max(axis=1)).sum())
        outputs = network.outputs if isinstance(network, NetworkGraph) else ()
        if not any(output.real and output.real.left_out for output in outputs):
            tensors.append(_agreement("outputs", found, wanted, _step(network)))
    return Agreement(samples=len(inputs), tensors=tensors, argmax_differs=argmax)


def _step(network: Network) -> float:
    """The least real step of the outputs."""
    if not isinstance(network, NetworkGraph):
        return network.output.type.step
    return min(
        float(np.min(np.abs(output.real.scale)))
        if output.real and output.real.scale is not None
        else tensor.type.step
        for output, tensor in zip(network.outputs, network.outputs_by_name.values(), strict=True)
    )


def _agreement(name: str, found: np.ndarray, given: np.ndarray, step: float) -> TensorAgreement:
    """A tensor, up to one scale an element where the model's is no power of two."""
    wanted = np.asarray(given, dtype=np.float64).reshape(len(found), -1)
    if wanted.shape != found.shape:
        raise InputError(
            f"'{INSIDE}{name}' has {wanted.shape[1]} elements; the node has {found.shape[1]}"
        )
    scale = np.ones(found.shape[1])
    if name != "outputs":
        squares = (found * found).sum(axis=0)
        fitted = (found * wanted).sum(axis=0) / np.where(squares == 0, 1, squares)
        scale = np.where((squares == 0) | (fitted == 0), 1.0, fitted)
    steps = np.abs(found - wanted / scale) / step
    room = 0.5 + RELATIVE * np.abs(found).max(initial=0) / step * (name == "outputs")
    return TensorAgreement(
        tensor=name,
        elements=int(wanted.size),
        differ=int((steps >= room).sum()),
        largest_difference=float(steps.max(initial=0)),
    )


def import_with_samples(
    model: Path, input_type: FixedPoint | None, samples: Path | None
) -> tuple[Network, np.ndarray | None]:
    """A model of another tool, or a network.json, and the samples' inputs where a file has them.

    What the model answered to them is compared.

    Raises
    ------
    InputError
        If it cannot be imported exactly.
    CheckFailed
        If the answers differ.
    """
    arrays = {} if samples is None else read_samples(samples)
    inputs = one_of(arrays, samples, INPUTS, "x") if samples is not None else None
    is_ours = model.suffix.lower() == ".json" and is_network(read_json(model, "give a model"))
    network = load_network(model) if is_ours else import_model(model, input_type, inputs)
    if inputs is not None:
        require_agreement(model, compare_samples(network, {**arrays, INPUTS: inputs}))
    return network, inputs


def require_agreement(model: Path, found: Agreement) -> None:
    """Raise CheckFailed, with the first tensor that differs, unless all are the same."""
    if found.passed:
        return
    wrong = next((one for one in found.tensors if one.differ), None)
    what = f"the greatest output of {found.argmax_differs} samples differs"
    if wrong is not None:
        what = (
            f"tensor '{wrong.tensor}': {wrong.differ} of {wrong.elements} elements differ, by up "
            f"to {wrong.largest_difference:.3g} steps"
        )
    raise CheckFailed(f"{model}: model and imported network: {what}")
