"""From a config with answers (classifier, regressor, anomaly, encoder, trees) to a network."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from hexcoder.config import BoostedTrees, Config, Task
from hexcoder.errors import InputError
from hexcoder.models.architectures.build import build_model
from hexcoder.models.data.labelled import Labelled, split_labelled
from hexcoder.models.decoder import save_decoder
from hexcoder.models.importers.trees.xgboost import import_xgboost
from hexcoder.models.layers.model import QuantisedModel
from hexcoder.models.training.loop import Task as TrainingTask
from hexcoder.models.training.loop import Trainer
from hexcoder.models.training.reconstructing import EncoderAndDecoder, Reconstructing
from hexcoder.models.training.supervised import Anomalies, Supervised, Variational
from hexcoder.models.training.teacher import taught_answers
from hexcoder.network.schema import NetworkGraph, RealInput, RealOutput, save_network

MODEL = "model.safetensors"
Run = Callable[[Trainer[Any, Any]], None]


def standardising(sample: Labelled, step: float) -> RealInput:
    """Inputs less their mean, over their standard deviation, feature by feature."""
    flat = sample.inputs.reshape(-1, sample.inputs.shape[-1])
    spread = flat.std(axis=0)
    spread[spread == 0] = 1.0
    scale = tuple(float(one) for one in spread * step)
    return RealInput(scale=scale, offset=tuple(float(one) for one in flat.mean(axis=0)))


def fit_task(
    config: Config, folder: Path, run: Run
) -> tuple[NetworkGraph, Labelled, Labelled, list[tuple[float, float]]]:
    """Train; what was trained on and held out, and the history of losses.

    Raises
    ------
    InputError
        If the samples do not suit the config: what, and what would do.
    """
    sample, kept_back = split_labelled(config)
    try:
        return _fitted(config, folder, run, sample, kept_back)
    except InputError as error:
        raise InputError(
            f"config {config.name}, samples of {config.data.events}: {error}"
        ) from None


def _fitted(
    config: Config, folder: Path, run: Run, sample: Labelled, kept_back: Labelled
) -> tuple[NetworkGraph, Labelled, Labelled, list[tuple[float, float]]]:
    wanted = config.network
    if isinstance(wanted, BoostedTrees):
        network = _boosted(config, wanted, sample)
        return _kept(network, folder), sample, kept_back, []
    assert isinstance(wanted, Task)
    real = standardising(sample, wanted.input_type.step) if wanted.standardise else None
    torch.manual_seed(config.training.seed)
    model = build_model(config, real, sample.inputs)
    meaning: list[RealOutput | None] | None = None
    learned, watched = sample, kept_back
    taught = _taught(config, wanted, model, sample)
    if wanted.kind == "regressor":
        answers = sample.answers.reshape(len(sample), -1).astype(np.float64)
        offset, spread = answers.mean(axis=0), answers.std(axis=0)
        spread[spread == 0] = 1.0
        meaning = [_meaning(model, offset, spread)]
        learned, watched = (
            Labelled(part.inputs, (part.answers.reshape(len(part), -1) - offset) / spread)
            for part in (sample, kept_back)
        )
        taught = None if taught is None else (taught - offset) / spread
    task = _task_of(config, wanted, model, learned, watched, taught)
    trainer = Trainer(task, config.training, folder)
    run(trainer)
    if isinstance(task, Reconstructing):
        save_decoder(task.model.decoder, folder / "decoder.safetensors")
    state = {name: value.contiguous() for name, value in model.state_dict().items()}
    save_file(state, folder / MODEL)
    history = [(one.training_loss, one.held_out_loss) for one in trainer.history]
    return _kept(model.freeze(meaning), folder), sample, kept_back, history


def _taught(
    config: Config, wanted: Task, model: QuantisedModel, sample: Labelled
) -> np.ndarray | None:
    """What the config's teacher answers to the samples."""
    teacher = config.training.teacher
    if teacher is None:
        return None
    if wanted.kind not in ("classifier", "regressor"):
        raise InputError(f"section 'training.teacher': kind '{wanted.kind}' takes no teacher")
    return taught_answers(teacher, model.untrained, sample.inputs)


def _task_of(
    config: Config,
    wanted: Task,
    model: QuantisedModel,
    sample: Labelled,
    kept_back: Labelled,
    taught: np.ndarray | None,
) -> TrainingTask[Any, Any]:
    if wanted.kind == "anomaly":
        return Anomalies(Variational(model), config.training, sample, kept_back)
    if wanted.kind == "encoder":
        whole = EncoderAndDecoder(model, wanted.decoder)
        return Reconstructing(whole, config.training, sample, kept_back)
    return Supervised(model, wanted.kind, config.training, sample, kept_back, taught)


def _kept(network: NetworkGraph, folder: Path) -> NetworkGraph:
    save_network(network, folder / "network.json")
    return network


def _meaning(model: QuantisedModel, offset: np.ndarray, spread: np.ndarray) -> RealOutput:
    """Outputs are answers less their mean, over their spread."""
    step = model.untrained.output.type.step
    return RealOutput(
        scale=tuple(float(one) for one in spread * step),
        offset=tuple(float(one) for one in offset),
    )


def _boosted(config: Config, wanted: BoostedTrees, sample: Labelled) -> NetworkGraph:
    try:
        import xgboost
    except ImportError:
        raise InputError(
            f"config {config.name}: key 'network.kind' = 'trees' needs the package xgboost: "
            "pip install 'hexcoder[trees]'"
        ) from None
    type_, answers = wanted.input_type, sample.answers
    if answers.ndim > 1 and answers.shape[1] > 1:
        raise InputError(f"config {config.name}: trees take one answer; these have {answers.shape}")
    answers = answers.ravel()
    # Trees see what the hardware sees: features on the grid of their type.
    whole = np.rint(sample.inputs.reshape(len(sample), -1) / type_.step)
    features = whole.clip(type_.minimum, type_.maximum) * type_.step
    classes = int(answers.max()) + 1 if answers.dtype.kind in "iub" else 0
    if classes and not np.array_equal(np.unique(answers), np.arange(max(classes, 2))):
        raise InputError(
            f"classes {np.unique(answers)[:8].tolist()}; give all of 0 to the last, at least two"
        )
    objective = "reg:squarederror" if not classes else "binary:logistic"
    settings: dict[str, Any] = {
        "max_depth": wanted.depth,
        "learning_rate": wanted.learning_rate,
        "seed": config.training.seed,
        "nthread": 1,
        "tree_method": "hist",
        "objective": objective if classes <= 2 else "multi:softprob",
    }
    if classes > 2:
        settings["num_class"] = classes
    data = xgboost.DMatrix(features, label=answers)
    booster = xgboost.train(settings, data, num_boost_round=wanted.trees)
    value = json.loads(booster.save_raw("json"))
    step = 2.0**-wanted.leaf_fraction_bits
    for tree in value["learner"]["gradient_booster"]["model"]["trees"]:
        tree["split_conditions"] = [
            round(number / step) * step if left == -1 else number
            for number, left in zip(tree["split_conditions"], tree["left_children"], strict=True)
        ]
    return import_xgboost(value, Path(config.name), type_, None)
