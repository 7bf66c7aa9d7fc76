"""Position of the leading one."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class LeadingOne(wiring.Component):
    """floor(log2(i)), and 0 for i = 0.

    Halves the value until one bit is left, as in a binary search: log2(width) steps, each a
    test for zero and a multiplexer.

    Parameters
    ----------
    width : int
        Bits of ``i``, at least 2.

    Raises
    ------
    ValueError
        If there is nothing to search.
    """

    def __init__(self, width: int):
        if width < 2:
            raise ValueError(f"a leading one needs at least 2 bits: got {width}")
        self.width = width
        self.steps = (width - 1).bit_length()
        super().__init__({"i": In(unsigned(width)), "position": Out(unsigned(self.steps))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        value = Cat(self.i, Const(0, (1 << self.steps) - self.width))
        bits = []
        for step in reversed(range(self.steps)):
            half = 1 << step
            upper, lower = value[half : 2 * half], value[:half]
            is_upper = Signal(name=f"upper_{half}")
            rest = Signal(unsigned(half), name=f"rest_{half}")
            m.d.comb += is_upper.eq(upper.any())
            m.d.comb += rest.eq(Mux(is_upper, upper, lower))
            bits.append(is_upper)
            value = rest
        m.d.comb += self.position.eq(Cat(*reversed(bits)))
        return m
