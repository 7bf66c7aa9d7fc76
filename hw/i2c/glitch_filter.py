"""Suppresses pulses that are too short to be a level."""

# Amaranth types m.If and its like as plain generators.
# pyright: reportGeneralTypeIssues=false

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


def spike_clocks(clock_period_ns: float, spike_ns: float) -> int:
    """Most samples that a pulse can touch.

    A pulse of n whole periods that begins with an edge of the clock also ends with one, and may be
    caught by both: n + 1 samples.

    Raises
    ------
    ValueError
        If the period is not positive or the pulse is shorter than nothing.
    """
    if clock_period_ns <= 0 or spike_ns < 0:
        raise ValueError(f"no period and pulse: got {clock_period_ns} ns and {spike_ns} ns")
    return int(spike_ns / clock_period_ns) + 1


class GlitchFilter(wiring.Component):
    """Take on a level once ``spike_clocks + 1`` samples in a row agree on it.

    Both edges are delayed alike, by ``spike_clocks`` clocks. A pulse next to an edge delays that
    edge until the samples agree. After reset the level is 0.

    Parameters
    ----------
    spike_clocks : int
        Pulses of at most so many samples are suppressed; 0 is a wire.

    Attributes
    ----------
    i : In(1)
        Samples; must be of this clock domain.
    o : Out(1)
        The level.

    Raises
    ------
    ValueError
        If ``spike_clocks`` is negative.
    """

    def __init__(self, spike_clocks: int):
        if spike_clocks < 0:
            raise ValueError(f"a pulse has no negative number of samples: got {spike_clocks}")
        self.spike_clocks = spike_clocks
        super().__init__({"i": In(1), "o": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        earlier = Signal(self.spike_clocks)
        level = Signal()
        window = Cat(self.i, earlier)
        m.d.sync += [earlier.eq(window), level.eq(self.o)]
        with m.If(window.all()):
            m.d.comb += self.o.eq(1)
        with m.Elif(~window.any()):
            m.d.comb += self.o.eq(0)
        with m.Else():
            m.d.comb += self.o.eq(level)
        return m
