"""A small floating-point code of an unsigned integer, such as 5E4M of the sum of charge."""

from amaranth.hdl import Cat, Const, Module, Mux, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

EXPONENT_BITS = 5
MANTISSA_BITS = 4


class FloatCode(wiring.Component):
    """Code a value as exponent and mantissa, truncated, as the ECON-T chip sends them.

    What fits the mantissa is the value itself. Above, the exponent is the bit length minus the
    mantissa's bits, and the mantissa the bits below the leading one. What is too large is the
    largest code.

    Parameters
    ----------
    width : int
        Bits of the value, more than the mantissa has.
    position_bits : int
        Bits of the position of its leading one.
    exponent_bits, mantissa_bits : int
        By default those of the code of the sum.

    Raises
    ------
    ValueError
        If there is no bit for an exponent to tell of.
    """

    def __init__(
        self,
        width: int,
        position_bits: int,
        exponent_bits: int = EXPONENT_BITS,
        mantissa_bits: int = MANTISSA_BITS,
    ):
        if exponent_bits < 1 or not 1 <= mantissa_bits < width:
            raise ValueError(
                f"a code needs exponent bits, and a value wider than its mantissa: got {width} "
                f"bits for {exponent_bits}E{mantissa_bits}M"
            )
        self.width, self.position_bits = width, position_bits
        self.exponent_bits, self.mantissa_bits = exponent_bits, mantissa_bits
        super().__init__(
            {
                "total": In(unsigned(width)),
                "position": In(unsigned(position_bits)),
                "code": Out(unsigned(exponent_bits + mantissa_bits)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        below, size = self.mantissa_bits, self.exponent_bits
        # Move the leading one to the top; the bits below it are the mantissa.
        left = Const(self.width - 1, self.position_bits) - self.position
        top = (self.total << left[: self.position_bits])[: self.width]
        mantissa = top[-1 - below : -1]
        exponent = (self.position - (below - 1))[:size]
        is_small = ~self.total[below:].any()
        code = Mux(is_small, self.total[:below], Cat(mantissa, exponent))
        # The longest value that has a code.
        longest = (1 << size) - 1 + below
        if self.width > longest:
            is_large = self.total[longest:].any()
            code = code | is_large.replicate(size + below)
        m.d.comb += self.code.eq(code)
        return m
