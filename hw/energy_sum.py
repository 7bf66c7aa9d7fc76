"""Sum of the trigger-cell energies."""

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class EnergySum(wiring.Component):
    """Add unsigned energies in a balanced tree, exact.

    Parameters
    ----------
    elements : int
        Number of energies; element k is ``energies[k*width +: width]``.
    width : int
        Bits of an energy.

    Raises
    ------
    ValueError
        If there is nothing to add.
    """

    def __init__(self, elements: int, width: int):
        if elements < 1 or width < 1:
            raise ValueError(f"a sum needs elements with bits: got {elements} of {width} bits")
        self.elements, self.width = elements, width
        largest = elements * ((1 << width) - 1)
        super().__init__(
            {
                "energies": In(unsigned(elements * width)),
                "total": Out(unsigned(largest.bit_length())),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        terms = [
            (self.energies.word_select(k, self.width), (1 << self.width) - 1)
            for k in range(self.elements)
        ]
        level = 0
        while len(terms) > 1:
            pairs = list(zip(terms[::2], terms[1::2], strict=False))
            odd = terms[len(pairs) * 2 :]
            terms = []
            for place, ((left, left_high), (right, right_high)) in enumerate(pairs):
                high = left_high + right_high
                partial = Signal(unsigned(high.bit_length()), name=f"sum_{level}_{place}")
                m.d.comb += partial.eq(left + right)
                terms.append((partial, high))
            terms += odd
            level += 1
        m.d.comb += self.total.eq(terms[0][0])
        return m
