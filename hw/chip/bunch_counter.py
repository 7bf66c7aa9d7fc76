"""The bunch-crossing counter of the frames."""

# Amaranth types m.If and its like as plain generators.
# pyright: reportGeneralTypeIssues=false

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

COUNTER_BITS, AT_BC0 = 5, 31


class BunchCounter(wiring.Component):
    """31 at bunch crossing 0, then 1, 2, ... 15, 0, ... to the next.

    ``counter`` belongs to the word that is there now; ``valid`` makes it count.
    """

    def __init__(self):
        super().__init__({"valid": In(1), "is_bc0": In(1), "counter": Out(unsigned(COUNTER_BITS))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        last = Signal(COUNTER_BITS - 1)
        following = Signal(COUNTER_BITS - 1)
        m.d.comb += following.eq(Mux(self.is_bc0, 0, last + 1))
        m.d.comb += self.counter.eq(Mux(self.is_bc0, AT_BC0, following))
        with m.If(self.valid):
            m.d.sync += last.eq(following)
        return m
