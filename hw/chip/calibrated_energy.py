"""From a trigger cell's 7-bit float to its calibrated energy."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

EXPONENT_BITS, MANTISSA_BITS = 4, 3
CODE_BITS = EXPONENT_BITS + MANTISSA_BITS
FACTOR_BITS = 12
FACTOR_FRACTION_BITS = 11
ENERGY_BITS = 22


class CalibratedEnergy(wiring.Component):
    """floor(value of a code * factor / 2048).

    A code is a mantissa behind a leading one, moved by an exponent; its value lies half a unit of
    the lowest place above: an odd number of five bits, moved. So the factor is multiplied by those
    five bits, and the product is moved, in place of multiplying 21 bits by 12.

    ``high_density`` moves by two more: the sender cut three low bits in place of one.
    """

    def __init__(self):
        super().__init__(
            {
                "code": In(unsigned(CODE_BITS)),
                "factor": In(unsigned(FACTOR_BITS)),
                "high_density": In(1),
                "energy": Out(unsigned(ENERGY_BITS)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        mantissa, exponent = self.code[:MANTISSA_BITS], self.code[MANTISSA_BITS:]
        is_normal = Signal()
        odd = Signal(MANTISSA_BITS + 2)
        product = Signal(FACTOR_BITS + MANTISSA_BITS + 2)
        move = Signal(EXPONENT_BITS)
        m.d.comb += [
            is_normal.eq(exponent.any()),
            odd.eq(Cat(Const(1, 1), mantissa, is_normal)),
            product.eq(
                sum(
                    (Mux(odd[place], self.factor, 0) << place for place in range(1, len(odd))),
                    start=self.factor,
                )
            ),
            move.eq(Mux(is_normal, exponent - 1, 0)),
        ]
        value = product
        for place in range(EXPONENT_BITS):
            amount = 1 << place
            moved = Signal(len(value) + amount, name=f"moved_{amount}")
            m.d.comb += moved.eq(Mux(move[place], value << amount, value))
            value = moved
        fine = Mux(self.high_density, value << 2, value)
        m.d.comb += self.energy.eq(fine[FACTOR_FRACTION_BITS:])
        return m
