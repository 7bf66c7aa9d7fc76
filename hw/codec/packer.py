"""Fields of variable length, one behind the other."""

# Amaranth types a slice as what may also join pins of a board; here there are none.
# pyright: reportReturnType=false, reportArgumentType=false, reportOperatorIssue=false

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


def _joined(m: Module, first: Value, second: Value, amount: Value, width: int, name: str) -> Signal:
    """Bits of ``second`` behind the ``amount`` that ``first`` has; ``width`` bits of both."""
    shifted = second[:width]
    for bit in range(len(amount)):
        step = 1 << bit
        kept = min(width, len(shifted) + step)
        stage = Signal(unsigned(kept), name=f"{name}_by_{step}")
        moved = Cat(Const(0, step), shifted)[:kept]
        m.d.comb += stage.eq(Mux(amount[bit], moved, shifted))
        shifted = stage
    bits = Signal(unsigned(width), name=name)
    m.d.comb += bits.eq(first | shifted)
    return bits


def appended(m: Module, first: Field, second: Field, name: str) -> Field:
    """Two fields one behind the other."""
    longest = first.longest + second.longest
    bits = _joined(m, first.bits, second.bits, first.length, longest, name)
    length = Signal(unsigned(longest.bit_length()), name=f"{name}_length")
    m.d.comb += length.eq(first.length + second.length)
    return Field(bits, length, longest)


def _tree(fields: int) -> list[list[tuple[int, int]]]:
    """Levels of a binary tree over fields: for each join the fields of its left and its right."""
    sizes, levels = [1] * fields, []
    while len(sizes) > 1:
        pairs = list(zip(sizes[::2], sizes[1::2], strict=False))
        levels.append(pairs)
        sizes = [left + right for left, right in pairs] + sizes[len(pairs) * 2 :]
    return levels


def shift_widths(fields: int, longest: int) -> list[int]:
    """Bits of the shift of each join, in the order of the levels."""
    return [(left * longest).bit_length() for level in _tree(fields) for left, _ in level]


class Shifts(wiring.Component):
    """By how much the right side of each join is shifted: the length of the left one.

    Apart from the shifters, so that registers may stand between: shifters whose amounts are settled
    before the data comes hardly glitch.

    Parameters
    ----------
    fields : int
    longest : int
        Most bits of a field; its length lies in ``lengths``. ``shifts`` has those of
        :func:`shift_widths`, one after the other.
    """

    def __init__(self, fields: int, longest: int):
        if min(fields, longest) < 1:
            raise ValueError(f"shifts need fields with bits: got {fields} of {longest} bits")
        self.fields, self.longest = fields, longest
        self.widths = shift_widths(fields, longest)
        super().__init__(
            {
                "lengths": In(unsigned(fields * longest.bit_length())),
                "shifts": Out(unsigned(max(1, sum(self.widths)))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        size = self.longest.bit_length()
        level = [self.lengths.word_select(field, size) for field in range(self.fields)]
        shifts: list[Value] = []
        for height, pairs in enumerate(_tree(self.fields)):
            joined = []
            for place, (left, right) in enumerate(pairs):
                first, second = level[2 * place], level[2 * place + 1]
                shifts.append(first)
                total = Signal(
                    unsigned(((left + right) * self.longest).bit_length()),
                    name=f"length_{height}_{place}",
                )
                m.d.comb += total.eq(first + second)
                joined.append(total)
            level = joined + level[len(joined) * 2 :]
        m.d.comb += self.shifts.eq(Cat(*shifts))
        return m


class Packer(wiring.Component):
    """Join fields in a binary tree of shifters.

    Parameters
    ----------
    fields : int
    longest : int
        Most bits of a field; field k is ``codes[k*longest +: longest]``. ``shifts`` are those of
        :class:`Shifts`.
    room : int
        Bits of the payload; what runs over is dropped.
    """

    def __init__(self, fields: int, longest: int, room: int):
        if min(fields, longest, room) < 1:
            raise ValueError(
                f"a packer needs fields, bits and room: got {fields} of {longest} bits in {room}"
            )
        self.fields, self.longest, self.room = fields, longest, room
        self.widths = shift_widths(fields, longest)
        super().__init__(
            {
                "codes": In(unsigned(fields * longest)),
                "shifts": In(unsigned(max(1, sum(self.widths)))),
                "payload": Out(unsigned(room)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        level = [self.codes.word_select(field, self.longest) for field in range(self.fields)]
        widths, low = iter(self.widths), 0
        for height, pairs in enumerate(_tree(self.fields)):
            joined = []
            for place, (left, right) in enumerate(pairs):
                width = next(widths)
                amount = self.shifts[low : low + width]
                low += width
                size = min((left + right) * self.longest, self.room)
                joined.append(
                    _joined(m, level[2 * place], level[2 * place + 1], amount, size,
                            f"joined_{height}_{place}")
                )  # fmt: skip
            level = joined + level[len(joined) * 2 :]
        m.d.comb += self.payload.eq(level[0])
        return m
