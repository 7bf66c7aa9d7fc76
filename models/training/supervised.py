"""The task of a network with answers: classes, numbers, or events unlike the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from hexcoder.config import Training
from hexcoder.errors import InputError
from hexcoder.models.architectures.variational import Reconstruction, VariationalEncoder
from hexcoder.models.data.labelled import Labelled
from hexcoder.models.layers.model import QuantisedModel
from hexcoder.models.training.loop import MOST_WATCHED, Task

Kind = Literal["classifier", "regressor"]


@dataclass(frozen=True)
class Pairs:
    """Inputs (n, elements) as values of their type, answers, and a teacher's if there is one."""

    inputs: Tensor
    answers: Tensor
    taught: Tensor | None = None

    def rows(self, chosen: Tensor | slice) -> Pairs:
        """Some of the samples."""
        taught = None if self.taught is None else self.taught[chosen]
        return Pairs(self.inputs[chosen], self.answers[chosen], taught)


def loss_of(kind: Kind, outputs: int, answers: np.ndarray) -> Callable[[Tensor, Tensor], Tensor]:
    """Mean loss of outputs (n, outputs) beside answers.

    Several outputs and one class: cross-entropy. One output, or 0 and 1 for each: cross-entropy of
    each. Numbers: mean squared error.

    Raises
    ------
    InputError
        If the answers do not suit the outputs.
    """
    shape = answers.shape[1:]
    width = int(np.prod(shape)) if shape else 1
    if kind == "regressor":
        if width != outputs:
            raise InputError(f"answers of {width} numbers for a network of {outputs} outputs")
        return lambda found, wanted: nn.functional.mse_loss(found, wanted)
    if answers.dtype.kind not in "iub":
        raise InputError("answers of a classifier must be integers: classes, or 0 and 1")
    if width == 1 and outputs > 1:
        if answers.min() < 0 or answers.max() >= outputs:
            raise InputError(
                f"classes go from {answers.min()} to {answers.max()}; a network of {outputs} "
                f"outputs has 0 to {outputs - 1}"
            )
        return _of_classes
    if width != outputs or not np.isin(answers, (0, 1)).all():
        raise InputError(
            f"answers of {width} numbers for a network of {outputs} outputs; give a class, or 0 or "
            "1 for each output"
        )
    return nn.functional.binary_cross_entropy_with_logits


def _of_classes(found: Tensor, wanted: Tensor) -> Tensor:
    """Cross-entropy beside classes (n, 1), or the chance of each (n, outputs)."""
    return nn.functional.cross_entropy(
        found, wanted[:, 0].long() if wanted.shape[1] == 1 else wanted
    )


USUAL_LOGIT = 8.0
"""Largest logit at the start: beyond it a wrong answer's loss is a straight line."""


class Answering(nn.Module):
    """A network, and how much a step of its outputs means: learned, and of no account after.

    Parameters
    ----------
    network : QuantisedModel
    kind : str
        Numbers mean what they say; classes are told by the order of outputs alone.
    """

    def __init__(self, network: QuantisedModel, kind: Kind):
        super().__init__()
        self.network, self.logit_scale = network, None
        if kind == "classifier":
            outputs = network.untrained.outputs_by_name.values()
            ends = [one.type.maximum * one.type.step for one in outputs]
            self.logit_scale = nn.Parameter(torch.tensor(min(1.0, USUAL_LOGIT / max(ends))).log())

    def forward(self, inputs: Tensor) -> Tensor:
        """Numbers, or logits."""
        found = self.network(inputs)
        return found if self.logit_scale is None else found * self.logit_scale.exp()


AnyModel = TypeVar("AnyModel", bound=nn.Module)


class Paired(Task[AnyModel, Pairs]):
    """A task whose samples are inputs with answers.

    Parameters
    ----------
    model : torch module
        Trained in place.
    network : QuantisedModel
        The part of it that becomes hardware.
    settings : Training
    sample, kept_back : Labelled
    """

    def __init__(
        self,
        model: AnyModel,
        network: QuantisedModel,
        settings: Training,
        sample: Labelled,
        kept_back: Labelled,
    ):
        self.model, self.events = model, len(sample)
        self.own_rows = min(settings.batch_size, self.events)
        self.training, self.held_out = (_pairs(network, part) for part in (sample, kept_back))

    def batch(self, rows: Tensor, generator: torch.Generator) -> Pairs:
        return self.plain(rows)

    def plain(self, rows: Tensor) -> Pairs:
        return self.training.rows(rows)

    def held_out_loss(self, model: AnyModel) -> float:
        if not len(self.held_out.inputs):
            return float("nan")
        return self.loss(model, self.held_out.rows(slice(MOST_WATCHED)), 1.0).item()


class Supervised(Paired[Answering]):
    """Trains a network to answer as the samples do.

    Parameters
    ----------
    model : QuantisedModel
        Trained in place.
    kind : str
    settings : Training
    sample, kept_back : Labelled
        Answers of a regressor are those that the outputs are to be, in their own units.
    taught : float array (n, outputs), optional
        A teacher's outputs for ``sample``: numbers, or logits of classes.
    """

    def __init__(
        self,
        model: QuantisedModel,
        kind: Kind,
        settings: Training,
        sample: Labelled,
        kept_back: Labelled,
        taught: np.ndarray | None = None,
    ):
        super().__init__(Answering(model, kind), model, settings, sample, kept_back)
        self.share = 0.0 if settings.teacher is None else settings.teacher.weight
        outputs = sum(one.elements for one in model.untrained.outputs_by_name.values())
        self.of_outputs = loss_of(kind, outputs, sample.answers)
        if taught is not None:
            self.training = replace(self.training, taught=self._targets(taught, kind))

    def _targets(self, taught: np.ndarray, kind: Kind) -> Tensor:
        """What the outputs are to be by the teacher: numbers, or chances of classes."""
        found = torch.tensor(taught, dtype=torch.float32)
        if kind == "regressor":
            return found
        # Its logits are in steps of their own: as sharp as suits the answers best.
        scales = (2.0 ** np.arange(-8, 7)).tolist()
        best = min(scales, key=lambda s: self.of_outputs(found * s, self.training.answers).item())
        if self.of_outputs is _of_classes:
            return torch.softmax(found * best, dim=1)
        return torch.sigmoid(found * best)

    def hardware(self, model: Answering) -> QuantisedModel:
        return model.network

    def loss(self, model: Answering, batch: Pairs, progress: float) -> Tensor:
        found = model(batch.inputs)
        loss = self.of_outputs(found, batch.answers)
        if batch.taught is None:
            return loss
        return (1 - self.share) * loss + self.share * self.of_outputs(found, batch.taught)


def _pairs(model: QuantisedModel, sample: Labelled) -> Pairs:
    """Samples as tensors; answers (n, outputs)."""
    answers = torch.tensor(sample.answers, dtype=torch.float32).reshape(len(sample), -1)
    return Pairs(torch.tensor(model.prepared(sample.inputs), dtype=torch.float32), answers)


class Variational(nn.Module):
    """An encoder with its score in hardware, and the decoder that trains it."""

    def __init__(self, encoder: QuantisedModel):
        super().__init__()
        if not isinstance(encoder.module, VariationalEncoder):
            raise TypeError("only a variational encoder is trained for anomalies")
        self.encoder = encoder
        self.decoder = Reconstruction(int(np.prod(encoder.inputs[0].shape)))


class Anomalies(Task[Variational, Tensor]):
    """Trains a variational autoencoder on what is usual: samples whose answer is 0.

    Parameters
    ----------
    model : Variational
        Trained in place.
    settings : Training
    sample, kept_back : Labelled
        Answers are 1 for an anomaly.
    """

    def __init__(
        self, model: Variational, settings: Training, sample: Labelled, kept_back: Labelled
    ):
        self.model = model
        if sample.answers.ndim > 1 or not np.isin(sample.answers, (0, 1)).all():
            raise InputError("answers must be 0 for what is usual and 1 for an anomaly")
        if sample.answers.all():
            raise InputError("no sample has the answer 0, which says that it is usual")
        usual = [part.rows(part.answers == 0) for part in (sample, kept_back)]
        self.training = _pairs(model.encoder, usual[0]).inputs
        self.held_out = self.training[:0]
        if len(usual[1]):
            self.held_out = _pairs(model.encoder, usual[1]).inputs
        self.events = len(self.training)
        self.own_rows = min(settings.batch_size, self.events)

    def hardware(self, model: Variational) -> QuantisedModel:
        return model.encoder

    def batch(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        return self.plain(rows)

    def plain(self, rows: Tensor) -> Tensor:
        return self.training[rows]

    def loss(self, model: Variational, batch: Tensor, progress: float) -> Tensor:
        generator = torch.Generator().manual_seed(round(progress * 1e9))
        noise = torch.randn(len(batch), _latents(model), generator=generator)
        encoder = model.encoder.module
        assert isinstance(encoder, VariationalEncoder)
        return model.decoder.loss(encoder, batch, noise)

    def held_out_loss(self, model: Variational) -> float:
        if not len(self.held_out):
            return float("nan")
        return self.loss(model, self.held_out[:MOST_WATCHED], 1.0).item()


def _latents(model: Variational) -> int:
    encoder = model.encoder.module
    assert isinstance(encoder, VariationalEncoder)
    return encoder.mean.weights.shape[1]
