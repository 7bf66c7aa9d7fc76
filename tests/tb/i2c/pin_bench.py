"""Pin-level tests in cocotb, for module ``i2c_bank``: a controller that knows nothing of the clock.

Times are those of UM10204; edges fall anywhere between the target's clocks.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, Timer

from hexcoder.tb.i2c.bank import BASE, WRITABLE, reset_values

CLOCK_NS = 25
DEVICE = 0x2A
SEED = 7


@dataclass(frozen=True, slots=True)
class Times:
    """Least times of a mode, ns; ``setup`` is of START and STOP."""

    low: float
    high: float
    setup: float
    start_hold: float
    data_setup: float
    bus_free: float


STANDARD = Times(4700, 4000, 4700, 4000, 250, 4700)
FAST = Times(1300, 600, 600, 600, 100, 1300)
FAST_PLUS = Times(500, 260, 260, 260, 50, 500)


class Controller:
    """Drives the two lines as open-drain pins.

    Parameters
    ----------
    dut : cocotb handle
    times : Times
    stretch : float
        Each time is longer by a random part of it, at most so many times.
    spikes : bool
        Disturb both lines with pulses of up to 50 ns in each phase of SCL.
    """

    def __init__(self, dut: object, times: Times, *, stretch: float = 0.3, spikes: bool = False):
        self.dut, self.times, self.stretch, self.spikes = dut, times, stretch, spikes
        self.random = random.Random(SEED)
        self._free = True

    async def wait(self, nanoseconds: float) -> None:
        """Wait for a time, or a little longer."""
        longer = nanoseconds * (1 + self.stretch * self.random.random())
        await Timer(round(longer * 1000), "ps")

    async def spike(self, line: object) -> None:
        """Invert a line for at most 50 ns, far enough from its edges."""
        await Timer(self.random.randrange(140_000, 160_000), "ps")
        level = int(line.value)
        line.value = 1 - level
        await Timer(self.random.randrange(1_000, 50_001), "ps")
        line.value = level

    async def bit(self, level: int) -> int:
        """Send a bit, or release SDA and see what the target sends."""
        self.dut.scl.value = 0
        # A hold time of 0 ns in half of the bits, the least set-up time in the others.
        is_late = self.random.random() < 0.5
        if is_late:
            await self.wait(self.times.low - self.times.data_setup)
        self.dut.sda.value = level
        if is_late:
            await Timer(round(self.times.data_setup * 1000), "ps")
        else:
            if self.spikes:
                await self.spike(self.random.choice([self.dut.scl, self.dut.sda]))
            await self.wait(self.times.low)
        self.dut.scl.value = 1
        if self.spikes:
            await self.spike(self.random.choice([self.dut.scl, self.dut.sda]))
        await self.wait(self.times.high)
        return int(self.dut.bus_sda.value)

    async def start(self) -> None:
        """START, or a repeated START."""
        if not self._free:
            await self._low(1)
        self._free = False
        self.dut.scl.value = 1
        await self.wait(self.times.setup)
        self.dut.sda.value = 0
        await self.wait(self.times.start_hold)

    async def stop(self) -> None:
        """STOP, and the time until the bus is free."""
        await self._low(0)
        self.dut.scl.value = 1
        await self.wait(self.times.setup)
        self.dut.sda.value = 1
        await self.wait(self.times.bus_free)
        self._free = True

    async def _low(self, sda: int) -> None:
        self.dut.scl.value = 0
        await self.wait(self.times.low / 2)
        self.dut.sda.value = sda
        await self.wait(self.times.low / 2)

    async def send(self, byte: int) -> bool:
        """Send a byte; whether it was acknowledged."""
        for place in range(7, -1, -1):
            await self.bit(byte >> place & 1)
        return not await self.bit(1)

    async def receive(self, *, acknowledge: bool) -> int:
        """Take a byte and acknowledge it or not."""
        byte = 0
        for _ in range(8):
            byte = byte << 1 | await self.bit(1)
        await self.bit(0 if acknowledge else 1)
        return byte

    async def write(self, register: int, data: list[int], device: int = DEVICE) -> list[bool]:
        """Write bytes; what was acknowledged."""
        await self.start()
        sent = [device << 1, register >> 8, register & 0xFF, *data]
        acknowledged = [await self.send(byte) for byte in sent]
        await self.stop()
        return acknowledged

    async def read(self, register: int, count: int) -> list[int]:
        """Set the register address, and read bytes after a repeated START."""
        await self.start()
        for byte in (DEVICE << 1, register >> 8, register & 0xFF):
            assert await self.send(byte)
        await self.start()
        assert await self.send(DEVICE << 1 | 1)
        data = [await self.receive(acknowledge=place < count - 1) for place in range(count)]
        await self.stop()
        return data


async def _reset(dut: object) -> None:
    dut.scl.value = dut.sda.value = 1
    dut.device_address.value = DEVICE
    dut.rst.value = 1
    Clock(dut.clk, CLOCK_NS, "ns").start()
    for _ in range(3):
        await FallingEdge(dut.clk)
    dut.rst.value = 0
    await Timer(1, "us")


async def _round_trip(dut: object, controller: Controller, transfers: int, most: int) -> None:
    await _reset(dut)
    expected = reset_values()
    for _ in range(transfers):
        count = controller.random.randrange(1, most + 1)
        register = BASE + controller.random.randrange(WRITABLE - count + 1)
        data = list(controller.random.randbytes(count))
        assert all(await controller.write(register, data))
        expected[register : register + count] = data
        assert await controller.read(register, count) == data
    assert await controller.read(BASE, WRITABLE) == expected[BASE : BASE + WRITABLE].tolist()


@cocotb.test()
async def standard_mode(dut: object) -> None:
    """Random transfers at up to 115 kHz."""
    await _round_trip(dut, Controller(dut, STANDARD), 3, 3)


@cocotb.test()
async def fast_mode(dut: object) -> None:
    """Random transfers at up to 526 kHz, which the least times allow."""
    await _round_trip(dut, Controller(dut, FAST), 10, 4)


@cocotb.test()
async def fast_mode_plus(dut: object) -> None:
    """Random transfers at up to 1.3 MHz, which the least times allow."""
    await _round_trip(dut, Controller(dut, FAST_PLUS), 30, 6)


@cocotb.test()
async def spikes_of_50_ns(dut: object) -> None:
    """Pulses of up to 50 ns at any phase of the clock, on both lines."""
    await _round_trip(dut, Controller(dut, FAST, spikes=True), 20, 4)


@cocotb.test()
async def other_targets(dut: object) -> None:
    """A transfer to another address is not answered and changes nothing."""
    await _reset(dut)
    controller = Controller(dut, FAST_PLUS)
    for bit in range(7):
        assert not any(await controller.write(BASE, [0x12], device=DEVICE ^ 1 << bit))
    assert await controller.read(BASE, 1) == [reset_values()[BASE]]


@cocotb.test()
async def stop_in_mid_byte(dut: object) -> None:
    """A byte cut by a STOP is not written, and the next transfer works."""
    await _reset(dut)
    controller = Controller(dut, FAST_PLUS)
    for bits in range(8):
        await controller.start()
        for byte in (DEVICE << 1, BASE >> 8, BASE & 0xFF):
            assert await controller.send(byte)
        for _ in range(bits):
            await controller.bit(0)
        await controller.stop()
        assert await controller.read(BASE, 1) == [reset_values()[BASE]]


@cocotb.test()
async def reset_in_mid_transfer(dut: object) -> None:
    """Reset lets go of SDA at once; the rest of the transfer is not answered."""
    await _reset(dut)
    controller = Controller(dut, FAST_PLUS)
    await controller.start()
    for place in range(7, -1, -1):
        await controller.bit((DEVICE << 1) >> place & 1)
    dut.scl.value = 0
    dut.sda.value = 1
    await Timer(300, "ns")
    assert int(dut.sda_low.value) == 1
    await FallingEdge(dut.clk)
    dut.rst.value = 1
    await FallingEdge(dut.clk)
    dut.rst.value = 0
    assert int(dut.sda_low.value) == 0
    for byte in (BASE >> 8, BASE & 0xFF, 0x34):
        assert not await controller.send(byte)
    await controller.stop()
    assert await controller.read(BASE, 1) == [reset_values()[BASE]]
