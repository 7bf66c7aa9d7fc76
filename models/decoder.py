"""The decoder: off the detector, in float, its size is free."""

import json
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import numpy as np
import torch
from pydantic import Field, PositiveInt
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from hexcoder.documents import parse_json
from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint, FixedPointField
from hexcoder.sections import Section, validated
from hexcoder.sensor.conditions import condition_width
from hexcoder.sensor.geometry import TRIGGER_CELLS

AnyShape = TypeVar("AnyShape", bound=Section)
TensorShapes = dict[str, list[int]]
AnyModule = TypeVar("AnyModule", bound=nn.Module)

METADATA_KEY = "hexcoder-decoder"
CHUNK = 65_536
LATENT_GAIN = 4.0
"""Latents span 0 to this at the decoder's input, so that their spread is about one."""
MEAN_SUM = 1.5
"""Normalised energies sum to 1 to 2: the first guess spreads the mean over all cells."""
SHARPNESS = 30.0
"""Softplus bends within 1 / SHARPNESS of zero."""


class Decoder(nn.Module):
    """Latents, and what else is known of an event, to charge fractions of the trigger cells.

    This one is a stack of dense layers. They are normalised (Ba et al., arXiv:1607.06450), which
    brings training several hundredths of a half pitch further in the same number of steps.

    Parameters
    ----------
    latents : int
        Number of latents.
    type_ : FixedPoint
        Their type.
    hidden : sequence of int
        Widths of the hidden layers.
    conditions : sequence of str
        What the decoder is told beside the latents, see :mod:`hexcoder.sensor.conditions`.
    """

    def __init__(
        self,
        latents: int,
        type_: FixedPoint,
        hidden: Sequence[int],
        conditions: Sequence[str] = (),
    ):
        super().__init__()
        self.latents, self.type, self.hidden = latents, type_, tuple(hidden)
        self.conditions = tuple(conditions)
        self.gain = LATENT_GAIN / 2.0**type_.integer_bits
        self._build()

    def _build(self) -> None:
        sizes = [self.latents + condition_width(self.conditions), *self.hidden]
        layers: list[nn.Module] = []
        for before, after in pairwise(sizes):
            layers += [nn.Linear(before, after), nn.LayerNorm(after), nn.GELU()]
        layers.append(nn.Linear(sizes[-1], TRIGGER_CELLS))
        self.layers = nn.Sequential(*layers)

    def forward(self, latents: Tensor, conditions: Tensor) -> Tensor:
        """Reconstruct a batch.

        Parameters
        ----------
        latents : Tensor (n, latents)
            In real units.
        conditions : Tensor (n, condition width)
            From :func:`hexcoder.sensor.conditions.condition_features`; no columns where there are
            none.

        Returns
        -------
        Tensor (n, 48)
            Positive fractions that sum to 1.
        """
        known = torch.cat([latents * self.gain, conditions], dim=1)
        return torch.softmax(self.layers(known), dim=1)

    def decode(self, latents: np.ndarray, conditions: np.ndarray) -> np.ndarray:
        """Decode integers as they come off the link.

        Parameters
        ----------
        latents : int array (n, latents)
        conditions : float array (n, condition width)

        Returns
        -------
        float64 array (n, 48)
        """
        parts = []
        with torch.no_grad():
            for start in range(0, len(latents), CHUNK):
                rows = slice(start, start + CHUNK)
                integers = torch.tensor(latents[rows], dtype=torch.float32)
                known = torch.tensor(conditions[rows], dtype=torch.float32)
                parts.append(self(integers * self.type.step, known).double().numpy())
        return np.concatenate(parts) if parts else np.zeros((0, TRIGGER_CELLS))


class ListaDecoder(Decoder):
    """Sparse recovery, unrolled: a guess is put through the encoder and mended by what is missing.

    LISTA (Gregor and LeCun, ICML 2010) for an encoder of one linear layer y = A x + b. Each step
    k takes x to softplus(x + B_k (y - A x - b) + c_k(x, y - A x - b, conditions)), B_k linear and
    c_k one hidden layer wide ``hidden[k]``. A and b are the encoder's own integers.
    """

    matrix: Tensor
    offset: Tensor

    def _build(self) -> None:
        width = TRIGGER_CELLS + self.latents + condition_width(self.conditions)
        self.register_buffer("matrix", torch.zeros(self.latents, TRIGGER_CELLS))
        self.register_buffer("offset", torch.zeros(self.latents))
        self.steps = nn.ModuleList(nn.Linear(self.latents, TRIGGER_CELLS) for _ in self.hidden)
        self.corrections = nn.ModuleList()
        for hidden in self.hidden:
            last = nn.Linear(hidden, TRIGGER_CELLS)
            nn.init.normal_(last.weight, 0.0, 0.01)
            self.corrections.append(nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), last))

    def knows(self, matrix: Tensor, offset: Tensor) -> None:
        """What the encoder does: y = matrix x + offset, x the normalised energies."""
        self.matrix, self.offset = matrix, offset

    def forward(self, latents: Tensor, conditions: Tensor) -> Tensor:
        """As that of :class:`Decoder`."""
        energies = latents.new_full((len(latents), TRIGGER_CELLS), MEAN_SUM / TRIGGER_CELLS)
        for step, correction in zip(self.steps, self.corrections, strict=True):
            missing = (latents - energies @ self.matrix.T - self.offset) * self.gain
            known = torch.cat([energies * 10, missing * 2, conditions], dim=1)
            moved = energies * SHARPNESS + step(missing) * 5 + correction(known)
            energies = nn.functional.softplus(moved) / SHARPNESS
        energies = energies + 1e-6
        return energies / energies.sum(dim=1, keepdim=True)


DECODERS: dict[str, type[Decoder]] = {"mlp": Decoder, "lista": ListaDecoder}


class _Shape(Section):
    """What the file says of the decoder's shape."""

    kind: Literal["mlp", "lista"] = "mlp"
    latents: PositiveInt
    type: FixedPointField
    hidden: tuple[Annotated[int, Field(ge=1, le=1 << 16)], ...] = Field(max_length=64)
    conditions: tuple[Literal["sum", "layer", "position"], ...]


def save_decoder(decoder: Decoder, path: Path) -> None:
    """Write weights and shape as safetensors."""
    kind = next(name for name, known in DECODERS.items() if type(decoder) is known)
    shape = {
        "kind": kind,
        "latents": decoder.latents,
        "type": str(decoder.type),
        "hidden": decoder.hidden,
        "conditions": decoder.conditions,
    }
    tensors = {name: value.contiguous() for name, value in decoder.state_dict().items()}
    save_file(tensors, path, {METADATA_KEY: json.dumps(shape)})


def load_decoder(path: Path) -> Decoder:
    """Read a decoder.

    Raises
    ------
    InputError
        If the file is missing or holds no decoder.
    """
    return load_weights(path, "a hexcoder decoder", METADATA_KEY, _Shape, _decoder_of)


def _decoder_of(shape: _Shape) -> tuple[Callable[[], Decoder], TensorShapes]:
    make = partial(DECODERS[shape.kind], shape.latents, shape.type, shape.hidden, shape.conditions)
    known = shape.latents + condition_width(shape.conditions)
    if shape.kind == "mlp":
        return make, linear_shapes([known, *shape.hidden, TRIGGER_CELLS], 3)
    return make, {
        f"corrections.{step}.0.weight": [width, known + TRIGGER_CELLS]
        for step, width in enumerate(shape.hidden)
    }


def linear_shapes(sizes: Sequence[int], entries: int) -> TensorShapes:
    """Shapes of a stack of linear layers, each of ``entries`` places in ``layers``."""
    return {
        f"layers.{entries * number}.weight": [after, before]
        for number, (before, after) in enumerate(pairwise(sizes))
    }


def load_weights(
    path: Path,
    what: str,
    key: str,
    kind: type[AnyShape],
    described: Callable[[AnyShape], tuple[Callable[[], AnyModule], TensorShapes]],
) -> AnyModule:
    """Read a decoder's weights and what its metadata say of its shape.

    Parameters
    ----------
    what : str
        What the file should be, for messages.
    key : str
        Name of the metadata.
    kind : type of Section
        What they hold.
    described : callable
        From the shape what makes the decoder, and the shapes of its largest tensors.

    Raises
    ------
    InputError
        If the file is missing or holds no such decoder.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file; a decoder is train/decoder.safetensors")
    try:
        with safe_open(path, framework="pt") as stream:
            text = (stream.metadata() or {}).get(key)
            if text is None:
                raise InputError(f"{path}: not {what}: no metadata '{key}'")
            shape = validated(kind, parse_json(text, str(path)), f"{path}: {key}")
            make, shapes = described(shape)
            # Before anything is made of a size that the file only claims.
            names = set(stream.keys())
            for name, wanted in shapes.items():
                found = stream.get_slice(name).get_shape() if name in names else None
                if found != wanted:
                    raise InputError(
                        f"{path}: tensor '{name}' must have shape {wanted}, not {found}"
                    )
            decoder = make()
            decoder.load_state_dict({name: stream.get_tensor(name) for name in names})
    except (SafetensorError, RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0][:100]
        raise InputError(f"{path}: not {what} in safetensors: {reason}") from None
    if not all(bool(torch.isfinite(value).all()) for value in decoder.state_dict().values()):
        raise InputError(f"{path}: not a usable decoder: it holds numbers that are not finite")
    return decoder
