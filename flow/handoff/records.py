"""What a testbench drives and expects, clock by clock."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hexcoder.network.packing import pack

RESET_CLOCKS = 4
GAP = 0.2
"""Part of the clocks without an event."""


@dataclass(frozen=True)
class Record:
    """One clock: the pins before its rising edge, and the outputs just before it.

    ``answer`` is None where ``out_valid`` must be low; ``is_known`` is false before the first reset
    has passed.
    """

    reset: bool
    valid: bool
    data: int
    answer: int | None
    is_known: bool


def packed(values: np.ndarray, widths: Sequence[int]) -> list[int]:
    """Port words of some vectors, int64 (n, elements), each as one number."""
    words = pack(values, widths).astype("<u4")
    return [int.from_bytes(row.tobytes(), "little") for row in words]


def records_of(
    inputs: Sequence[int], answers: Sequence[int], latency: int, seed: int, interval: int = 1
) -> Iterator[Record]:
    """Events in their order, with gaps between them and a reset in their midst.

    Parameters
    ----------
    inputs, answers : sequence of int
        Words of the events' data.
    latency : int
        Clocks from input to output.
    interval : int
        Least clocks from one event to the next.
    """
    random = np.random.default_rng(seed)
    middle = len(inputs) // 2
    clocks: list[tuple[bool, bool, int, int]] = [(True, False, 0, 0)] * RESET_CLOCKS
    for number, (data, answer) in enumerate(zip(inputs, answers, strict=True)):
        if number == middle and number:
            # Events in flight are lost; where there are registers, the one that comes with it, too.
            clocks.append((True, latency > 0, data, answer))
        while random.random() < GAP:
            # What lies on the pins without valid is nobody's.
            clocks.append((False, False, inputs[int(random.integers(len(inputs)))], 0))
        clocks.append((False, True, data, answer))
        clocks += [(False, False, data, 0)] * (interval - 1)
    clocks += [(False, False, 0, 0)] * (latency + 1)
    in_flight: list[int | None] = [None] * latency
    is_known = False
    for reset, valid, data, answer in clocks:
        arrived = answer if valid else None
        seen = in_flight[-1] if latency else arrived
        yield Record(reset, valid, data, seen, is_known)
        is_known |= reset
        in_flight = [None] * latency if reset else [arrived, *in_flight][:latency]
