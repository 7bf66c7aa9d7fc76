"""The decoder: off the detector, in float, its size is free."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from hexcoder.errors import InputError
from models.geometry import TRIGGER_CELLS

METADATA_KEY = "hexcoder-decoder"
CHUNK = 65_536


class Decoder(nn.Module):
    """Latents to charge fractions of the 48 trigger cells.

    Parameters
    ----------
    latents : int
        Number of latents.
    step : float
        Value of the latents' lowest bit.
    hidden : sequence of int
        Widths of the hidden layers.
    """

    def __init__(self, latents: int, step: float, hidden: Sequence[int]):
        super().__init__()
        self.latents, self.step, self.hidden = latents, step, tuple(hidden)
        sizes = [latents, *hidden]
        layers: list[nn.Module] = []
        for before, after in pairwise(sizes):
            layers += [nn.Linear(before, after), nn.ReLU()]
        layers.append(nn.Linear(sizes[-1], TRIGGER_CELLS))
        self.layers = nn.Sequential(*layers)

    def forward(self, latents: Tensor) -> Tensor:
        """(n, latents) in real units to (n, 48) positive fractions that sum to 1."""
        return torch.softmax(self.layers(latents), dim=1)

    def decode(self, latents: np.ndarray) -> np.ndarray:
        """Decode integers as they come off the link: int (n, latents) to float64 (n, 48)."""
        parts = []
        with torch.no_grad():
            for start in range(0, len(latents), CHUNK):
                chunk = torch.tensor(latents[start : start + CHUNK], dtype=torch.float32)
                parts.append(self(chunk * self.step).double().numpy())
        return np.concatenate(parts) if parts else np.zeros((0, TRIGGER_CELLS))


def save_decoder(decoder: Decoder, path: Path) -> None:
    """Write weights and shape as safetensors."""
    shape = {"latents": decoder.latents, "step": decoder.step, "hidden": decoder.hidden}
    tensors = {name: value.contiguous() for name, value in decoder.state_dict().items()}
    save_file(tensors, path, {METADATA_KEY: json.dumps(shape)})


def load_decoder(path: Path) -> Decoder:
    """Read a decoder.

    Raises
    ------
    InputError
        If the file is missing or holds no decoder.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file; a decoder is train/decoder.safetensors")
    try:
        with safe_open(path, framework="pt") as stream:
            shape = json.loads((stream.metadata() or {})[METADATA_KEY])
            decoder = Decoder(shape["latents"], shape["step"], shape["hidden"])
            names = stream.keys()
            decoder.load_state_dict({name: stream.get_tensor(name) for name in names})
    except (SafetensorError, KeyError, RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0][:100]
        raise InputError(f"{path}: not a hexcoder decoder in safetensors: {reason}") from None
    return decoder
