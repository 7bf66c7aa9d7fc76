"""A codec against itself: what is sent comes back, and what is received would be sent so."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from hexcoder.network.comparison import Comparison, compare_layers
from hexcoder.network.modules import CHUNK, Stimulus
from hexcoder.sensor.codec.codec import Codec
from hexcoder.sensor.codec.golden import Coded, classes, decode, encode, joined, pack
from hexcoder.sensor.frames import FrameModule
from hexcoder.sensor.front_end import SUM_CODE_BITS

LINK = "frames and their decoder"


def _readable(codec: Codec, coded: Coded) -> np.ndarray:
    """Values whose symbols lie whole within the frame; zero for the others."""
    kinds, behind, _ = classes(codec, coded.values)
    tables = np.array([mode.table for mode in codec.modes])[coded.modes]
    words = np.array(codec.tables)[tables[:, None], joined(codec, kinds)]
    groups = codec.symbols.groups
    ends = (words + behind[:, groups].sum(axis=2)).cumsum(axis=1)
    values = np.zeros_like(coded.values)
    values[:, groups] = np.where(
        (ends <= codec.payload_bits)[:, :, None], coded.values[:, groups], 0
    )
    return values


def _sent(codec: Codec, energies: np.ndarray) -> Comparison:
    """Events that are packed, and read from their bits alone."""
    coded = encode(codec, energies)
    received = decode(codec, pack(codec, coded))
    expected = {
        "sum_code": coded.sums[:, None],
        "mode": coded.modes[:, None],
        "values": _readable(codec, coded),
    }
    actual = {
        "sum_code": received.sums[:, None],
        "mode": received.modes[:, None],
        "values": received.values,
    }
    return compare_layers(LINK, "", expected, actual)


def _received(codec: Codec, frames: np.ndarray) -> Comparison:
    """Any bits: what is read from them would be sent as them, as far as it was read."""
    received, again = decode(codec, frames), decode(codec, frames)
    known = received.modes < len(codec.modes)
    coded = replace(received, modes=np.where(known, received.modes, 0))
    written = pack(codec, coded)
    ends = SUM_CODE_BITS + codec.mode_bits + received.used
    read = (np.arange(codec.frame_bits) < ends[:, None]) & known[:, None]
    most = 1 << max(codec.most_value_bits, codec.symbols.longest)
    zeros = np.zeros((len(frames), 1), dtype=np.int64)
    expected = {
        "frame": np.where(read, frames, 0),
        "values": again.values,
        "out_of_range": zeros,
    }
    actual = {
        "frame": np.where(read, written, 0),
        "values": received.values,
        "out_of_range": (received.values.max(axis=1, initial=0) >= most)[:, None].astype(np.int64),
    }
    return compare_layers(LINK, "", expected, actual)


def check_codec(
    codec: Codec,
    events: np.ndarray | None,
    vectors: int,
    seed: int,
    progress: Callable[[int], None] = lambda done: None,
) -> Comparison:
    """Events, and as many random frames as ``vectors``, through the decoder.

    Parameters
    ----------
    events : int array (n, 48), ADC counts, optional
    vectors : int
        Random events, and random frames.
    """

    def parts() -> Iterator[Comparison]:
        done = 0
        for block in FrameModule(codec).stimulus(Stimulus(seed, vectors, events)):
            yield _sent(codec, block.inputs)
            done += len(block.inputs)
            progress(done)
        random = np.random.default_rng([seed, 5])
        for start in range(0, vectors, CHUNK):
            size = min(CHUNK, vectors - start)
            yield _received(codec, random.integers(0, 2, (size, codec.frame_bits), dtype=np.uint8))
            done += size
            progress(done)

    return Comparison.joined(parts(), follow=True)
