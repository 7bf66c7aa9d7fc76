"""From the levels of an I2C bus to what they mean: START, STOP, and edges of SCL."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hexcoder.hw.i2c.glitch_filter import GlitchFilter
from hexcoder.hw.i2c.synchroniser import Synchroniser


class I2cConditions(wiring.Component):
    """Sample SCL and SDA, filter them and report what happens, at most one thing a clock.

    The two lines are synchronised apart, so edges that come together may be seen one clock apart.
    A change of SDA is therefore a START or STOP only if SCL is seen high in the clock before it, in
    its clock and in the clock after it: data that changes with the fall of SCL (a hold time of
    0 ns, UM10204) is neither.

    All samples are 0 after reset. A bus that is high then looks as if both lines rose together, a
    bus in mid transfer as a rise of one line: never as a START.

    Parameters
    ----------
    spike_clocks : int
        Pulses of at most so many samples are ignored.

    Attributes
    ----------
    scl, sda : In(1)
        Levels of the bus, of no clock.
    start, stop : Out(1)
        For one clock: SDA fell, or rose, while SCL was high.
    rise, fall : Out(1)
        For one clock: SCL rose, or fell.
    bit : Out(1)
        With ``rise``: the bit.

    Raises
    ------
    ValueError
        If ``spike_clocks`` is negative.
    """

    def __init__(self, spike_clocks: int):
        self.filters = {name: GlitchFilter(spike_clocks) for name in ("scl", "sda")}
        super().__init__(
            {
                "scl": In(1),
                "sda": In(1),
                "start": Out(1),
                "stop": Out(1),
                "rise": Out(1),
                "fall": Out(1),
                "bit": Out(1),
            }
        )

    def _level(self, m: Module, name: str, line: Signal) -> Signal:
        m.submodules[f"{name}_synchroniser"] = synchroniser = Synchroniser()
        m.submodules[f"{name}_filter"] = glitch_filter = self.filters[name]
        m.d.comb += [synchroniser.i.eq(line), glitch_filter.i.eq(synchroniser.o)]
        return glitch_filter.o

    def elaborate(self, platform: object) -> Module:
        m = Module()
        scl = self._level(m, "scl", self.scl)
        sda = self._level(m, "sda", self.sda)
        scl_before = Signal(name="scl_before")
        scl_twice_before = Signal(name="scl_twice_before")
        sda_before = Signal(name="sda_before")
        sda_twice_before = Signal(name="sda_twice_before")
        m.d.sync += [
            scl_before.eq(scl),
            scl_twice_before.eq(scl_before),
            sda_before.eq(sda),
            sda_twice_before.eq(sda_before),
        ]
        high = scl & scl_before & scl_twice_before
        m.d.comb += [
            self.start.eq(high & sda_twice_before & ~sda_before),
            self.stop.eq(high & ~sda_twice_before & sda_before),
            self.rise.eq(scl & ~scl_before),
            self.fall.eq(~scl & scl_before),
            self.bit.eq(sda),
        ]
        return m
