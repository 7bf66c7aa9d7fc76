"""Normalisation of the energies by the leading one of the sum: a shift, no divider."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class Normaliser(wiring.Component):
    """(energy << fraction_bits) >> position for every energy, truncated.

    Logarithmic shifters that take the large steps first. They rely on energy < 2**(position+1),
    which holds because no energy exceeds the sum: what is left to shift by bounds the value, and
    the upper bits of each step are not built.

    Parameters
    ----------
    elements : int
        Number of energies; element k is ``energies[k*width +: width]``.
    width : int
        Bits of an energy.
    position_bits : int
        Bits of the leading one's position.
    fraction_bits : int
        Fraction bits of a result, which has one integer bit; element k is
        ``o[k*(fraction_bits+1) +: fraction_bits+1]``.

    Raises
    ------
    ValueError
        If a width is not positive.
    """

    def __init__(self, elements: int, width: int, position_bits: int, fraction_bits: int):
        if elements < 1 or width < 1 or position_bits < 1 or fraction_bits < 0:
            raise ValueError(
                "a normaliser needs energies and positions with bits: got "
                f"{elements}, {width}, {position_bits} and {fraction_bits} fraction bits"
            )
        self.elements, self.width = elements, width
        self.position_bits, self.fraction_bits = position_bits, fraction_bits
        super().__init__(
            {
                "energies": In(unsigned(elements * width)),
                "position": In(unsigned(position_bits)),
                "o": Out(unsigned(elements * (fraction_bits + 1))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for element in range(self.elements):
            value = Cat(
                Const(0, self.fraction_bits), self.energies.word_select(element, self.width)
            )
            for bit in reversed(range(self.position_bits)):
                amount = 1 << bit
                # At most 2**bit - 1 is left to shift by after this step.
                kept = min(len(value), amount + self.fraction_bits)
                shifted = Signal(unsigned(kept), name=f"cell_{element}_after_{amount}")
                moved = value[amount:] if amount < len(value) else Const(0, 1)
                m.d.comb += shifted.eq(Mux(self.position[bit], moved, value))
                value = shifted
            m.d.comb += self.o.word_select(element, self.fraction_bits + 1).eq(value)
        return m
