"""What network.json may hold: a network, an adaptive code, or a classical method."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hexcoder.documents import read_json
from hexcoder.errors import InputError
from hexcoder.network.schema import Network, load_network, save_network
from hexcoder.sections import validated
from hexcoder.sensor.classical import method as classical
from hexcoder.sensor.classical.method import Classical, save_classical
from hexcoder.sensor.codec import codec as adaptive
from hexcoder.sensor.codec import golden
from hexcoder.sensor.codec.codec import Codec, save_codec

FrameEncoder = Codec | Classical
"""Sends frames of fixed size, which are read from their bits alone."""
AnyEncoder = Network | FrameEncoder


def load_encoder(path: Path | str) -> AnyEncoder:
    """Read a network.json.

    Raises
    ------
    InputError
        One line that names the file, the key, the value and what would be valid.
    """
    value = read_json(Path(path), "give the path of a network.json")
    kind = value.get("format") if isinstance(value, dict) else None
    if kind == adaptive.FORMAT:
        return validated(Codec, value, str(path))
    if kind == classical.FORMAT:
        return validated(Classical, value, str(path))
    return load_network(path)


def load_codec(path: Path | str) -> Codec:
    """Read an adaptive code; raises as :func:`load_encoder`, and InputError for others."""
    found = load_encoder(path)
    if not isinstance(found, Codec):
        raise InputError(f"{path}: this takes a codec, with format '{adaptive.FORMAT}'")
    return found


def save_any(encoder: AnyEncoder, path: Path | str) -> None:
    """Write a network.json; the same encoder gives the same bytes."""
    if isinstance(encoder, Codec):
        save_codec(encoder, path)
    elif isinstance(encoder, Classical):
        save_classical(encoder, path)
    else:
        save_network(encoder, path)


def described(encoder: FrameEncoder) -> str:
    """Kind and name, for messages."""
    what = "codec" if isinstance(encoder, Codec) else "method"
    return f"{what} {encoder.name}"


def frames_of(encoder: FrameEncoder, energies: np.ndarray) -> np.ndarray:
    """Golden model of module ``encoder``.

    Parameters
    ----------
    energies : int array (n, 48), ADC counts

    Returns
    -------
    uint8 array (n, frame_bits)
        Bits, the first sent first.
    """
    if isinstance(encoder, Codec):
        return golden.encode_frames(encoder, energies)
    return classical.frames_of(encoder, energies)


def plain_fractions(encoder: FrameEncoder, frames: np.ndarray) -> np.ndarray:
    """Charge fractions of frames, bits (n, frame_bits), without a learned decoder.

    float64 (n, 48); all zero where nothing but zeros has come.
    """
    if isinstance(encoder, Codec):
        return golden.plain_fractions(encoder, golden.decode(encoder, frames))
    energies = classical.energies_of(encoder, frames)
    total = energies.sum(axis=1, keepdims=True)
    return np.divide(energies, total, out=np.zeros_like(energies), where=total > 0)
