"""Tensors to port bits and back: element k of width w lies in bits [k*w +: w]."""

from collections.abc import Iterator, Sequence

import numpy as np

WORD_BITS = 32
"""Verilator holds wide ports as 32-bit words, the lowest first."""


def words_for(bits: int) -> int:
    """Words that hold ``bits``."""
    return -(-bits // WORD_BITS)


def _places(widths: Sequence[int]) -> Iterator[tuple[int, int, int, int]]:
    """Field, its first word, its lowest bit in that word, and its width."""
    low = 0
    for field, width in enumerate(widths):
        yield field, low // WORD_BITS, low % WORD_BITS, width
        low += width


def pack(values: np.ndarray, widths: Sequence[int]) -> np.ndarray:
    """Pack integers into port words.

    Parameters
    ----------
    values : int64 array (n, fields)
        Negative values go in as two's complement.
    widths : sequence of int
        Bits of each field, at most 62, the first field lowest.

    Returns
    -------
    uint32 array (n, words)
    """
    # Field by field over all events: some 400 operations on long columns, where spreading every
    # bit into a byte would touch eight times the memory.
    columns = np.ascontiguousarray(values.T).view(np.uint64)
    words = np.zeros((words_for(sum(widths)) + 2, len(values)), dtype=np.uint64)
    for field, word, low, width in _places(widths):
        bits = columns[field] & np.uint64((1 << width) - 1)
        # Shifted out of 64 bits is what the third word takes.
        words[word] |= bits << np.uint64(low) & np.uint64(0xFFFFFFFF)
        for further in range(1, 3):
            if low + width > further * WORD_BITS:
                words[word + further] |= bits >> np.uint64(further * WORD_BITS - low)
    return np.ascontiguousarray(words[:-2].astype(np.uint32).T)


def unpack(words: np.ndarray, widths: Sequence[int]) -> np.ndarray:
    """Inverse of :func:`pack`, unsigned: uint32 (n, words) to int64 (n, fields)."""
    columns = np.ascontiguousarray(words.T).astype(np.uint64)
    result = np.zeros((len(widths), len(words)), dtype=np.uint64)
    for field, word, low, width in _places(widths):
        bits = columns[word] >> np.uint64(low)
        for further in range(1, 3):
            if low + width > further * WORD_BITS:
                bits |= columns[word + further] << np.uint64(further * WORD_BITS - low)
        result[field] = bits & np.uint64((1 << width) - 1)
    return np.ascontiguousarray(result.T).view(np.int64)


def signed_fields(values: np.ndarray, width: int, is_signed: bool) -> np.ndarray:
    """Read unsigned field values of ``width`` bits as two's complement where they are signed."""
    if not is_signed:
        return values
    return np.where(values >> (width - 1), values - (1 << width), values)
