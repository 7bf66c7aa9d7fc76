"""Random activity on an I2C bus: transfers with faults, noise, and transfers that must work."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from hexcoder.tb.i2c.bank import BASE, READABLE, WRITABLE
from hexcoder.tb.i2c.bus import Faults, I2cController, Spike, Transfer
from hexcoder.tb.i2c.timing import FASTEST, I2cTiming

REGISTERS = 64
"""Registers from the bank's base on that are looked at; the last of them do not exist."""
LONGEST = 20
"""Most clocks of a phase of SCL."""
RESERVED = (*range(0x08), *range(0x78, 0x80))


@dataclass(frozen=True, slots=True)
class Piece:
    """Some clocks of activity: 'normal', 'faulty', 'noise' or 'clear'.

    ``data`` are the bytes that a normal transfer must read. All of it must be acknowledged.
    """

    transfer: Transfer
    kind: str
    data: list[int] = field(default_factory=list)


class Stimulus:
    """A source of random pieces for a target at address ``device``."""

    def __init__(self, random: np.random.Generator, device: int):
        self.random, self.device = random, device
        self.controller = I2cController(self._timing(), seed=int(random.integers(1 << 32)))

    def pieces(self, transfers: int) -> Iterator[Piece]:
        """Faulty transfers and noise, each followed by a transfer that must work."""
        for _ in range(transfers):
            if self.random.random() < 0.2:
                yield from self._noise()
            else:
                yield self.faulty()
            if self.random.random() < 0.5:
                yield self.clear()
            yield from self.normal()

    def faulty(self) -> Piece:
        """A transfer that may be for another target or no register, be cut, or have spikes."""
        self._change_timing()
        return Piece(self._transfer(), "faulty")

    def clear(self) -> Piece:
        """What frees the bus, whatever was before."""
        return Piece(self.controller.clear(), "clear")

    def normal(self) -> Iterator[Piece]:
        """Write some bytes and read them back."""
        count = int(self.random.integers(1, 4))
        register = BASE + int(self.random.integers(0, WRITABLE - count + 1))
        data = self.random.integers(0, 256, count).tolist()
        yield Piece(self.controller.write(self.device, register, data), "normal")
        yield Piece(self.controller.read(self.device, register, count), "normal", data)

    def dump(self) -> Piece:
        """Read all registers."""
        return Piece(self.controller.read(self.device, BASE, REGISTERS), "normal")

    def _timing(self) -> I2cTiming:
        low = int(self.random.integers(FASTEST.low, LONGEST + 1))
        high, *others = self.random.integers(FASTEST.high, LONGEST + 1, 5).tolist()
        return I2cTiming(low, high, int(self.random.integers(0, low)), *others)

    def _change_timing(self) -> None:
        self.controller.timing = self._timing()
        self.controller.jitter = int(self.random.integers(0, 4))

    def _noise(self) -> Iterator[Piece]:
        """Any levels, on a free bus or in the middle of a transfer."""
        self._change_timing()
        if self.random.random() < 0.7:
            faults = Faults(end_after_bit=int(self.random.integers(7, 36)))
            yield Piece(self.controller.read(self.device, BASE, 0, faults), "faulty")
        clocks = int(self.random.integers(50, 600))
        lines = []
        for _ in range(2):
            runs = self.random.geometric(1 / self.random.integers(2, 20), clocks)
            first = int(self.random.integers(0, 2))
            lines.append(np.repeat((np.arange(clocks) + first) % 2, runs)[:clocks])
        scl, sda = (line.astype(np.uint8) for line in lines)
        yield Piece(self.controller.drive(scl, sda), "noise")

    def _address(self) -> int:
        choice = self.random.random()
        if choice < 0.75:
            return self.device
        if choice < 0.9:
            return self.device ^ 1 << int(self.random.integers(0, 7))
        return int(self.random.choice(RESERVED))

    def _register(self) -> int:
        choice = self.random.random()
        if choice < 0.5:
            return BASE + int(self.random.integers(0, REGISTERS))
        if choice < 0.8:
            edge = int(self.random.choice([0, WRITABLE, READABLE]))
            return BASE + edge + int(self.random.integers(-3, 2))
        if choice < 0.9:
            return BASE ^ 1 << int(self.random.integers(0, 16))
        return int(self.random.choice([0, 0xFFFF]))

    def _transfer(self) -> Transfer:
        device, register = self._address(), self._register()
        count = int(self.random.integers(0, 5))
        data = self.random.integers(0, 256, count).tolist()
        kind = str(self.random.choice(["write", "read", "read_on"]))
        bits = {"write": 3 + count, "read": 4 + count, "read_on": 1 + count}[kind] * 9
        faults = self._cut(bits)
        if self.random.random() < 0.3:
            faults = replace(faults, spikes=self._spikes(bits))
        if kind == "write":
            return self.controller.write(device, register, data, faults)
        if kind == "read":
            joined = self.random.random() < 0.7
            return self.controller.read(device, register, count, faults, repeated_start=joined)
        return self.controller.read_on(device, count, faults)

    def _cut(self, bits: int) -> Faults:
        after = int(self.random.integers(0, bits + 1))
        choices = [
            Faults(),
            Faults(no_stop=True),
            Faults(stop_after_bit=after),
            Faults(start_after_bit=after),
            Faults(end_after_bit=max(after, 1)),
        ]
        return choices[int(self.random.integers(0, len(choices)))]

    def _spikes(self, bits: int) -> list[Spike]:
        longest = int(self.random.choice([1, 3, 8]))
        clocks = bits * (self.controller.timing.low + self.controller.timing.high)
        return [
            Spike(
                "scl" if self.random.random() < 0.5 else "sda",
                int(self.random.integers(0, clocks)),
                int(self.random.integers(1, longest + 1)),
            )
            for _ in range(int(self.random.integers(1, 6)))
        ]
