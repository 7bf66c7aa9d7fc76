"""Training of the autoencoder: quantisation in the loop, resumable after every epoch."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from hexcoder.config import Training
from models.decoder import Decoder
from models.front_end import normalise
from models.geometry import TRIGGER_CELLS, image_order, symmetries
from models.losses import SinkhornLoss, TelescopeLoss
from models.metrics import charge_fractions
from models.quantised import QuantisedEncoder

CHECKPOINT = "checkpoint.safetensors"
PROGRESS = "checkpoint.json"


@dataclass(frozen=True, slots=True)
class Batch:
    """Training data by trigger cell, so that a symmetry is a permutation of columns.

    Parameters
    ----------
    normalised : Tensor (n, 48), real units of the network's input
    fractions : Tensor (n, 48)
    """

    normalised: Tensor
    fractions: Tensor

    def __len__(self) -> int:
        return len(self.normalised)


@dataclass(frozen=True, slots=True)
class Epoch:
    """Losses of one epoch; means over events."""

    epoch: int
    training_loss: float
    held_out_loss: float


def _data(encoder: QuantisedEncoder, events: np.ndarray) -> Batch:
    events = events[events.sum(axis=1) > 0]
    type_ = encoder.network.input.type
    normalised = normalise(events, type_, np.arange(TRIGGER_CELLS)) * type_.step
    return Batch(
        torch.tensor(normalised, dtype=torch.float32),
        torch.tensor(charge_fractions(events), dtype=torch.float32),
    )


def one_cycle(progress: float) -> float:
    """Learning rate over its peak: cosine up for 30 % of training, then cosine down to almost 0.

    Smith and Topin, arXiv:1708.07120. A function of ``progress``, 0 to 1, so that a resumed run
    takes the same path.
    """
    rise, start = 0.3, 1 / 25
    if progress < rise:
        return start + (1 - start) * (1 - math.cos(math.pi * progress / rise)) / 2
    return (1 + math.cos(math.pi * (progress - rise) / (1 - rise))) / 2


class Trainer:
    """Trains encoder and decoder together.

    Parameters
    ----------
    encoder, decoder
        Trained in place.
    settings : Training
    events, held_out : int arrays (n, 48), ADC counts
        All-zero events are left out.
    folder : Path
        Holds the checkpoint; a checkpoint found there is continued.
    """

    def __init__(
        self,
        encoder: QuantisedEncoder,
        decoder: Decoder,
        settings: Training,
        events: np.ndarray,
        held_out: np.ndarray,
        folder: Path,
    ):
        self.encoder, self.decoder, self.settings, self.folder = encoder, decoder, settings, folder
        self.training, self.held_out = _data(encoder, events), _data(encoder, held_out)
        order = torch.tensor(image_order(encoder.network.input.shape))
        self.order, self.padded = order.clamp_min(0), order < 0
        self.symmetries = torch.tensor(symmetries())
        self.loss = (
            TelescopeLoss()
            if settings.loss == "telescope"
            else SinkhornLoss(settings.sinkhorn_blur, settings.sinkhorn_iterations)
        )
        self.model = nn.ModuleDict({"encoder": encoder, "decoder": decoder})
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
        )
        self.batches = math.ceil(len(self.training) / settings.batch_size)
        self.epochs = max(settings.epochs, math.ceil(settings.least_steps / self.batches))
        self.history: list[Epoch] = []

    def _loss(self, batch: Batch) -> Tensor:
        image = batch.normalised[:, self.order].masked_fill(self.padded, 0.0)
        return self.loss(batch.fractions, self.decoder(self.encoder(image)))

    def _turned(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Each event turned or mirrored by one of the sensor's symmetries."""
        choice = torch.randint(len(self.symmetries), (len(batch),), generator=generator)
        columns = self.symmetries[choice]
        return Batch(batch.normalised.gather(1, columns), batch.fractions.gather(1, columns))

    def _epoch(self, epoch: int) -> Epoch:
        # Each epoch has a seed of its own: a resumed run takes the same path as one that never
        # stopped.
        generator = torch.Generator().manual_seed(self.settings.seed * 1_000_003 + epoch)
        shuffled = torch.randperm(len(self.training), generator=generator)
        total = 0.0
        for place, rows in enumerate(shuffled.split(self.settings.batch_size)):
            batch = Batch(self.training.normalised[rows], self.training.fractions[rows])
            if self.settings.augment:
                batch = self._turned(batch, generator)
            loss = self._loss(batch)
            step = epoch * self.batches + place
            for group in self.optimiser.param_groups:
                group["lr"] = self.settings.learning_rate * one_cycle(
                    step / (self.epochs * self.batches)
                )
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            total += loss.item() * len(rows)
        with torch.no_grad():
            held_out = self._loss(self.held_out).item() if len(self.held_out) else float("nan")
        return Epoch(epoch, total / len(self.training), held_out)

    def run(self, progress: Callable[[Epoch], None] = lambda epoch: None) -> list[Epoch]:
        """Train to the last epoch, from the checkpoint if there is one."""
        self._resume()
        for epoch in range(len(self.history), self.epochs):
            self.history.append(self._epoch(epoch))
            if not math.isfinite(self.history[-1].training_loss):
                raise FloatingPointError(f"training diverged in epoch {epoch}")
            self._save()
            progress(self.history[-1])
        return self.history

    def _tensors(self) -> dict[str, Tensor]:
        tensors = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        for index, state in self.optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{index}.{key}": value for key, value in state.items()}
        return {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}

    def _save(self) -> None:
        history = [[e.epoch, e.training_loss, e.held_out_loss] for e in self.history]
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
        self.model.load_state_dict(
            {name[6:]: value for name, value in tensors.items() if name.startswith("model.")}
        )
        state = self.optimiser.state_dict()
        for name, value in tensors.items():
            if name.startswith("optimiser."):
                _, index, key = name.split(".")
                state["state"].setdefault(int(index), {})[key] = value
        self.optimiser.load_state_dict(state)
