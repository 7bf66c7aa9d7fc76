"""The full adder that sums are made of."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class FullAdder(wiring.Component):
    """Add three bits: ``a + b + c`` is ``sum`` and twice ``carry``.

    Combinational; a module of its own, so that synthesis can map it to the library's cell.
    """

    def __init__(self):
        super().__init__({"a": In(1), "b": In(1), "c": In(1), "sum": Out(1), "carry": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        half = self.a ^ self.b
        m.d.comb += self.sum.eq(half ^ self.c)
        m.d.comb += self.carry.eq((self.a & self.b) | (half & self.c))
        return m
