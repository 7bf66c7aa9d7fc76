"""The bunch-crossing counter of the frames."""

# Amaranth types m.If and its like as plain generators.
# pyright: reportGeneralTypeIssues=false

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

COUNTER_BITS, AT_BC0 = 5, 31


class BunchCounter(wiring.Component):
    """31 at bunch crossing 0, then 1, 2, ... 15, 0, ... to the next.

    ``counter`` belongs to the word of the clock before; ``valid`` makes it count. It counts from
    the chip's inputs on, for a voter in front of all of its copies could leave it wrong until the
    next bunch crossing 0.
    """

    def __init__(self):
        super().__init__({"valid": In(1), "is_bc0": In(1), "counter": Out(unsigned(COUNTER_BITS))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        count = Signal(COUNTER_BITS - 1)
        at_bc0 = Signal()
        with m.If(self.valid):
            m.d.sync += [count.eq(Mux(self.is_bc0, 0, count + 1)), at_bc0.eq(self.is_bc0)]
        m.d.comb += self.counter.eq(Mux(at_bc0, AT_BC0, count))
        return m
