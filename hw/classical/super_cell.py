"""A super trigger cell: the sum of four, and which of them is the largest."""

# Amaranth types a slice as what may also join pins of a board; here there are none.
# pyright: reportReturnType=false, reportArgumentType=false, reportOperatorIssue=false

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hexcoder.hw.counts import added
from hexcoder.hw.float_code import EXPONENT_BITS, MANTISSA_BITS, FloatCode
from hexcoder.hw.leading_one import LeadingOne

MEMBERS = 4


class SuperCell(wiring.Component):
    """Code of the sum of four energies, and the place of the largest, of equal ones the first.

    Parameters
    ----------
    width : int
        Bits of an energy; energy k is ``energies[k*width +: width]``.
    """

    def __init__(self, width: int):
        if width < MANTISSA_BITS:
            raise ValueError(f"a super cell needs energies of 4 bits or more: got {width}")
        self.width = width
        super().__init__(
            {
                "energies": In(unsigned(MEMBERS * width)),
                "code": Out(unsigned(EXPONENT_BITS + MANTISSA_BITS)),
                "place": Out(unsigned(2)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        energies = [self.energies.word_select(k, self.width) for k in range(MEMBERS)]
        total = added(m, energies, "total")
        m.submodules.leading_one = leading_one = LeadingOne(len(total))
        m.submodules.float_code = code = FloatCode(len(total), leading_one.steps)
        m.d.comb += [
            leading_one.i.eq(total),
            code.total.eq(total),
            code.position.eq(leading_one.position),
            self.code.eq(code.code),
        ]
        second, fourth, upper = Signal(), Signal(), Signal()
        low, high = Signal(unsigned(self.width)), Signal(unsigned(self.width))
        m.d.comb += [
            second.eq(energies[1] > energies[0]),
            fourth.eq(energies[3] > energies[2]),
            low.eq(Mux(second, energies[1], energies[0])),
            high.eq(Mux(fourth, energies[3], energies[2])),
            upper.eq(high > low),
            self.place.eq(Cat(Mux(upper, fourth, second), upper)),
        ]
        return m
