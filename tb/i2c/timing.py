"""Times of an I2C bus, in clocks of what samples it."""

import math
from dataclasses import astuple, dataclass

from hexcoder.hw.i2c.glitch_filter import spike_clocks
from hexcoder.hw.i2c.target import SPIKE_NS

PERIOD_NS = 25.0
"""Of the clock that the modes below count in."""


@dataclass(frozen=True, slots=True)
class I2cTiming:
    """Times on the bus, in clocks of the sampling clock; names and symbols of UM10204.

    ``low`` and ``high`` are SCL's (t_LOW, t_HIGH); ``data_hold`` is from SCL's fall to SDA's change
    (t_HD;DAT): SDA is set up ``low - data_hold`` before SCL's rise (t_SU;DAT). Then come t_SU;STA,
    t_HD;STA and t_SU;STO, and ``bus_free`` from STOP to START (t_BUF).

    ValueError if SDA would not change while SCL is low, or a time is not positive.
    """

    low: int
    high: int
    data_hold: int
    start_setup: int
    start_hold: int
    stop_setup: int
    bus_free: int

    def __post_init__(self) -> None:
        if not 0 <= self.data_hold < self.low:
            raise ValueError(f"data_hold = {self.data_hold}: it must be 0 to {self.low - 1}")
        for name in ("low", "high", "start_setup", "start_hold", "stop_setup", "bus_free"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} = {getattr(self, name)}: it must be 1 or more")


# In clocks of PERIOD_NS, with the least times of UM10204 that the frequency leaves.
STANDARD_MODE = I2cTiming(240, 160, 0, 188, 160, 160, 188)
"""100 kHz."""
FAST_MODE = I2cTiming(76, 24, 0, 24, 24, 24, 52)
"""400 kHz."""
FAST_MODE_PLUS = I2cTiming(29, 11, 0, 11, 11, 11, 20)
"""1 MHz."""
FASTEST = I2cTiming(6, 4, 0, 4, 4, 4, 4)
"""4 MHz, where samples have no phase error: for long transfers in simulation."""


def fastest(period_ns: float) -> I2cTiming:
    """Like :data:`FASTEST`, for a target with another clock, whose filter takes other clocks."""
    spike = spike_clocks(period_ns, SPIKE_NS)
    high = max(FASTEST.high, spike + 1)
    return I2cTiming(max(FASTEST.low, spike + 3), high, 0, high, high, high, high)


def in_clocks(timing: I2cTiming, period_ns: float) -> I2cTiming:
    """Times given in clocks of :data:`PERIOD_NS`, at least as long in clocks of another period."""
    scaled = (math.ceil(clocks * PERIOD_NS / period_ns) for clocks in astuple(timing))
    least = astuple(fastest(period_ns))
    return I2cTiming(*(max(pair) for pair in zip(scaled, least, strict=True)))
