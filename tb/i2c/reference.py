"""What an I2C target must do, written from UM10204 and docs/i2c.md: from a recorded bus.

Not a state machine: the recording is cut into frames, from a START to the next START or STOP, and a
frame into bytes.
"""

from dataclasses import dataclass, field

import numpy as np

from hexcoder.tb.i2c.bus import BITS


def filtered(samples: np.ndarray, spike_clocks: int) -> np.ndarray:
    """Levels, uint8 (clocks,), without the runs of at most ``spike_clocks`` samples.

    The level is the one that is known at each clock; 0 before the first one is known.
    """
    first = np.flatnonzero(np.diff(samples, prepend=samples[:1] ^ 1))
    length = np.diff(first, append=len(samples))
    is_level = length > spike_clocks
    known = first[is_level] + spike_clocks
    until = np.append(known[1:], len(samples))
    levels = np.zeros(len(samples), dtype=np.uint8)
    if len(known):
        levels[known[0] :] = np.repeat(samples[first[is_level]], until - known)
    return levels


@dataclass(slots=True)
class Frame:
    """From a START to the next START or STOP.

    ``start`` and ``end`` are clocks of the START and of what ended it, the recording's last where
    nothing did. ``bits`` are SDA at each rise of SCL, whose edges are at clocks ``rises`` and
    ``falls``; each fall is that after the rise of the same place. The last rise has no fall where
    the frame ends with SCL high.
    """

    start: int
    end: int
    bits: list[int] = field(default_factory=list)
    rises: list[int] = field(default_factory=list)
    falls: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class BusEvents:
    """A recording as frames, with the clocks of all STARTs and STOPs."""

    frames: list[Frame]
    conditions: np.ndarray


def bus_events(scl: np.ndarray, sda: np.ndarray) -> BusEvents:
    """Cut filtered levels, uint8 (clocks,), into frames.

    SDA's edge is a START or STOP if SCL is high in the clock before, in its clock and in the clock
    after.
    """
    scl_edge = np.diff(scl.astype(np.int8), prepend=0)
    sda_edge = np.diff(sda.astype(np.int8), prepend=0)
    surrounded = np.zeros(len(scl), dtype=bool)
    surrounded[1:-1] = scl[:-2] & scl[1:-1] & scl[2:]
    conditions = np.flatnonzero((sda_edge != 0) & surrounded)
    frames: list[Frame] = []
    frame: Frame | None = None
    for clock in np.union1d(conditions, np.flatnonzero(scl_edge)).tolist():
        if scl_edge[clock] == 0:
            if frame is not None:
                frame.end = clock
                frame = None
            if sda_edge[clock] < 0:
                frame = Frame(clock, len(scl))
                frames.append(frame)
        elif frame is not None:
            if scl_edge[clock] > 0:
                frame.rises.append(clock)
                frame.bits.append(int(sda[clock]))
            elif frame.rises:
                frame.falls.append(clock)
    return BusEvents(frames, conditions)


@dataclass(frozen=True, slots=True)
class Expected:
    """What a frame must do.

    For each bit, whether the target pulls SDA low; the clock at which the address was known to be
    the target's. Writes have register, value, and the clock at which the acknowledge ended; reads
    the register taken for sending, and the clock at which the acknowledge before it ended.
    """

    pulls: list[int]
    active_from: int | None
    writes: list[tuple[int, int, int]]
    reads: list[tuple[int, int]]


def _byte(bits: list[int]) -> int:
    return int("".join(map(str, bits)), 2)


class BusReference:
    """Registers behind an I2C target at address ``device``.

    ``values``, uint8 (65536,), is of each register, first after reset, then now; ``readable`` and
    ``writable`` are bool (65536,); ``pointer`` is the register address.
    """

    def __init__(self, device: int, values: np.ndarray, readable: np.ndarray, writable: np.ndarray):
        self.device = device
        self.values = values.copy()
        self.readable, self.writable = readable, writable
        self.pointer = 0

    def frame(self, frame: Frame) -> Expected:
        """Take in a frame; what it must have done."""
        # The target knows a byte's bits when the clock of the eighth has ended.
        address = _byte(frame.bits[:7]) if len(frame.falls) >= BITS - 1 else 0
        if address != self.device or address < 0x08 or address > 0x77:
            return Expected([0] * len(frame.bits), None, [], [])
        expected = Expected([0] * len(frame.bits), frame.falls[BITS - 2], [], [])
        self._pull(expected, BITS - 1)
        if frame.bits[7]:
            self._read(frame, expected)
        else:
            self._write(frame, expected)
        return expected

    @staticmethod
    def _pull(expected: Expected, bit: int) -> None:
        if bit < len(expected.pulls):
            expected.pulls[bit] = 1

    def _write(self, frame: Frame, expected: Expected) -> None:
        for first in range(BITS, len(frame.falls) - BITS + 2, BITS):
            acknowledge = first + BITS - 1
            is_data = first >= 3 * BITS
            if is_data and not self.writable[self.pointer]:
                continue
            self._pull(expected, acknowledge)
            if len(frame.falls) <= acknowledge:
                return
            value = _byte(frame.bits[first : first + 8])
            if is_data:
                expected.writes.append((self.pointer, value, frame.falls[acknowledge]))
                self.values[self.pointer] = value
                self.pointer = (self.pointer + 1) % (1 << 16)
            elif first == BITS:
                self.pointer = value << 8 | self.pointer & 0xFF
            else:
                self.pointer = self.pointer & 0xFF00 | value

    def _read(self, frame: Frame, expected: Expected) -> None:
        for first in range(BITS, len(frame.falls) + 1, BITS):
            expected.reads.append((self.pointer, frame.falls[first - 1]))
            value = int(self.values[self.pointer]) if self.readable[self.pointer] else 0xFF
            self.pointer = (self.pointer + 1) % (1 << 16)
            for place in range(8):
                if not value >> (7 - place) & 1:
                    self._pull(expected, first + place)
            acknowledge = first + BITS - 1
            if len(frame.bits) <= acknowledge or frame.bits[acknowledge]:
                return
