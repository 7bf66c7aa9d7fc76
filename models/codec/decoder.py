"""A decoder of the adaptive code: what was lost in rounding, from all that the receiver knows."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from pydantic import Field
from safetensors.torch import save_file
from torch import Tensor, nn

from hexcoder.models.decoder import TensorShapes, linear_shapes, load_weights
from hexcoder.sections import Section
from hexcoder.sensor.codec.codec import Codec
from hexcoder.sensor.codec.golden import Coded, plain_fractions
from hexcoder.sensor.conditions import sum_code_features
from hexcoder.sensor.geometry import TRIGGER_CELLS

METADATA_KEY = "hexcoder-codec-decoder"
CHUNK = 16_384
REACH = 0.9
"""Steps by which a value that was sent can be moved: its rounding and half of a neighbour's."""
SMALLEST = 0.05
"""Least value, in steps, of a cell that was sent."""
ZERO_BIAS = -3.0
"""Start of what a cell that was not sent is worth: a few hundredths of a step."""
FEATURES = 3 * TRIGGER_CELLS + 6


class CodecDecoder(nn.Module):
    """Quantised cells, step and sum to charge fractions.

    Parameters
    ----------
    hidden : sequence of int
        Widths of the hidden layers.
    """

    def __init__(self, hidden: Sequence[int]):
        super().__init__()
        self.hidden = tuple(hidden)
        layers: list[nn.Module] = []
        sizes = [FEATURES, *hidden]
        for before, after in pairwise(sizes):
            layers += [nn.Linear(before, after), nn.GELU()]
        last = nn.Linear(sizes[-1], 2 * TRIGGER_CELLS)
        nn.init.normal_(last.weight, 0.0, 0.003)
        nn.init.zeros_(last.bias)
        self.layers = nn.Sequential(*layers, last)

    def forward(self, values: Tensor, steps: Tensor, sums: Tensor) -> Tensor:
        """Reconstruct a batch.

        Parameters
        ----------
        values : Tensor (n, 48)
            Quantised cells.
        steps : Tensor (n,)
            As parts of the power of two below the sum.
        sums : Tensor (n, 2)
            Of :func:`hexcoder.sensor.conditions.sum_code_features`.

        Returns
        -------
        Tensor (n, 48)
            Positive fractions that sum to 1.
        """
        scale = steps[:, None]
        charge = values * scale
        is_sent = values > 0
        # The sum's mantissa says what all cells together must give: the rest was rounded away.
        missing = sums[:, 1:2] + 1.5 - charge.sum(dim=1, keepdim=True)
        known = torch.cat(
            [
                torch.log1p(values) - 1,
                is_sent.float(),
                (charge * 8).clamp(max=4),
                torch.log2(scale) / 4 + 1,
                missing / scale / 8,
                missing * 4,
                sums,
                (is_sent.float().sum(dim=1, keepdim=True) - 20) / 15,
            ],
            dim=1,
        )
        moved, unsent = self.layers(known).split(TRIGGER_CELLS, dim=1)
        sent = (values + REACH * torch.tanh(moved)).clamp_min(SMALLEST)
        rest = nn.functional.softplus(4 * unsent + ZERO_BIAS) / 2
        whole = torch.where(is_sent, sent, rest)
        return whole / whole.sum(dim=1, keepdim=True)


def inputs_of(codec: Codec, received: Coded) -> tuple[Tensor, Tensor, Tensor]:
    """What :class:`CodecDecoder` takes, of frames."""
    steps = np.array([mode.step for mode in codec.modes]) / (1 << codec.fraction_bits)
    modes = np.minimum(received.modes, len(steps) - 1)
    parts = received.values, steps[modes], sum_code_features(received.sums)
    values, scale, sums = (torch.tensor(part, dtype=torch.float32) for part in parts)
    return values, scale, sums


def decoded_fractions(codec: Codec, decoder: CodecDecoder | None, received: Coded) -> np.ndarray:
    """Charge fractions of frames, float64 (n, 48); zero where the sum says that an event is empty.

    Without a decoder, the values as they were sent.
    """
    if decoder is None:
        return plain_fractions(codec, received)
    parts = []
    with torch.no_grad():
        for start in range(0, len(received.modes), CHUNK):
            rows = slice(start, start + CHUNK)
            part = Coded(
                received.sums[rows], received.modes[rows], received.values[rows],
                received.used[rows],
            )  # fmt: skip
            parts.append(decoder(*inputs_of(codec, part)).double().numpy())
    fractions = np.concatenate(parts) if parts else np.zeros((0, TRIGGER_CELLS))
    return fractions * (received.sums > 0)[:, None]


class _Shape(Section):
    hidden: tuple[Annotated[int, Field(ge=1, le=1 << 14)], ...] = Field(max_length=16)


def save_codec_decoder(decoder: CodecDecoder, path: Path) -> None:
    """Write weights and shape as safetensors."""
    tensors = {name: value.contiguous() for name, value in decoder.state_dict().items()}
    save_file(tensors, path, {METADATA_KEY: json.dumps({"hidden": decoder.hidden})})


def load_codec_decoder(path: Path) -> CodecDecoder:
    """Read a decoder; InputError if the file is missing or holds none."""
    return load_weights(path, "a decoder of a codec", METADATA_KEY, _Shape, _decoder_of)


def _decoder_of(shape: _Shape) -> tuple[Callable[[], CodecDecoder], TensorShapes]:
    sizes = [FEATURES, *shape.hidden, 2 * TRIGGER_CELLS]
    return partial(CodecDecoder, shape.hidden), linear_shapes(sizes, 2)
