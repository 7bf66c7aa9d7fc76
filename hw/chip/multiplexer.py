"""Which input cell feeds each position."""

from amaranth.hdl import Cat, Module, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class Multiplexer(wiring.Component):
    """Choose any of the inputs for each output.

    An AND with the decoded choice and an OR over all inputs: the choice comes from registers that
    hardly ever change, and a tree of two-way multiplexers is a third larger.

    Parameters
    ----------
    cells, width : int
        Number of inputs, and of outputs, and the bits of each.
    select_bits : int
        Bits of a choice; output k takes input ``selects[k*select_bits +: select_bits]``, and is
        zero where there is no such input.

    Raises
    ------
    ValueError
        If there is nothing to choose from, or a choice has too few bits for the inputs.
    """

    def __init__(self, cells: int, width: int, select_bits: int):
        if cells < 1 or width < 1:
            raise ValueError(f"a choice needs inputs with bits: got {cells} of {width} bits")
        if cells > 1 << select_bits:
            raise ValueError(f"{select_bits} bits do not choose among {cells} inputs")
        self.cells, self.width, self.select_bits = cells, width, select_bits
        super().__init__(
            {
                "i": In(unsigned(cells * width)),
                "selects": In(unsigned(cells * select_bits)),
                "o": Out(unsigned(cells * width)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for position in range(self.cells):
            select = self.selects.word_select(position, self.select_bits)
            chosen = Signal(self.cells, name=f"chosen_{position}")
            m.d.comb += chosen.eq(Cat(select == cell for cell in range(self.cells)))
            for bit in range(self.width):
                inputs = Cat(self.i[cell * self.width + bit] for cell in range(self.cells))
                m.d.comb += self.o[position * self.width + bit].eq((inputs & chosen).any())
        return m
