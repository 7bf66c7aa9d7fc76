"""An encoder that sends frames under test."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hexcoder.network.modules import CHUNK, ModuleUnderTest, Port, Stimulus, Vectors
from hexcoder.network.schema import Network
from hexcoder.sensor.codec.codec import Codec
from hexcoder.sensor.codec.golden import encode
from hexcoder.sensor.encoders import AnyEncoder, FrameEncoder, frames_of
from hexcoder.sensor.generator import generate_events
from hexcoder.sensor.geometry import TRIGGER_CELLS
from hexcoder.sensor.stimulus import FIXED, EnergyModule

FRAME_ELEMENT_BITS = 16
"""Frames are compared in words of so many bits, from the lowest; the rest is one word more."""


def frame_words(frames: np.ndarray) -> np.ndarray:
    """Words of ``out_data``, the lowest first, of frames, bits (n, frame_bits)."""
    lowest_first = frames[:, ::-1].astype(np.int64)
    count = frames.shape[1] // FRAME_ELEMENT_BITS
    whole = lowest_first[:, : count * FRAME_ELEMENT_BITS].reshape(len(frames), count, -1)
    words = whole @ (1 << np.arange(FRAME_ELEMENT_BITS))
    rest = lowest_first[:, count * FRAME_ELEMENT_BITS :]
    if not rest.shape[1]:
        return words
    return np.concatenate([words, (rest @ (1 << np.arange(rest.shape[1])))[:, None]], axis=1)


class FrameModule(EnergyModule[FrameEncoder]):
    """Energies in, frames out; frames as words of 16 bits from the lowest."""

    name = "encoder"

    @property
    def outputs(self) -> tuple[Port, ...]:
        words, rest = divmod(self.network.frame_bits, FRAME_ELEMENT_BITS)
        ports = (Port("frame", FRAME_ELEMENT_BITS, words),)
        return (*ports, Port("frame_head", rest, 1)) if rest else ports

    def golden(self, inputs: np.ndarray) -> np.ndarray:
        parts = [
            frame_words(frames_of(self.network, inputs[start : start + CHUNK]))
            for start in range(0, len(inputs), CHUNK)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.output_widths)), np.int64)

    def stimulus(self, stimulus: Stimulus) -> Iterator[Vectors]:
        """As of every module that takes energies; of a code also events that only just fit."""
        yield from super().stimulus(stimulus)
        count = stimulus.count // 8 + 64
        for start in range(0, max(stimulus.count // 8, 64), CHUNK):
            if isinstance(self.network, Codec):
                yield tight(self.network, min(CHUNK, count), stimulus.seed + start)
            else:
                yield close(min(CHUNK, count), stimulus.seed + start)


def tight(codec: Codec, count: int, seed: int) -> Vectors:
    """Events whose code leaves the fewest bits, and at most a quarter that fit no mode."""
    random = np.random.default_rng([seed, 4])
    events = generate_events(2 * count, seed=seed)
    even = random.integers(1, 1 << random.integers(1, 20, (count // 8, 1)), (count // 8, 48))
    drawn = np.concatenate([events, even])
    left = codec.payload_bits - encode(codec, drawn).used
    cut = np.flatnonzero(left < 0)[: count // 4]
    fits = np.flatnonzero(left >= 0)
    closest = fits[np.argsort(left[fits], kind="stable")][: count - len(cut)]
    return Vectors("edge", drawn[np.concatenate([cut, closest])])


def close(count: int, seed: int) -> Vectors:
    """Events whose energies hardly differ, with ties and with many that are zero."""
    random = np.random.default_rng([seed, 5])
    middle = random.integers(0, 1 << random.integers(1, 20, (count, 1)), (count, 1))
    spread = random.integers(0, 1 << random.integers(1, 6, (count, 1)), (count, TRIGGER_CELLS))
    is_zero = random.random((count, TRIGGER_CELLS)) < random.random((count, 1))
    return Vectors("edge", np.where(is_zero, 0, middle + spread))


def fixed_module(source: AnyEncoder, top: str) -> ModuleUnderTest:
    """The module of a design whose weights or tables are in gates."""
    return FIXED[top](source) if isinstance(source, Network) else FrameModule(source)
