"""Events as words of 64 lanes: lane l holds one stream of consecutive events."""

from collections.abc import Iterator, Sequence

import numpy as np

from hexcoder.netlist.lanes import LANES


def to_streams(elements: np.ndarray, widths: Sequence[int], steps: int) -> np.ndarray:
    """Words that drive a port, one event a clock in each lane: uint64 (steps, bits).

    Of the integers (events, elements), events ``l * steps`` to ``(l + 1) * steps - 1`` are lane
    l's; those that are absent are 0. Elements have ``widths`` bits, at most 64, the first in the
    lowest bits of the port.
    """
    bits = sum(widths)
    rows = np.zeros((-(-bits // LANES), LANES * steps), np.uint64)
    events = slice(0, len(elements))
    for element, (row, shift, width) in enumerate(_places(widths)):
        codes = elements[:, element].astype(np.int64).view(np.uint64) & _ones(width)
        rows[row, events] |= codes << np.uint64(shift)
        if shift + width > LANES:
            rows[row + 1, events] |= codes >> np.uint64(LANES - shift)
    by_step = np.ascontiguousarray(rows.reshape(-1, LANES, steps).transpose(2, 0, 1))
    return _transposed(by_step).reshape(steps, -1)[:, :bits]


def from_streams(words: np.ndarray, widths: Sequence[int], events: int) -> np.ndarray:
    """Inverse of :func:`to_streams`, as unsigned codes: int64 (events, elements)."""
    steps, bits = words.shape
    padded = np.zeros((steps, -(-bits // LANES) * LANES), np.uint64)
    padded[:, :bits] = words
    by_lane = _transposed(padded.reshape(steps, -1, LANES))
    rows = by_lane.transpose(1, 2, 0).reshape(-1, LANES * steps)[:, :events]
    elements = np.empty((events, len(widths)), np.int64)
    for element, (row, shift, width) in enumerate(_places(widths)):
        codes = rows[row] >> np.uint64(shift)
        if shift + width > LANES:
            codes |= rows[row + 1] << np.uint64(LANES - shift)
        elements[:, element] = (codes & _ones(width)).view(np.int64)
    return elements


def _places(widths: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Row, lowest bit and width of each element in rows of 64 bits."""
    position = 0
    for width in widths:
        yield position // LANES, position % LANES, width
        position += width


def _ones(width: int) -> np.uint64:
    return np.uint64((1 << width) - 1)


def _transposed(rows: np.ndarray) -> np.ndarray:
    """Transpose matrices of 64 x 64 bits in place: uint64 (..., 64).

    Warren, Hacker's Delight, 2nd edition, 7-3: blocks off the diagonal change places, from halves
    down to single bits.
    """
    size, mask = LANES // 2, (1 << LANES // 2) - 1
    while size:
        pairs = rows.reshape(*rows.shape[:-1], LANES // (2 * size), 2, size)
        upper, lower = pairs[..., 0, :], pairs[..., 1, :]
        swapped = ((upper >> np.uint64(size)) ^ lower) & np.uint64(mask)
        upper ^= swapped << np.uint64(size)
        lower ^= swapped
        size //= 2
        mask ^= mask << size & (1 << LANES) - 1
    return rows
