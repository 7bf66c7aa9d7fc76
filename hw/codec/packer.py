"""Fields of variable length, one behind the other."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


@dataclass(frozen=True)
class Field:
    """Bits in the order in which they are sent, zero from ``length`` on.

    Parameters
    ----------
    bits : Value
    length : Value
    longest : int
        Most bits that can occur.
    """

    bits: Value
    length: Value
    longest: int


def appended(m: Module, first: Field, second: Field, name: str, room: int | None = None) -> Field:
    """Two fields one behind the other; bits beyond ``room`` are dropped."""
    longest = first.longest + second.longest
    width = longest if room is None else min(longest, room)
    shifted = second.bits[:width]
    for bit in range(len(first.length)):
        amount = 1 << bit
        kept = min(width, len(shifted) + amount)
        stage = Signal(unsigned(kept), name=f"{name}_by_{amount}")
        moved = Cat(Const(0, amount), shifted)[:kept]
        m.d.comb += stage.eq(Mux(first.length[bit], moved, shifted))
        shifted = stage
    bits = Signal(unsigned(width), name=name)
    length = Signal(unsigned(longest.bit_length()), name=f"{name}_length")
    m.d.comb += [bits.eq(first.bits | shifted), length.eq(first.length + second.length)]
    return Field(bits, length, longest)


class Packer(wiring.Component):
    """Join fields in a binary tree of shifters.

    Parameters
    ----------
    fields : int
    longest : int
        Most bits of a field; field k is ``codes[k*longest +: longest]``, its length lies in
        ``lengths`` likewise.
    room : int
        Bits of the payload; what runs over is dropped.
    """

    def __init__(self, fields: int, longest: int, room: int):
        self.fields, self.longest, self.room = fields, longest, room
        self.length_bits = longest.bit_length()
        super().__init__(
            {
                "codes": In(unsigned(fields * longest)),
                "lengths": In(unsigned(fields * self.length_bits)),
                "payload": Out(unsigned(room)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        level = [
            Field(
                self.codes.word_select(field, self.longest),
                self.lengths.word_select(field, self.length_bits),
                self.longest,
            )
            for field in range(self.fields)
        ]
        height = 0
        while len(level) > 1:
            joined = [
                appended(m, *pair, f"joined_{height}_{place}", self.room)
                for place, pair in enumerate(zip(level[::2], level[1::2], strict=False))
            ]
            level = joined + level[len(joined) * 2 :]
            height += 1
        m.d.comb += self.payload.eq(level[0].bits)
        return m
