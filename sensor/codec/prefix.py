"""Canonical prefix codes: code words from their lengths, and lengths from frequencies."""

from collections.abc import Sequence

import numpy as np


def is_complete(lengths: Sequence[int]) -> bool:
    """Whether lengths in bits are those of a prefix code that any bits can be read with.

    Kraft's sum is 1 exactly (Kraft, MIT 1949), and there is more than one word.
    """
    longest = max(lengths, default=0)
    return min(lengths, default=0) > 0 and sum(1 << (longest - n) for n in lengths) == 1 << longest


def canonical_words(lengths: Sequence[int]) -> list[int]:
    """Code words of a complete code, in the order of length, then of symbol (RFC 1951, 3.2.2).

    Returns
    -------
    list of int
        The word of symbol k has ``lengths[k]`` bits, the first sent the highest.
    """
    words, word, before = [0] * len(lengths), 0, 0
    for symbol in sorted(range(len(lengths)), key=lambda k: (lengths[k], k)):
        word <<= lengths[symbol] - before
        before = lengths[symbol]
        words[symbol] = word
        word += 1
    return words


def limited_lengths(weights: np.ndarray, longest: int) -> list[int]:
    """Lengths of the best complete code with no word over ``longest`` bits.

    By package-merge (Larmore and Hirschberg, J. ACM 37 (1990) 464).

    Parameters
    ----------
    weights : float array (symbols,), positive

    Raises
    ------
    ValueError
        If so many symbols do not fit, or there are fewer than two.
    """
    count = len(weights)
    if not 2 <= count <= 1 << longest:
        raise ValueError(f"no code of {count} symbols has words of at most {longest} bits")
    order = np.argsort(weights, kind="stable")
    single = weights[order]
    # A package is its weight, and how often each symbol is in it.
    leaves = np.eye(count, dtype=np.int64)[order]
    values, members = single, leaves
    for _ in range(longest - 1):
        pairs = len(values) // 2 * 2
        packages = values[:pairs:2] + values[1:pairs:2]
        packed = members[:pairs:2] + members[1:pairs:2]
        values = np.concatenate([single, packages])
        ranks = np.argsort(values, kind="stable")
        values, members = values[ranks], np.concatenate([leaves, packed])[ranks]
    return members[: 2 * count - 2].sum(axis=0).tolist()


def reading_table(lengths: Sequence[int], longest: int) -> tuple[np.ndarray, np.ndarray]:
    """Symbol, and bits of its word, for every value of the next ``longest`` bits."""
    symbols = np.zeros(1 << longest, dtype=np.int64)
    taken = np.zeros(1 << longest, dtype=np.int64)
    for symbol, (word, bits) in enumerate(zip(canonical_words(lengths), lengths, strict=True)):
        low, size = word << (longest - bits), 1 << (longest - bits)
        symbols[low : low + size] = symbol
        taken[low : low + size] = bits
    return symbols, taken
