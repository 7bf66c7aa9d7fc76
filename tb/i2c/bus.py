"""A model of an I2C controller: operations to sampled levels of SCL and SDA, and back.

A target that does not stretch SCL leaves all times to the controller. Whole transfers are therefore
computed first, simulated, and decoded from what was recorded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

import numpy as np

from hexcoder.tb.i2c.timing import I2cTiming

BITS = 9
"""Clocks of a byte with its acknowledge."""


@dataclass(frozen=True, slots=True)
class Spike:
    """A pulse of some clocks, from ``clock`` of the transfer on, that inverts what is driven."""

    line: Literal["scl", "sda"]
    clock: int
    clocks: int


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong in a transfer. Bits are clocks of SCL, acknowledges counted in.

    ``stop_after_bit``, ``start_after_bit`` and ``end_after_bit`` send so many bits of the transfer,
    then a STOP, a START, or nothing; ``no_stop`` leaves out the STOP at the end. ValueError if the
    transfer would be cut twice.
    """

    stop_after_bit: int | None = None
    start_after_bit: int | None = None
    end_after_bit: int | None = None
    no_stop: bool = False
    spikes: Sequence[Spike] = ()

    def __post_init__(self) -> None:
        cuts = (self.stop_after_bit, self.start_after_bit, self.end_after_bit)
        if sum(cut is not None for cut in cuts) > 1:
            raise ValueError(f"a transfer is cut once: got {cuts}")


NO_FAULTS = Faults()


class Step(IntEnum):
    """What the controller does, in the order of the bus."""

    ZERO = 0
    ONE = 1
    START = 2
    STOP = 3


@dataclass(frozen=True, slots=True)
class Transfer:
    """A transfer as the controller drives it; open drain: 1 is released.

    ``scl`` and ``sda`` are uint8 (clocks,). ``high``, int64 (bits, 2), has the first and last clock
    of SCL high for each bit that was sent; ``acknowledges``, int64, the bits that the target
    acknowledges; ``data``, int64 (bytes, 8), the bits that it sends, the highest first.
    """

    scl: np.ndarray
    sda: np.ndarray
    high: np.ndarray
    acknowledges: np.ndarray
    data: np.ndarray


@dataclass(frozen=True, slots=True)
class Answer:
    """What the target answered: its acknowledges, and the bytes that it sent."""

    acknowledged: list[bool]
    data: list[int]


def decode(transfer: Transfer, bus_sda: np.ndarray) -> Answer:
    """Read the answer from the bus: a bit is the level of SDA for most of SCL's high time.

    ``bus_sda``, uint8 (clocks,), is SDA as seen, the AND of controller and target, at the
    transfer's clocks.
    """
    ones = np.concatenate([[0], np.cumsum(bus_sda, dtype=np.int64)])
    first, last = transfer.high[:, 0], transfer.high[:, 1] + 1
    bits = 2 * (ones[last] - ones[first]) > last - first
    weights = 1 << np.arange(7, -1, -1)
    return Answer((~bits[transfer.acknowledges]).tolist(), (bits[transfer.data] @ weights).tolist())


class I2cController:
    """Turns operations into levels; what an operation leaves of the bus is where the next begins.

    Each phase is longer by up to ``jitter`` clocks, drawn with ``seed``.
    """

    def __init__(self, timing: I2cTiming, jitter: int = 0, seed: int = 0):
        self.timing, self.jitter = timing, jitter
        self._random = np.random.default_rng(seed)
        self._free, self._sda = True, 1
        self._phases: list[tuple[int, int, int]] = []
        self._clock = 0

    def write(
        self, device: int, register: int, data: Sequence[int], faults: Faults = NO_FAULTS
    ) -> Transfer:
        """Write bytes from a register on."""
        sent = [device << 1, register >> 8, register & 0xFF, *data]
        return self._transfer([Step.START, *_sent(sent), Step.STOP], faults)

    def read(
        self,
        device: int,
        register: int,
        count: int,
        faults: Faults = NO_FAULTS,
        *,
        repeated_start: bool = True,
    ) -> Transfer:
        """Set the register address and read bytes, with a repeated START or a STOP between."""
        between = [Step.START] if repeated_start else [Step.STOP, Step.START]
        address = _sent([device << 1, register >> 8, register & 0xFF])
        steps = [Step.START, *address, *between, *_received(device, count), Step.STOP]
        return self._transfer(steps, faults, received=count)

    def read_on(self, device: int, count: int, faults: Faults = NO_FAULTS) -> Transfer:
        """Read bytes from where the register address stands."""
        steps = [Step.START, *_received(device, count), Step.STOP]
        return self._transfer(steps, faults, received=count)

    def clear(self) -> Transfer:
        """Free a bus that a target holds: clocks, a START and a STOP.

        UM10204 has nine clocks: a target that sends takes the ninth for the end of the read. Where
        the transfer was cut in the address, the ones of the first nine may be an address to read
        from; nine more end that read.
        """
        steps = [*[Step.ONE] * (2 * BITS), Step.START, Step.STOP]
        return self._transfer(steps, NO_FAULTS, bytes_=False)

    def drive(self, scl: np.ndarray, sda: np.ndarray) -> Transfer:
        """Any levels, as a transfer without meaning; a ``clear`` has to follow."""
        self._free, self._sda = False, int(sda[-1])
        none = np.zeros((0, 2), dtype=np.int64)
        return Transfer(scl, sda, none, none[:, 0], np.zeros((0, 8), dtype=np.int64))

    def _transfer(
        self, steps: list[Step], faults: Faults, received: int = 0, *, bytes_: bool = True
    ) -> Transfer:
        total = sum(step < Step.START for step in steps)
        steps = _with_faults(steps, faults)
        self._phases, self._clock = [], 0
        high = []
        for step in steps:
            if step == Step.START:
                self._start()
            elif step == Step.STOP:
                self._stop()
            else:
                high.append(self._bit(step))
        scl, sda, clocks = np.array(self._phases).T
        scl, sda = (np.repeat(level, clocks).astype(np.uint8) for level in (scl, sda))
        for spike in faults.spikes:
            line = scl if spike.line == "scl" else sda
            line[spike.clock : spike.clock + spike.clocks] ^= 1
        # All bytes but those received at the end are the controller's; whole bytes count.
        bits = np.arange(total if bytes_ else 0).reshape(-1, BITS)
        sent, answer = bits[: len(bits) - received], bits[len(bits) - received :, :8]
        acknowledges = sent[:, 8]
        return Transfer(
            scl,
            sda,
            np.array(high, dtype=np.int64).reshape(-1, 2),
            acknowledges[acknowledges < len(high)],
            answer[answer[:, -1] < len(high)],
        )

    def _drive(self, scl: int, sda: int, clocks: int) -> None:
        if clocks and self.jitter:
            clocks += int(self._random.integers(0, self.jitter + 1))
        self._phases.append((scl, sda, clocks))
        self._clock += clocks
        self._sda = sda

    def _low(self, sda: int) -> None:
        """SCL low, with SDA at its next level after the hold time."""
        self._drive(0, self._sda, self.timing.data_hold)
        self._drive(0, sda, self.timing.low - self.timing.data_hold)

    def _bit(self, bit: int) -> tuple[int, int]:
        self._low(bit)
        first = self._clock
        self._drive(1, bit, self.timing.high)
        self._free = False
        return first, self._clock - 1

    def _start(self) -> None:
        if not self._free:
            self._low(1)
        self._drive(1, 1, self.timing.start_setup)
        self._drive(1, 0, self.timing.start_hold)
        self._free = False

    def _stop(self) -> None:
        self._low(0)
        self._drive(1, 0, self.timing.stop_setup)
        self._drive(1, 1, self.timing.bus_free)
        self._free = True


def _sent(data: Sequence[int]) -> list[Step]:
    """Bytes from the controller; SDA is released for the acknowledge."""
    return [
        Step(bit)
        for byte in data
        for bit in (*(byte >> place & 1 for place in range(7, -1, -1)), Step.ONE)
    ]


def _received(device: int, count: int) -> list[Step]:
    """The address and ``count`` bytes from the target, all but the last acknowledged."""
    acknowledges = [Step.ZERO] * (count - 1) + [Step.ONE] * (count > 0)
    released = [Step.ONE] * 8
    return [
        *_sent([device << 1 | 1]),
        *(step for acknowledge in acknowledges for step in (*released, acknowledge)),
    ]


def _with_faults(steps: list[Step], faults: Faults) -> list[Step]:
    endings: list[tuple[int | None, list[Step]]] = [
        (faults.stop_after_bit, [Step.STOP]),
        (faults.start_after_bit, [Step.START]),
        (faults.end_after_bit, []),
    ]
    for bits, ending in endings:
        if bits is not None:
            places = [place for place, step in enumerate(steps) if step < Step.START]
            if not 0 <= bits <= len(places):
                raise ValueError(f"cut after bit {bits}: the transfer has {len(places)}")
            # A START between two bytes belongs to the bit after it.
            end = places[bits] if bits < len(places) else places[-1] + 1
            while bits and steps[end - 1] >= Step.START:
                end -= 1
            return [*steps[:end], *ending]
    return steps[:-1] if faults.no_stop and steps[-1] == Step.STOP else steps
