"""Training of the autoencoder: quantisation in the loop, resumable after every epoch."""

from __future__ import annotations

import copy
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
from hexcoder.models.decoder import Decoder, ListaDecoder
from hexcoder.models.encoder.pruning import prune
from hexcoder.models.encoder.quantised import QuantisedEncoder
from hexcoder.models.layers.weights import Upsets
from hexcoder.models.training.losses import training_loss
from hexcoder.sensor.conditions import condition_features
from hexcoder.sensor.front_end import normalise
from hexcoder.sensor.geometry import TRIGGER_CELLS, image_order, symmetries
from hexcoder.sensor.metrics import charge_fractions
from hexcoder.sensor.places import Places

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


@dataclass(frozen=True, slots=True)
class Batch:
    """Training data by trigger cell, so that a symmetry is a permutation of columns.

    Parameters
    ----------
    normalised : Tensor (n, 48), real units of the network's input
    fractions : Tensor (n, 48)
    conditions : Tensor (n, condition width)
    """

    normalised: Tensor
    fractions: Tensor
    conditions: Tensor

    def __len__(self) -> int:
        return len(self.normalised)

    def rows(self, chosen: Tensor) -> Batch:
        """Some of the events."""
        return Batch(self.normalised[chosen], self.fractions[chosen], self.conditions[chosen])

    def joined(self, other: Batch) -> Batch:
        """These events and others behind them."""
        return Batch(
            torch.cat([self.normalised, other.normalised]),
            torch.cat([self.fractions, other.fractions]),
            torch.cat([self.conditions, other.conditions]),
        )


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


class Autoencoder(nn.Module):
    """Encoder and decoder together, from normalised energies by trigger cell."""

    def __init__(self, encoder: QuantisedEncoder, decoder: Decoder):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        order = torch.tensor(image_order(encoder.network.input.shape))
        self.order, self.padded = order.clamp_min(0), order < 0

    def data(self, events: np.ndarray, places: Places | None = None) -> Batch:
        """Events, int (n, 48) in ADC counts, as a batch; all-zero ones are left out."""
        kept = events.sum(axis=1) > 0
        events, places = events[kept], places and places.rows(kept)
        type_ = self.encoder.network.input.type
        normalised = normalise(events, type_, np.arange(TRIGGER_CELLS)) * type_.step
        known = condition_features(self.decoder.conditions, events, places)
        return Batch(
            torch.tensor(normalised, dtype=torch.float32),
            torch.tensor(charge_fractions(events), dtype=torch.float32),
            torch.tensor(known, dtype=torch.float32),
        )

    def _image(self, normalised: Tensor) -> Tensor:
        return normalised[:, self.order].masked_fill(self.padded, 0.0)

    def tell_decoder(self) -> None:
        """Let a decoder that recovers through the encoder know it as it is now."""
        if isinstance(self.decoder, ListaDecoder):
            self.decoder.knows(*self.encoder.linear_map(self._image(torch.eye(TRIGGER_CELLS))))

    def forward(self, batch: Batch) -> Tensor:
        """Reconstructed fractions (n, 48)."""
        self.tell_decoder()
        return self.decoder(self.encoder(self._image(batch.normalised)), batch.conditions)


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
    added : int array (n, 48), optional
        Further events, which make up ``generated_share`` of each batch.
    teacher : Autoencoder, optional
        Its reconstruction is a second target.
    places : pair of Places, optional
        Of the events and of the held-out ones, where the decoder is told them.
    """

    def __init__(
        self,
        encoder: QuantisedEncoder,
        decoder: Decoder,
        settings: Training,
        events: np.ndarray,
        held_out: np.ndarray,
        folder: Path,
        added: np.ndarray | None = None,
        teacher: Autoencoder | None = None,
        places: tuple[Places, Places] | None = None,
    ):
        self.encoder, self.decoder, self.settings, self.folder = encoder, decoder, settings, folder
        self.model = Autoencoder(encoder, decoder)
        self.average = copy.deepcopy(self.model) if settings.average else None
        self.teacher = teacher
        self.training = self.model.data(events, places and places[0])
        self.held_out = self.model.data(held_out, places and places[1])
        self.added = self.model.data(added) if added is not None and len(added) else None
        self.symmetries = torch.tensor(symmetries())
        self.loss = training_loss(settings)
        self.optimiser = torch.optim.AdamW(self._groups(), fused=True)
        share = settings.generated_share if self.added is not None else 0.0
        self.own_rows = max(1, round(settings.batch_size * (1 - share)))
        self.batches = math.ceil(len(self.training) / self.own_rows)
        self.epochs = max(settings.epochs, math.ceil(settings.least_steps / self.batches))
        self.history: list[Epoch] = []

    def _groups(self) -> list[dict[str, object]]:
        """Parameters by the steps that they take; ``rate`` is a factor on the learning rate."""
        named = list(self.encoder.named_parameters())
        widths = [value for name, value in named if name.endswith("_bits")]
        others = [value for name, value in named if not name.endswith("_bits")]
        decay, rate = self.settings.weight_decay, self.settings.decoder_rate
        decoder = list(self.decoder.parameters())
        groups: list[dict[str, object]] = [
            {"params": others, "rate": 1.0, "weight_decay": decay, "settles": False},
            {"params": decoder, "rate": rate, "weight_decay": decay, "settles": False},
            {"params": widths, "rate": WIDTH_RATE, "weight_decay": 0.0, "settles": True},
        ]
        return [group for group in groups if group["params"]]

    def _loss(self, model: Autoencoder, batch: Batch, progress: float) -> Tensor:
        found = model(batch)
        loss = self.loss(batch.fractions, found, progress)
        if self.teacher is None or self.settings.teacher is None:
            return loss
        with torch.no_grad():
            taught = self.teacher(batch)
        weight = self.settings.teacher.weight
        return (1 - weight) * loss + weight * self.loss(taught, found, progress)

    def _turned(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Each event turned or mirrored by one of the sensor's symmetries."""
        choice = torch.randint(len(self.symmetries), (len(batch),), generator=generator)
        columns = self.symmetries[choice]
        return Batch(
            batch.normalised.gather(1, columns),
            batch.fractions.gather(1, columns),
            batch.conditions,
        )

    def _batch(self, rows: Tensor, generator: torch.Generator) -> Batch:
        batch = self.training.rows(rows)
        if self.added is not None:
            more = max(0, self.settings.batch_size - self.own_rows)
            chosen = torch.randint(len(self.added), (more,), generator=generator)
            batch = batch.joined(self.added.rows(chosen))
        return self._turned(batch, generator) if self.settings.augment else batch

    def _step(self, batch: Batch, progress: float) -> float:
        """One step of the optimiser; the batch's loss without the cost in gates."""
        loss = self._loss(self.model, batch, progress)
        if not torch.isfinite(loss):
            raise FloatingPointError(f"training diverged at {progress:.0%}")
        total = loss
        if self.settings.adder_cost and progress < COST_END:
            weight = self.settings.adder_cost * min(1.0, progress / COST_RAMP)
            total = loss + weight * self.encoder.adder_bits() / 1000
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
        shuffled = torch.randperm(len(self.training), generator=generator)
        total = 0.0
        for place, rows in enumerate(shuffled.split(self.own_rows)):
            progress = (epoch + place / self.batches) / self.epochs
            total += self._step(self._batch(rows, generator), progress) * len(rows)
        self._upset(None)
        if self.settings.pruning is not None:
            self._prune((epoch + 1) / self.epochs)
        model = self.average or self.model
        with torch.no_grad():
            held_out = float("nan")
            if len(self.held_out):
                watched = self.held_out.rows(torch.arange(min(len(self.held_out), MOST_WATCHED)))
                held_out = self._loss(model, watched, 1.0).item()
            adder_bits = model.encoder.adder_bits().item()
        return Epoch(epoch, total / len(self.training), held_out, adder_bits / 1000)

    def _settle(self) -> None:
        """Weights that are zero by now stay zero."""
        with torch.no_grad():
            for layer in self.encoder.arithmetic_layers():
                layer.mask *= layer.quantised_weights() != 0
        self._share_masks()

    def _share_masks(self) -> None:
        if self.average is not None:
            pairs = zip(
                self.average.encoder.arithmetic_layers(),
                self.encoder.arithmetic_layers(),
                strict=True,
            )
            for kept, layer in pairs:
                kept.mask.copy_(layer.mask)

    def _upset(self, upsets: Upsets | None) -> None:
        for layer in self.encoder.arithmetic_layers():
            layer.upsets = upsets

    def _prune(self, progress: float) -> None:
        assert self.settings.pruning is not None
        self.optimiser.zero_grad()
        if self.settings.pruning.method == "gradient":
            rows = torch.arange(min(len(self.training), 2048))
            self._loss(self.model, self.training.rows(rows), progress).backward()
        prune(self.encoder, self.settings.pruning, progress)
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
        with torch.no_grad():
            self.model.tell_decoder()
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
