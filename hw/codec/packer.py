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


def shift_widths(fields: int, longest: int) -> list[list[int]]:
    """Bits of the shift of each join, for each level."""
    return [[(left * longest).bit_length() for left, _ in level] for level in _tree(fields)]


def field_widths(fields: int, longest: int, room: int) -> list[list[int]]:
    """Bits of the fields that enter each level, and of what leaves the last."""
    levels = [[longest] * fields]
    for pairs in _tree(fields):
        joined = [min((left + right) * longest, room) for left, right in pairs]
        levels.append(joined + levels[-1][len(pairs) * 2 :])
    return levels


def middle(fields: int, longest: int) -> int:
    """The level before which as many switches lie in a row as behind it."""
    heights = [max(widths) for widths in shift_widths(fields, longest)]
    return min(
        range(len(heights) + 1), key=lambda level: abs(sum(heights[:level]) - sum(heights[level:]))
    )


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
        shifts = sum(map(sum, shift_widths(fields, longest)))
        super().__init__(
            {
                "lengths": In(unsigned(fields * longest.bit_length())),
                "shifts": Out(unsigned(max(1, shifts))),
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
    first, last : int
        Levels of the tree that are here, ``last`` not among them; all by default. ``codes`` are
        then the fields that enter the first of them, ``payload`` those that leave the last, of
        :func:`field_widths`, one after the other, and ``shifts`` those of these levels.
    """

    def __init__(
        self, fields: int, longest: int, room: int, first: int = 0, last: int | None = None
    ):
        if min(fields, longest, room) < 1:
            raise ValueError(
                f"a packer needs fields, bits and room: got {fields} of {longest} bits in {room}"
            )
        levels = len(_tree(fields))
        last = levels if last is None else last
        if not 0 <= first <= last <= levels:
            raise ValueError(f"levels of this packer are 0 to {levels}: got {first} to {last}")
        self.shift_widths = shift_widths(fields, longest)[first:last]
        self.field_widths = field_widths(fields, longest, room)[first : last + 1]
        # A single field may be longer than the room.
        leaves = sum(self.field_widths[-1]) if last < levels else room
        super().__init__(
            {
                "codes": In(unsigned(sum(self.field_widths[0]))),
                "shifts": In(unsigned(max(1, sum(map(sum, self.shift_widths))))),
                "payload": Out(unsigned(leaves)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        level, low = [], 0
        for width in self.field_widths[0]:
            level.append(self.codes[low : low + width])
            low += width
        low = 0
        for height, widths in enumerate(self.shift_widths):
            joined = []
            for place, width in enumerate(widths):
                amount = self.shifts[low : low + width]
                low += width
                size = self.field_widths[height + 1][place]
                joined.append(
                    _joined(m, level[2 * place], level[2 * place + 1], amount, size,
                            f"joined_{height}_{place}")
                )  # fmt: skip
            level = joined + level[len(joined) * 2 :]
        m.d.comb += self.payload.eq(Cat(*level) if len(level) > 1 else level[0])
        return m
