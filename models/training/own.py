"""A torch module of one's own: trained, and frozen to a network."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from hexcoder.config import Training
from hexcoder.errors import CheckFailed, InputError
from hexcoder.models.data.labelled import Labelled
from hexcoder.models.layers.model import ModelInput, QuantisedModel, model_input
from hexcoder.models.training.loop import Epoch, Trainer
from hexcoder.models.training.supervised import Kind, Supervised
from hexcoder.network.schema import NetworkGraph
from hexcoder.sections import validated

Inputs = Mapping[str, tuple[Sequence[int], str]]


def inputs_of(given: Inputs) -> list[ModelInput]:
    """Tensors that come into a model, from their shapes and types by name."""
    try:
        return [model_input(name, shape, type_) for name, (shape, type_) in given.items()]
    except (TypeError, ValueError) as error:
        raise InputError(
            f"inputs: {error}; give {{name: (shape, type)}}, as {{'x': ((16,), 'SQ(4,4)')}}"
        ) from None


def freeze_own(module: nn.Module, inputs: Inputs, name: str) -> NetworkGraph:
    """The network of a module with the weights that it has."""
    return QuantisedModel(module, inputs_of(inputs), name).freeze()


def train_own(
    module: nn.Module,
    inputs: Inputs,
    x: np.ndarray,
    y: np.ndarray,
    task: Kind,
    name: str,
    held_out: float,
    progress: Callable[[Epoch], None],
    settings: Mapping[str, Any],
) -> NetworkGraph:
    """Train a module in place; the network that it becomes.

    Raises
    ------
    InputError
        If samples, settings and module do not fit together.
    CheckFailed
        If training diverges.
    """
    chosen = validated(Training, dict(settings), "settings of training")
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y)
    if len(x) != len(y) or len(x) < 2 or not 0 <= held_out < 1:
        raise InputError(f"{len(x)} inputs, {len(y)} answers, {held_out} of them held out")
    if not np.isfinite(x).all():
        raise InputError("inputs have numbers that are not finite")
    torch.manual_seed(chosen.seed)
    model = QuantisedModel(module, inputs_of(inputs), name)
    order = np.random.default_rng(chosen.seed).permutation(len(x))
    kept = round(len(x) * held_out)
    sample = Labelled(x[order[kept:]], y[order[kept:]])
    with tempfile.TemporaryDirectory(prefix="hexcoder-") as scratch:
        supervised = Supervised(
            model, task, chosen, sample, Labelled(x[order[:kept]], y[order[:kept]])
        )
        try:
            Trainer(supervised, chosen, Path(scratch)).run(progress)
        except FloatingPointError as error:
            raise CheckFailed(f"{error}; try a smaller learning_rate") from None
    return model.freeze()
