"""The driver's transport into a simulation: transfers as a controller would drive them."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from hexcoder.errors import CheckFailed
from hexcoder.hw.chip.register_map import Field
from hexcoder.tb.chip.driver import ChipDriver, NotAcknowledged
from hexcoder.tb.chip.pins import DEVICE_ADDRESS, INPUT_LINKS, Clocks, Pins, idle
from hexcoder.tb.i2c.bus import Answer, I2cController, Transfer, decode
from hexcoder.tb.i2c.timing import I2cTiming

Events = Callable[[int], tuple[np.ndarray, np.ndarray]]
"""Valid bits and input words of the next clocks, given their number."""

READ_AT_ONCE = 128


class SimulatedBus:
    """Carries transfers to a simulated chip, clock by clock, while events stream in.

    ``run`` drives the pins and returns what they answer. ``events`` gives what comes in meanwhile;
    without it nothing does, on ``words`` words. ``seen`` gets what went in and what came out, after
    every transfer.
    """

    def __init__(
        self,
        run: Callable[[Clocks], Clocks],
        timing: I2cTiming,
        events: Events | None = None,
        seen: Callable[[Clocks, Clocks], None] = lambda given, answer: None,
        words: int = INPUT_LINKS,
    ):
        self._run, self._events, self._seen, self._words = run, events, seen, words
        self._controller = I2cController(timing)

    def _carry(self, transfer: Transfer) -> Answer:
        given = idle(len(transfer.scl), self._words)
        given = replace(given, scl=transfer.scl, sda=transfer.sda)
        if self._events is not None:
            valid, words = self._events(len(transfer.scl))
            given = replace(given, valid=valid, words=words)
        answer = self._run(given)
        self._seen(given, answer)
        return decode(transfer, transfer.sda & answer.sda)

    def write(self, register: int, data: bytes) -> None:
        """Write bytes from a register on."""
        transfer = self._controller.write(DEVICE_ADDRESS, register, list(data))
        acknowledged = self._carry(transfer).acknowledged
        if not all(acknowledged):
            # The device's address and two bytes of the register's come first.
            place = acknowledged.index(False) - 3
            what = f"register {register + place:#06x}" if place >= 0 else "the address"
            raise NotAcknowledged(f"I2C write: {what} was not acknowledged")

    def read(self, register: int, count: int) -> bytes:
        """Read bytes from a register on."""
        found = b""
        while len(found) < count:
            part = min(READ_AT_ONCE, count - len(found))
            transfer = self._controller.read(DEVICE_ADDRESS, register + len(found), part)
            answer = self._carry(transfer)
            if not all(answer.acknowledged) or len(answer.data) != part:
                raise CheckFailed(f"I2C read: register {register:#06x} was not acknowledged")
            found += bytes(answer.data)
        return found


def fastest_driver(
    run: Callable[[Clocks], Clocks], pins: Pins, fields: Mapping[str, Field]
) -> ChipDriver:
    """The driver of a simulated design, at the fastest that its target can follow."""
    return ChipDriver(SimulatedBus(run, pins.bus_timing, words=pins.inputs), fields)
