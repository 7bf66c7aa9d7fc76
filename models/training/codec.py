"""An adaptive code from events and a config: tables by counting, a decoder by gradient."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from hexcoder.config import Config, Training
from hexcoder.errors import CheckFailed, InputError
from hexcoder.models.codec.decoder import CodecDecoder, inputs_of, load_codec_decoder
from hexcoder.models.codec.tables import count_codec
from hexcoder.models.training.loop import MOST_WATCHED, one_cycle
from hexcoder.models.training.losses import training_loss
from hexcoder.sensor.codec.codec import Codec
from hexcoder.sensor.codec.golden import decode, encode_frames
from hexcoder.sensor.encoders import load_codec
from hexcoder.sensor.geometry import symmetries
from hexcoder.sensor.metrics import charge_fractions

COUNTED = 24_000
"""Events that tables are counted from."""
CHUNK = 16_384
LARGEST_GRADIENT = 0.5
HISTORY = 50
"""Points of the curve of losses."""


@dataclass(frozen=True)
class _Batch:
    """Frames as the decoder takes them, and the true fractions."""

    values: Tensor
    steps: Tensor
    sums: Tensor
    fractions: Tensor

    def __len__(self) -> int:
        return len(self.values)

    def rows(self, chosen: Tensor | slice) -> _Batch:
        return _Batch(
            self.values[chosen], self.steps[chosen], self.sums[chosen], self.fractions[chosen]
        )

    @staticmethod
    def joined(parts: list[_Batch]) -> _Batch:
        columns = zip(*((p.values, p.steps, p.sums, p.fractions) for p in parts), strict=True)
        return _Batch(*(torch.cat(column) for column in columns))

    @staticmethod
    def of(codec: Codec, events: np.ndarray) -> _Batch:
        """Frames of events, which are packed and read back."""
        events = events[events.sum(axis=1) > 0]
        parts = []
        for start in range(0, len(events), CHUNK):
            some = events[start : start + CHUNK]
            received = decode(codec, encode_frames(codec, some))
            true = torch.tensor(charge_fractions(some), dtype=torch.float32)
            parts.append(_Batch(*inputs_of(codec, received), true))
        return _Batch.joined(parts)


def counted_codec(
    config: Config,
    events: np.ndarray,
    added: np.ndarray | None,
    progress: Callable[[float], None] = lambda part: None,
) -> Codec:
    """Tables and modes for events of one's own and generated ones."""
    # Many generated events beside few of one's own: the sensor's symmetries make more of these.
    own = np.concatenate([events[:, turned] for turned in symmetries()])
    own = np.random.default_rng(config.data.seed).permutation(own)
    room = COUNTED if added is None else COUNTED // 2
    parts = [own[:room]] + ([] if added is None else [added[: COUNTED - min(room, len(own))]])
    try:
        return count_codec(config.name, config.coded, np.concatenate(parts), progress)
    except ValueError as error:
        raise InputError(f"config {config.name}: section 'network': {error}") from None


def given_codec(config: Config) -> tuple[Codec, CodecDecoder | None]:
    """The codec in the folder ``training.weights``, with its decoder if it has one.

    Raises
    ------
    InputError
        If the folder holds none, or one of another shape.
    """
    folder = Path(config.training.weights or ".")
    codec, shape = load_codec(folder / "network.json"), config.coded
    for key, found in (
        ("frame_bits", codec.frame_bits),
        ("fraction_bits", codec.fraction_bits),
        ("residue_bits", codec.residue_bits),
        ("cells", codec.symbols.cells),
        ("direct", codec.symbols.direct),
        ("longest", codec.symbols.longest),
    ):
        if found != getattr(shape, key):
            raise InputError(
                f"config {config.name}: key 'training.weights' = {folder}: that code has "
                f"{key} = {found}, section 'network' {getattr(shape, key)}"
            )
    path = folder / "decoder.safetensors"
    decoder = load_codec_decoder(path) if path.is_file() else None
    return codec.model_copy(update={"name": config.name}), decoder


class DecoderTrainer:
    """Trains a decoder for a codec.

    Parameters
    ----------
    codec : Codec
    hidden : sequence of int
    settings : Training
    events, held_out : int arrays (n, 48), ADC counts
    added : int array (n, 48), optional
        Further events, which make up ``generated_share`` of each batch.
    """

    def __init__(
        self,
        codec: Codec,
        hidden: tuple[int, ...],
        settings: Training,
        events: np.ndarray,
        held_out: np.ndarray,
        added: np.ndarray | None,
    ):
        torch.manual_seed(settings.seed)
        self.settings, self.model = settings, CodecDecoder(hidden)
        turns = symmetries() if settings.augment else symmetries()[:1]
        self.own = _Batch.of(codec, np.concatenate([events[:, turned] for turned in turns]))
        self.added = None if added is None else _Batch.of(codec, added)
        self.watched = _Batch.of(codec, held_out[: 2 * MOST_WATCHED]).rows(slice(MOST_WATCHED))
        self.loss = training_loss(settings)
        share = settings.generated_share if added is not None else 0.0
        self.own_rows = max(1, round(settings.batch_size * (1 - share)))
        batches = -(-len(events) // self.own_rows)
        self.steps = max(settings.epochs * batches, settings.least_steps)
        self.history: list[tuple[float, float]] = []

    def _draw(self, generator: torch.Generator) -> _Batch:
        chosen = torch.randint(len(self.own), (self.own_rows,), generator=generator)
        batch = self.own.rows(chosen)
        more = self.settings.batch_size - self.own_rows
        if self.added is None or not more:
            return batch
        others = torch.randint(len(self.added), (more,), generator=generator)
        return _Batch.joined([batch, self.added.rows(others)])

    def _predicted(self, model: CodecDecoder, batch: _Batch) -> Tensor:
        return model(batch.values, batch.steps, batch.sums)

    def run(self, progress: Callable[[float, float, float], None]) -> CodecDecoder:
        """Train to the end; ``progress`` gets the part done and both losses."""
        settings, average = self.settings, copy.deepcopy(self.model)
        optimiser = torch.optim.AdamW(
            self.model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        generator = torch.Generator().manual_seed(settings.seed)
        every, total = max(1, self.steps // HISTORY), 0.0
        for step in range(self.steps):
            part = step / self.steps
            batch = self._draw(generator)
            loss = self.loss(batch.fractions, self._predicted(self.model, batch), part)
            if not torch.isfinite(loss):
                raise CheckFailed(
                    f"training diverged at {part:.0%}; try a smaller training.learning_rate"
                )
            for group in optimiser.param_groups:
                group["lr"] = settings.learning_rate * one_cycle(part)
            optimiser.zero_grad()
            loss.backward()
            # The exact transport's potential jumps.
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), LARGEST_GRADIENT)
            optimiser.step()
            with torch.no_grad():
                for kept, new in zip(average.parameters(), self.model.parameters(), strict=True):
                    kept.lerp_(new, 1 - settings.average)
            total += loss.item()
            if (step + 1) % every == 0:
                with torch.no_grad():
                    predicted = self._predicted(average, self.watched)
                    kept_back = self.loss(self.watched.fractions, predicted, part)
                self.history.append((total / every, kept_back.item()))
                total = 0.0
                progress((step + 1) / self.steps, *self.history[-1])
        return average
