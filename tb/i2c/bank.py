"""A small bank of registers behind an I2C target, to test the target with."""

# Amaranth types m.If and its like as plain generators.
# pyright: reportGeneralTypeIssues=false

import numpy as np
from amaranth.hdl import Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hexcoder.hw.delay import Delay
from hexcoder.hw.i2c.target import I2cTarget

BASE = 0x07C0
WRITABLE = 32
"""Registers from ``BASE`` on that are written and read."""
READABLE = 48
"""Registers from ``BASE`` on that are read; those behind ``WRITABLE`` are constants."""
ANSWER_CLOCKS = 4
"""The latest that a bank may answer."""


def reset_values() -> np.ndarray:
    """uint8 (65536,): value of each register after reset."""
    values = np.zeros(1 << 16, dtype=np.uint8)
    values[BASE : BASE + READABLE] = np.arange(READABLE) * 73 + 5 & 0xFF
    return values


class I2cBank(wiring.Component):
    """A target and registers that answer as late as is allowed.

    ``scl`` and ``sda`` are what the controller drives, ``bus_sda`` is SDA as all see it; the other
    ports are the target's (``register`` alone is a word of C++).
    """

    def __init__(self, target: I2cTarget):
        self.target = target
        super().__init__(
            {
                "scl": In(1),
                "sda": In(1),
                "bus_sda": Out(1),
                "device_address": In(7),
                "sda_low": Out(1),
                "write": Out(1),
                "write_data": Out(8),
                "read": Out(1),
                "register_address": Out(16),
                "active": Out(1),
                "reading": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.target = target = self.target
        m.d.comb += [
            self.bus_sda.eq(self.sda & ~target.sda_low),
            target.scl.eq(self.scl),
            target.sda.eq(self.bus_sda),
            target.device_address.eq(self.device_address),
            self.sda_low.eq(target.sda_low),
            self.write.eq(target.write),
            self.write_data.eq(target.write_data),
            self.read.eq(target.read),
            self.register_address.eq(target.register),
            self.active.eq(target.active),
            self.reading.eq(target.reading),
        ]
        value, is_readable, is_writable = Signal(8), Signal(), Signal()
        with m.Switch(target.register):
            for place, initial in enumerate(reset_values()[BASE : BASE + READABLE].tolist()):
                with m.Case(BASE + place):
                    m.d.comb += is_readable.eq(1)
                    if place < WRITABLE:
                        stored = Signal(8, init=initial, name=f"register_{BASE + place:04x}")
                        m.d.comb += [is_writable.eq(1), value.eq(stored)]
                        with m.If(target.write):
                            m.d.sync += stored.eq(target.write_data)
                    else:
                        m.d.comb += value.eq(Const(initial, 8))
        m.submodules.value = value_delay = Delay(8, ANSWER_CLOCKS, reset=False)
        m.submodules.mapped = mapped_delay = Delay(1, ANSWER_CLOCKS, reset=False)
        m.d.comb += [
            value_delay.i.eq(value),
            target.read_data.eq(value_delay.o),
            mapped_delay.i.eq(Mux(target.reading, is_readable, is_writable)),
            target.mapped.eq(mapped_delay.o),
        ]
        return m
