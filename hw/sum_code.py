"""The 9-bit code of the sum of charge: 5-bit exponent, 4-bit mantissa."""

from amaranth.hdl import Cat, Const, Module, Mux, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

EXPONENT_BITS = 5
MANTISSA_BITS = 4


class SumCode(wiring.Component):
    """Code a sum as 5E4M, truncated, as the ECON-T chip sends it.

    Up to 15 the value itself. Above, the exponent is the bit length minus 4, and the mantissa the
    four bits below the leading one.

    Parameters
    ----------
    width : int
        Bits of the sum, 5 to 35.
    position_bits : int
        Bits of the position of its leading one.

    Raises
    ------
    ValueError
        If the exponent could not hold the sum's bit length.
    """

    def __init__(self, width: int, position_bits: int):
        largest = (1 << EXPONENT_BITS) - 1 + MANTISSA_BITS
        if not MANTISSA_BITS < width <= largest:
            raise ValueError(f"5E4M codes sums of 5 to {largest} bits: got {width}")
        self.width, self.position_bits = width, position_bits
        super().__init__(
            {
                "total": In(unsigned(width)),
                "position": In(unsigned(position_bits)),
                "code": Out(unsigned(EXPONENT_BITS + MANTISSA_BITS)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # Move the leading one to the top; the four bits below it are the mantissa.
        left = Const(self.width - 1, self.position_bits) - self.position
        top = (self.total << left[: self.position_bits])[: self.width]
        mantissa = top[-1 - MANTISSA_BITS : -1]
        exponent = (self.position - (MANTISSA_BITS - 1))[:EXPONENT_BITS]
        is_small = ~self.total[MANTISSA_BITS:].any()
        m.d.comb += self.code.eq(Mux(is_small, self.total[:MANTISSA_BITS], Cat(mantissa, exponent)))
        return m
