"""Quantisation of all cells with one step, the rounding error carried from cell to cell."""

# Amaranth types a slice as what may also join pins of a board; here there are none.
# pyright: reportReturnType=false, reportArgumentType=false, reportOperatorIssue=false

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class StepChain(wiring.Component):
    """values = (scaled + carried + half a step) >> shift, along paths (docs/codec.md).

    Half of a cell's rounding error goes on to the next cell of its path; of it only
    ``residue_bits`` bits below the step's unit are kept, so that the carry is short. With ``u`` the
    bits below the unit, (u - half) >> 1 and half for the next rounding are (u + half) >> 1: wires.

    Parameters
    ----------
    paths : sequence of sequence of int
        Cells in their order.
    scaled_bits : int
        Bits of a scaled charge; cell k is ``scaled[k*scaled_bits +: scaled_bits]``.
    shift : int
        Power of two of the step.
    residue_bits : int
    value_bits : int
        Bits of the largest value; cell k is ``values[k*value_bits +: value_bits]``.
    follows, leads : bool
        Whether the paths begin behind those of another chain, whose ``residues`` are ``carried``
        here, and whether they go on in another: path k is ``[k*residue_bits +: residue_bits]``.

    Raises
    ------
    ValueError
        If no bit of the residue is carried.
    """

    def __init__(
        self,
        paths: Sequence[Sequence[int]],
        scaled_bits: int,
        shift: int,
        residue_bits: int,
        value_bits: int,
        follows: bool = False,
        leads: bool = False,
    ):
        if residue_bits < 2:
            raise ValueError(f"a residue needs at least 2 bits: got {residue_bits}")
        self.paths, self.scaled_bits = [tuple(path) for path in paths], scaled_bits
        self.shift, self.residue_bits, self.value_bits = shift, residue_bits, value_bits
        self.follows, self.leads = follows, leads
        cells = sum(len(path) for path in self.paths)
        residues = unsigned(len(self.paths) * residue_bits)
        super().__init__(
            {
                "scaled": In(unsigned(cells * scaled_bits)),
                "values": Out(unsigned(cells * value_bits)),
            }
            | ({"carried": In(residues)} if follows else {})
            | ({"residues": Out(residues)} if leads else {})
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bits, below = self.residue_bits, self.shift - self.residue_bits
        for number, path in enumerate(self.paths):
            carried = Const(1 << (bits - 1), bits)
            if self.follows:
                carried = self.carried.word_select(number, bits)
            for cell in path:
                scaled = self.scaled.word_select(cell, self.scaled_bits)
                aligned = scaled[below:] if below >= 0 else Cat(Const(0, -below), scaled)
                low = Signal(unsigned(bits + 1), name=f"low_{cell}")
                m.d.comb += low.eq(aligned[:bits] + carried)
                value = self.values.word_select(cell, self.value_bits)
                m.d.comb += value.eq(aligned[bits:] + low[bits])
                rest = low[:bits]
                carried = Cat(rest[1 : bits - 1], ~rest[bits - 1], rest[bits - 1])
            if self.leads:
                m.d.comb += self.residues.word_select(number, bits).eq(carried)
        return m


class Multiples(wiring.Component):
    """Charges times a factor of 4 to 7: an addition at most.

    Parameters
    ----------
    cells : int
    charge_bits : int
        Bits of a charge; cell k is ``charges[k*charge_bits +: charge_bits]``.
    factor : int
        A product has three bits more than a charge.
    """

    def __init__(self, cells: int, charge_bits: int, factor: int):
        if not 4 <= factor <= 7:
            raise ValueError(f"a factor is 4 to 7: got {factor}")
        if min(cells, charge_bits) < 1:
            raise ValueError(f"products need cells with bits: got {cells} of {charge_bits} bits")
        self.cells, self.charge_bits, self.factor = cells, charge_bits, factor
        super().__init__(
            {
                "charges": In(unsigned(cells * charge_bits)),
                "scaled": Out(unsigned(cells * (charge_bits + 3))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for cell in range(self.cells):
            charge = self.charges.word_select(cell, self.charge_bits)
            scaled = self.scaled.word_select(cell, self.charge_bits + 3)
            product = {
                4: lambda x: x << 2,
                5: lambda x: (x << 2) + x,
                6: lambda x: ((x << 1) + x) << 1,
                7: lambda x: (x << 3) - x,
            }[self.factor](charge)
            m.d.comb += scaled.eq(product)
        return m
