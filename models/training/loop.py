"""Training with quantisation in the loop, resumable after every epoch."""

from __future__ import annotations

import copy
import json
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from hexcoder.config import Training
from hexcoder.models.layers.pruning import prune
from hexcoder.models.layers.weights import QuantisedWeights, Upsets

CHECKPOINT = "checkpoint.safetensors"
PROGRESS = "checkpoint.json"
WIDTH_RATE = 2.0
"""Learned widths are numbers of bits, larger than weights: they take larger steps."""
COST_RAMP = 0.3
"""Share of training over which the cost in adder bits grows to its full weight."""
COST_END = 0.7
"""Share of training after which widths and zeros stay as they are, and weights alone learn on."""

MOST_WATCHED = 1024
"""Held-out events, the first ones, whose loss is followed while training."""

Model = TypeVar("Model", bound=nn.Module)
Batch = TypeVar("Batch")


@dataclass(frozen=True, slots=True)
class Epoch:
    """Losses of one epoch; means over events. Adder bits as estimated, in thousands."""

    epoch: int
    training_loss: float
    held_out_loss: float
    adder_kilobits: float


def one_cycle(progress: float) -> float:
    """Learning rate over its peak: cosine up for 30 % of training, then cosine down to almost 0.

    Smith and Topin, arXiv:1708.07120. A function of ``progress``, 0 to 1, so that a resumed run
    takes the same path.
    """
    rise, start = 0.3, 1 / 25
    if progress < rise:
        return start + (1 - start) * (1 - math.cos(math.pi * progress / rise)) / 2
    return (1 + math.cos(math.pi * (progress - rise) / (1 - rise))) / 2


class Trainable(Protocol):
    """A network in torch that becomes hardware."""

    def arithmetic_layers(self) -> Sequence[QuantisedWeights]:
        """Layers with weights."""
        ...

    def adder_bits(self) -> Tensor:
        """Smooth estimate of what it takes in gates."""
        ...

    def table_gates(self) -> Tensor:
        """Of that the part of truth tables, which learn to the end, in full adders."""
        ...


class Task(ABC, Generic[Model, Batch]):
    """What is trained, on what, and how far it is from right.

    Parameters
    ----------
    model : torch module
        All that is trained, in place.
    events : int
        How many there are to train on.
    own_rows : int
        How many of these make up a batch.
    """

    model: Model
    events: int
    own_rows: int

    @abstractmethod
    def hardware(self, model: Model) -> Trainable:
        """The part of a model that becomes hardware."""

    @abstractmethod
    def batch(self, rows: Tensor, generator: torch.Generator) -> Batch:
        """Some of the events, and what goes with them."""

    @abstractmethod
    def plain(self, rows: Tensor) -> Batch:
        """Some of the events as they are."""

    @abstractmethod
    def loss(self, model: Model, batch: Batch, progress: float) -> Tensor:
        """Mean loss of a batch at a moment of training, 0 to 1."""

    @abstractmethod
    def held_out_loss(self, model: Model) -> float:
        """Loss on events that are not trained on; nan without any."""

    def finish(self) -> None:
        """Called once when all is trained."""


class Trainer(Generic[Model, Batch]):
    """Trains what a task holds.

    Parameters
    ----------
    task : Task
    settings : Training
    folder : Path
        Holds the checkpoint; a checkpoint found there is continued.
    """

    def __init__(self, task: Task[Model, Batch], settings: Training, folder: Path):
        self.task, self.settings, self.folder = task, settings, folder
        self.model = task.model
        self.average = copy.deepcopy(self.model) if settings.average else None
        self.optimiser = torch.optim.AdamW(self._groups(), fused=True)
        self.batches = math.ceil(task.events / task.own_rows)
        self.epochs = max(settings.epochs, math.ceil(settings.least_steps / self.batches))
        self.history: list[Epoch] = []

    def _layers(self, model: Model | None = None) -> Sequence[QuantisedWeights]:
        return self.task.hardware(model or self.model).arithmetic_layers()

    def _groups(self) -> list[dict[str, object]]:
        """Parameters by the steps that they take; ``rate`` is a factor on the learning rate."""
        hardware = self.task.hardware(self.model)
        assert isinstance(hardware, nn.Module)
        named = list(hardware.named_parameters())
        widths = [value for name, value in named if name.endswith("_bits")]
        others = [value for name, value in named if not name.endswith("_bits")]
        decay, rate = self.settings.weight_decay, self.settings.decoder_rate
        inside = {id(value) for _, value in named}
        decoder = [value for value in self.model.parameters() if id(value) not in inside]
        groups: list[dict[str, object]] = [
            {"params": others, "rate": 1.0, "weight_decay": decay, "settles": False},
            {"params": decoder, "rate": rate, "weight_decay": decay, "settles": False},
            {"params": widths, "rate": WIDTH_RATE, "weight_decay": 0.0, "settles": True},
        ]
        return [group for group in groups if group["params"]]

    def _step(self, batch: Batch, progress: float) -> float:
        """One step of the optimiser; the batch's loss without the cost in gates."""
        loss = self.task.loss(self.model, batch, progress)
        if not torch.isfinite(loss):
            raise FloatingPointError(f"training diverged at {progress:.0%}")
        total = loss
        if self.settings.adder_cost:
            weight = self.settings.adder_cost * min(1.0, progress / COST_RAMP)
            hardware = self.task.hardware(self.model)
            gates = hardware.adder_bits() if progress < COST_END else hardware.table_gates()
            total = loss + weight * gates / 1000
        for group in self.optimiser.param_groups:
            group["lr"] = self.settings.learning_rate * group["rate"] * one_cycle(progress)
            if group["settles"] and progress >= COST_END:
                group["lr"] = 0.0
        self.optimiser.zero_grad()
        total.backward()
        self.optimiser.step()
        if self.average is not None:
            pairs = zip(self.average.parameters(), self.model.parameters(), strict=True)
            with torch.no_grad():
                for kept, new in pairs:
                    kept.lerp_(new, 1 - self.settings.average)
        return loss.item()

    def _epoch(self, epoch: int) -> Epoch:
        # Each epoch has a seed of its own: a resumed run takes the same path as one that never
        # stopped.
        generator = torch.Generator().manual_seed(self.settings.seed * 1_000_003 + epoch)
        upsets = Upsets(self.settings.flip_rate, generator) if self.settings.flip_rate else None
        self._upset(upsets)
        if self.settings.adder_cost and epoch / self.epochs >= COST_END:
            self._settle()
        shuffled = torch.randperm(self.task.events, generator=generator)
        total = 0.0
        for place, rows in enumerate(shuffled.split(self.task.own_rows)):
            progress = (epoch + place / self.batches) / self.epochs
            total += self._step(self.task.batch(rows, generator), progress) * len(rows)
        self._upset(None)
        if self.settings.pruning is not None:
            self._prune((epoch + 1) / self.epochs)
        model = self.average or self.model
        with torch.no_grad():
            held_out = self.task.held_out_loss(model)
            adder_bits = self.task.hardware(model).adder_bits().item()
        return Epoch(epoch, total / self.task.events, held_out, adder_bits / 1000)

    def _settle(self) -> None:
        """Weights that are zero by now stay zero."""
        with torch.no_grad():
            for layer in self._layers():
                layer.mask *= layer.quantised_weights() != 0
        self._share_masks()

    def _share_masks(self) -> None:
        if self.average is not None:
            for kept, layer in zip(self._layers(self.average), self._layers(), strict=True):
                kept.mask.copy_(layer.mask)

    def _upset(self, upsets: Upsets | None) -> None:
        for layer in self._layers():
            layer.upsets = upsets

    def _prune(self, progress: float) -> None:
        assert self.settings.pruning is not None
        self.optimiser.zero_grad()
        if self.settings.pruning.method == "gradient":
            rows = torch.arange(min(self.task.events, 2048))
            self.task.loss(self.model, self.task.plain(rows), progress).backward()
        prune(self._layers(), self.settings.pruning, progress)
        self._share_masks()

    def run(self, progress: Callable[[Epoch], None] = lambda epoch: None) -> list[Epoch]:
        """Train to the last epoch, from the checkpoint if there is one.

        Raises
        ------
        FloatingPointError
            If the loss is no longer finite.
        """
        self._resume()
        for epoch in range(len(self.history), self.epochs):
            self.history.append(self._epoch(epoch))
            self._save()
            progress(self.history[-1])
        if self.average is not None:
            self.model.load_state_dict(self.average.state_dict())
        self.task.finish()
        return self.history

    def _tensors(self) -> dict[str, Tensor]:
        tensors = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        if self.average is not None:
            state = self.average.state_dict()
            tensors |= {f"average.{name}": value for name, value in state.items()}
        for index, state in self.optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{index}.{key}": value for key, value in state.items()}
        return {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}

    def _save(self) -> None:
        history = [
            [e.epoch, e.training_loss, e.held_out_loss, e.adder_kilobits] for e in self.history
        ]
        partial = self.folder / f".{CHECKPOINT}.partial"
        # One file holds everything, so that a kill between two writes cannot part them.
        save_file(self._tensors(), partial, {PROGRESS: json.dumps(history)})
        partial.replace(self.folder / CHECKPOINT)

    def _resume(self) -> None:
        path = self.folder / CHECKPOINT
        if not path.exists():
            return
        tensors = load_file(path)
        with safe_open(path, framework="pt") as stream:
            self.history = [Epoch(*row) for row in json.loads(stream.metadata()[PROGRESS])]
        for prefix, model in (("model.", self.model), ("average.", self.average)):
            if model is not None:
                model.load_state_dict(
                    {
                        name.removeprefix(prefix): value
                        for name, value in tensors.items()
                        if name.startswith(prefix)
                    }
                )
        state = self.optimiser.state_dict()
        for name, value in tensors.items():
            if name.startswith("optimiser."):
                _, index, key = name.split(".")
                state["state"].setdefault(int(index), {})[key] = value
        self.optimiser.load_state_dict(state)
