"""Truth tables as integers: bit i is the output where the inputs, the first lowest, spell i."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np


def entries_of(table: int, inputs: int) -> np.ndarray:
    """Bits of a truth table: uint8 (2**inputs,)."""
    bits = 1 << inputs
    octets = np.frombuffer(table.to_bytes(max(bits // 8, 1), "little"), np.uint8)
    return np.unpackbits(octets, bitorder="little")[:bits]


def table_of(entries: np.ndarray) -> int:
    """The truth table of its entries, each 0 or 1."""
    octets = np.packbits(entries.astype(np.uint8), bitorder="little")
    return int.from_bytes(octets.tobytes(), "little")


def index_of(operands: Sequence[np.ndarray], events: int) -> np.ndarray:
    """Which entry the inputs choose: int64 (events,)."""
    index = np.zeros(events, np.int64)
    for place, operand in enumerate(operands):
        index |= operand.astype(np.int64) << place
    return index


def all_entries(inputs: int) -> int:
    """A set bit for each entry."""
    return (1 << (1 << inputs)) - 1


def halves(inputs: int, place: int, table: int) -> tuple[int, int]:
    """Tables of as many inputs: this one where one of them is 0, and where it is 1."""
    step = 1 << place
    ones = _input(inputs, place)
    low, high = table & ones >> step, table & ones
    return low | low << step, high | high >> step


def without(inputs: int, place: int, table: int) -> int:
    """A table that does not depend on one of its inputs, without that."""
    return table_of(entries_of(table, inputs).reshape(-1, 2, 1 << place)[:, 0].ravel())


@lru_cache
def _input(inputs: int, place: int) -> int:
    """Truth table of one of the inputs."""
    step = 1 << place
    period = ((1 << step) - 1) << step
    return sum(period << start for start in range(0, 1 << inputs, 2 * step))
