"""The datapath in front of the network: energies to a normalised image and a coded sum."""

from collections.abc import Sequence

from amaranth.hdl import Module, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hexcoder.hw.delay import Delay
from hexcoder.hw.energy_sum import EnergySum
from hexcoder.hw.float_code import EXPONENT_BITS, MANTISSA_BITS, FloatCode
from hexcoder.hw.leading_one import LeadingOne
from hexcoder.hw.normaliser import Normaliser

NO_CELL = -1
"""Stands in the image's order for an element that is always zero."""


class FrontEnd(wiring.Component):
    """Sum, leading one, normalising shifts, and the code of the sum.

    Parameters
    ----------
    energy_bits : int
        Bits of an energy; energy k is ``energies[k*energy_bits +: energy_bits]``.
    cells : int
        Number of energies.
    order : sequence of int
        Energy at each element of the image, or ``NO_CELL``.
    element_bits, fraction_bits : int
        Width of an image element, and the fraction bits of the normalised value in it.
    register_sum : bool
        Register the energies and their sum before they are normalised; combinational otherwise.

    Raises
    ------
    ValueError
        If there is no energy, none of its bits or none of an element's, or if the order names a
        cell that is not there.
    """

    def __init__(
        self,
        energy_bits: int,
        cells: int,
        order: Sequence[int],
        element_bits: int,
        fraction_bits: int,
        register_sum: bool = False,
    ):
        self.energy_bits, self.cells, self.order = energy_bits, cells, tuple(order)
        self.element_bits, self.fraction_bits = element_bits, fraction_bits
        self.latency = int(register_sum)
        if min(energy_bits, cells, element_bits) < 1 or fraction_bits < 0:
            raise ValueError(
                f"a front end needs cells, energies and elements with bits: got {cells} of "
                f"{energy_bits} bits, elements of {element_bits}, {fraction_bits} fraction bits"
            )
        if not all(cell == NO_CELL or 0 <= cell < cells for cell in self.order):
            raise ValueError(f"the image's order names a cell outside of 0 to {cells - 1}")
        super().__init__(
            {
                "energies": In(unsigned(cells * energy_bits)),
                "image": Out(unsigned(len(self.order) * element_bits)),
                "sum_code": Out(unsigned(EXPONENT_BITS + MANTISSA_BITS)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.energy_sum = energy_sum = EnergySum(self.cells, self.energy_bits)
        width = len(energy_sum.total)
        m.submodules.total = total = Delay(width, self.latency, reset=False)
        m.submodules.kept = kept = Delay(len(self.energies), self.latency, reset=False)
        m.submodules.leading_one = leading_one = LeadingOne(width)
        m.submodules.sum_code = sum_code = FloatCode(width, leading_one.steps)
        m.d.comb += [
            energy_sum.energies.eq(self.energies),
            total.i.eq(energy_sum.total),
            kept.i.eq(self.energies),
            leading_one.i.eq(total.o),
            sum_code.total.eq(total.o),
            sum_code.position.eq(leading_one.position),
            self.sum_code.eq(sum_code.code),
        ]
        m.submodules.normaliser = normaliser = Normaliser(
            self.cells, self.energy_bits, leading_one.steps, self.fraction_bits
        )
        m.d.comb += [
            normaliser.energies.eq(kept.o),
            normaliser.position.eq(leading_one.position),
        ]
        for element, cell in enumerate(self.order):
            target = self.image.word_select(element, self.element_bits)
            if cell != NO_CELL:
                m.d.comb += target.eq(normaliser.o.word_select(cell, self.fraction_bits + 1))
        return m
