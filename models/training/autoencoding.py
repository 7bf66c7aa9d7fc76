"""The task of the autoencoder: events that come back from few bits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from hexcoder.config import Training
from hexcoder.models.decoder import Decoder, ListaDecoder
from hexcoder.models.encoder.quantised import QuantisedEncoder
from hexcoder.models.training.loop import MOST_WATCHED, Task
from hexcoder.models.training.losses import training_loss
from hexcoder.sensor.conditions import condition_features
from hexcoder.sensor.front_end import normalise
from hexcoder.sensor.geometry import TRIGGER_CELLS, image_order, symmetries
from hexcoder.sensor.metrics import charge_fractions
from hexcoder.sensor.places import Places


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


class Autoencoding(Task[Autoencoder, Batch]):
    """Trains encoder and decoder together.

    Parameters
    ----------
    encoder, decoder
        Trained in place.
    settings : Training
    events, held_out : int arrays (n, 48), ADC counts
        All-zero events are left out.
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
        added: np.ndarray | None = None,
        teacher: Autoencoder | None = None,
        places: tuple[Places, Places] | None = None,
    ):
        self.settings, self.teacher = settings, teacher
        self.model = Autoencoder(encoder, decoder)
        self.training = self.model.data(events, places and places[0])
        self.held_out = self.model.data(held_out, places and places[1])
        self.added = self.model.data(added) if added is not None and len(added) else None
        self.symmetries = torch.tensor(symmetries())
        self.of_fractions = training_loss(settings)
        self.events = len(self.training)
        share = settings.generated_share if self.added is not None else 0.0
        self.own_rows = max(1, round(settings.batch_size * (1 - share)))

    def hardware(self, model: Autoencoder) -> QuantisedEncoder:
        return model.encoder

    def loss(self, model: Autoencoder, batch: Batch, progress: float) -> Tensor:
        found = model(batch)
        loss = self.of_fractions(batch.fractions, found, progress)
        if self.teacher is None or self.settings.teacher is None:
            return loss
        with torch.no_grad():
            taught = self.teacher(batch)
        weight = self.settings.teacher.weight
        return (1 - weight) * loss + weight * self.of_fractions(taught, found, progress)

    def _turned(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Each event turned or mirrored by one of the sensor's symmetries."""
        choice = torch.randint(len(self.symmetries), (len(batch),), generator=generator)
        columns = self.symmetries[choice]
        return Batch(
            batch.normalised.gather(1, columns),
            batch.fractions.gather(1, columns),
            batch.conditions,
        )

    def batch(self, rows: Tensor, generator: torch.Generator) -> Batch:
        batch = self.plain(rows)
        if self.added is not None:
            more = max(0, self.settings.batch_size - self.own_rows)
            chosen = torch.randint(len(self.added), (more,), generator=generator)
            batch = batch.joined(self.added.rows(chosen))
        return self._turned(batch, generator) if self.settings.augment else batch

    def plain(self, rows: Tensor) -> Batch:
        return self.training.rows(rows)

    def held_out_loss(self, model: Autoencoder) -> float:
        if not len(self.held_out):
            return float("nan")
        watched = self.held_out.rows(torch.arange(min(len(self.held_out), MOST_WATCHED)))
        return self.loss(model, watched, 1.0).item()

    def finish(self) -> None:
        with torch.no_grad():
            self.model.tell_decoder()
