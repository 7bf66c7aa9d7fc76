"""Adaptive codes of every shape, drawn at random."""

import numpy as np

from hexcoder.sensor.codec.codec import Codec, Mode, Symbols
from hexcoder.sensor.codec.prefix import limited_lengths

SHAPES = ((1, 8, 9), (1, 2, 12), (2, 4, 5), (2, 2, 4), (4, 2, 3))
"""Cells of a symbol, direct values, bit length of the last class."""


def random_codec(seed: int, shape: tuple[int, int, int] = SHAPES[0]) -> Codec:
    """Random tables, modes, frame and paths; charges of 6 to 12 bits."""
    random = np.random.default_rng(seed)
    cells, direct, longest = shape
    symbols = Symbols(cells=cells, direct=direct, longest=longest)
    fraction = int(random.integers(5, 12))
    words = max(12, symbols.count.bit_length() + 2)
    tables = [
        limited_lengths(random.random(symbols.count) ** 4 + 1e-3, min(16, words))
        for _ in range(int(random.integers(1, 4)))
    ]
    steps = sorted(
        {
            (int(random.integers(0, fraction + 3)), int(random.integers(4, 8)))
            for _ in range(int(random.integers(1, 6)))
        },
        key=lambda step: (2.0 ** step[0] / step[1], step),
    )
    modes = [
        Mode(shift=shift, factor=factor, table=int(random.integers(len(tables))))
        for shift, factor in steps
        for _ in range(int(random.integers(1, 3)))
    ]
    order = random.permutation(48).reshape(int(random.choice([1, 3, 12])), -1)
    return Codec(
        name="drawn",
        frame_bits=int(random.integers(40, 220)),
        fraction_bits=fraction,
        residue_bits=int(random.integers(2, 7)),
        paths=tuple(tuple(int(cell) for cell in path) for path in order),
        symbols=symbols,
        tables=tuple(tuple(table) for table in tables),
        modes=tuple(modes),
    )


def small_events(count: int, seed: int) -> np.ndarray:
    """Energies of every occupancy and size, empty, single and even events among them."""
    random = np.random.default_rng(seed)
    scale = 1 << random.integers(1, 20, (count, 1))
    energies = (random.exponential(0.3, (count, 48)) * scale).astype(np.int64)
    events = np.where(random.random((count, 48)) < random.random((count, 1)), energies, 0)
    events[0] = 0
    events[1:3] = [[7] * 48, [0] * 47 + [5]]
    return np.minimum(events, (1 << 22) - 1)
