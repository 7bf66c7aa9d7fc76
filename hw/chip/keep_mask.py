"""Which bits of the latents are sent, moved together."""

# Amaranth types a slice as what may also join pins of a board; here there are none.
# pyright: reportOperatorIssue=false, reportReturnType=false

from amaranth.hdl import Cat, Module, Signal, Value, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class KeepMask(wiring.Component):
    """Move the bits of ``i`` that the mask keeps to the low-order end, in order; zeros follow.

    A bit has to move down by the number of bits below it that are not kept. In steps of 1, 2, 4,
    ... the bits never meet (the compress operation: Warren, Hacker's Delight, 7-4). The distances
    travel with the bits; they depend on the mask alone and are still while events pass.

    Parameters
    ----------
    width : int
        Bits of ``i``, ``mask`` and ``o``.

    Raises
    ------
    ValueError
        If there is no bit.
    """

    def __init__(self, width: int):
        if width < 1:
            raise ValueError(f"a mask has at least one bit: got {width}")
        self.width = width
        super().__init__(
            {
                "i": In(unsigned(width)),
                "mask": In(unsigned(width)),
                "o": Out(unsigned(width)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        steps = (self.width - 1).bit_length()
        below = Signal(steps, name="dropped_below_0")
        distances = []
        for place in range(self.width):
            distances.append(below)
            if place + 1 < self.width:
                following = Signal(steps, name=f"dropped_below_{place + 1}")
                m.d.comb += following.eq(below + ~self.mask[place])
                below = following
        # What travels from a place: its bit, then the steps that it has still to take.
        travellers = [
            Cat(self.i[place], distance) & self.mask[place].replicate(steps + 1)
            for place, distance in enumerate(distances)
        ]
        for step in range(steps):
            amount, arrived = 1 << step, []
            for place in range(self.width):
                bit, moves, rest = _parts(travellers[place])
                here = Cat(bit, rest) & (~moves).replicate(len(rest) + 1)
                if place + amount < self.width:
                    bit, moves, rest = _parts(travellers[place + amount])
                    here = here | (Cat(bit, rest) & moves.replicate(len(rest) + 1))
                traveller = Signal(len(here), name=f"place_{place}_after_{amount}")
                m.d.comb += traveller.eq(here)
                arrived.append(traveller)
            travellers = arrived
        m.d.comb += self.o.eq(Cat(*travellers))
        return m


def _parts(traveller: Value) -> tuple[Value, Value, Value]:
    """A bit, whether it moves in this step, and the steps behind it."""
    return traveller[0], traveller[1], traveller[2:]
