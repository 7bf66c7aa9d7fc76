"""Brings a signal of no clock into the clock domain."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hexcoder.hw.triplication.triplicate import ASYNCHRONOUS


class Synchroniser(wiring.Component):
    """Hand ``i`` on through two flip-flops, the first of which may be metastable for a clock.

    Both are ordinary registers with a reset, to 0, so that what is done to all registers of a
    design (triplication, scan) is done to these.

    Attributes
    ----------
    i : In(1)
        Of any clock or none.
    o : Out(1)
        ``i`` as sampled two edges before.
    """

    def __init__(self):
        super().__init__({"i": In(1), "o": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # Three copies of it may see an edge in different clocks.
        sampled = Signal(attrs={ASYNCHRONOUS: 1})
        m.d.sync += [sampled.eq(self.i), self.o.eq(sampled)]
        return m
