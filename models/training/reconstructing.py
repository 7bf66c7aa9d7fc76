"""The task of an encoder of any layers: charge that comes back from the bits that go out."""

from __future__ import annotations

import numpy as np
from torch import Tensor, nn

from hexcoder.config import Training
from hexcoder.errors import InputError
from hexcoder.models.data.labelled import Labelled
from hexcoder.models.decoder import Decoder
from hexcoder.models.layers.model import QuantisedModel
from hexcoder.models.training.losses import training_loss
from hexcoder.models.training.supervised import Paired, Pairs
from hexcoder.sensor.geometry import TRIGGER_CELLS


class EncoderAndDecoder(nn.Module):
    """A network with one output, and the decoder that is told what goes out.

    Parameters
    ----------
    encoder : QuantisedModel
    hidden : sequence of int
        Widths of the decoder's layers.
    """

    def __init__(self, encoder: QuantisedModel, hidden: tuple[int, ...]):
        super().__init__()
        outputs = list(encoder.untrained.outputs_by_name.values())
        if len(outputs) != 1:
            raise InputError(f"a network of {len(outputs)} outputs; an encoder has one")
        self.encoder = encoder
        self.decoder = Decoder(outputs[0].elements, outputs[0].type, hidden)

    def forward(self, inputs: Tensor) -> Tensor:
        """Shares of the charge (n, 48)."""
        found = self.encoder(inputs)
        return self.decoder(found, found.new_zeros(len(found), 0))


class Reconstructing(Paired[EncoderAndDecoder]):
    """Trains an encoder and its decoder together.

    Parameters
    ----------
    model : EncoderAndDecoder
        Trained in place.
    settings : Training
        Its ``loss`` is that between distributions of charge.
    sample, kept_back : Labelled
        Answers are shares of the charge of 48 trigger cells.
    """

    def __init__(
        self,
        model: EncoderAndDecoder,
        settings: Training,
        sample: Labelled,
        kept_back: Labelled,
    ):
        for part in (sample, kept_back):
            _check_shares(part.answers)
        super().__init__(model, model.encoder, settings, sample, kept_back)
        self.of_fractions = training_loss(settings)

    def hardware(self, model: EncoderAndDecoder) -> QuantisedModel:
        return model.encoder

    def loss(self, model: EncoderAndDecoder, batch: Pairs, progress: float) -> Tensor:
        return self.of_fractions(batch.answers, model(batch.inputs), progress)


def _check_shares(answers: np.ndarray) -> None:
    shape = answers.shape[1:]
    if shape != (TRIGGER_CELLS,):
        raise InputError(
            f"answers of shape {list(shape)}; an encoder's are shares of the charge of "
            f"{TRIGGER_CELLS} trigger cells"
        )
    if (answers < 0).any() or not np.allclose(answers.sum(axis=1), 1.0, atol=1e-3):
        raise InputError("answers of an encoder must be shares of charge: at least 0, 1 in the sum")
