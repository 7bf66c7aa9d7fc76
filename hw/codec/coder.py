"""Code words of a group of cells, and the bits behind them."""

# Amaranth types a slice as what may also join pins of a board; here there are none.
# pyright: reportReturnType=false, reportArgumentType=false, reportOperatorIssue=false

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Signal, Value, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Member, Out

from hexcoder.hw.codec.lookup import any_of, chosen_constant, one_hot_kinds, one_hot_symbols
from hexcoder.hw.codec.packer import Field, appended
from hexcoder.hw.codec.shape import CodeShape, Kind, Words


class GroupCoder(wiring.Component):
    """Word of a group's symbol in the chosen table, then what is behind it for each cell.

    Bit 0 of ``code`` is sent first; bits from ``length`` on are zero.

    Parameters
    ----------
    shape : CodeShape
    cells : int
        Cells of the group.
    tables : sequence of Words
        ``table`` says which, one-hot.
    """

    def __init__(self, shape: CodeShape, cells: int, tables: Sequence[Words]):
        if not tables or cells < 1:
            raise ValueError(f"a coder needs tables and cells: got {len(tables)} and {cells}")
        self.tables = list(tables)
        longest = max(max(table.lengths) for table in self.tables)
        self._describe(shape, cells, longest, {"table": In(unsigned(len(self.tables)))})

    def _describe(
        self, shape: CodeShape, cells: int, longest_word: int, table: dict[str, Member]
    ) -> None:
        """Take the ports; ``table`` is what says how a symbol is written."""
        self.shape, self.cells = shape, cells
        self.kinds = shape.kinds(shape.value_bits)
        self.longest = longest_word + cells * max(kind.behind for kind in self.kinds)
        wiring.Component.__init__(
            self,
            {
                "values": In(unsigned(cells * shape.value_bits)),
                **table,
                "code": Out(unsigned(self.longest)),
                "length": Out(unsigned(self.longest.bit_length())),
            },
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        shape, width = self.shape, self.shape.value_bits
        values = [self.values.word_select(cell, width) for cell in range(self.cells)]
        hot = [one_hot_kinds(m, shape, value, f"cell_{cell}") for cell, value in enumerate(values)]
        symbols = one_hot_symbols(m, shape, hot, [width] * self.cells, "group")
        field = self._word(m, symbols)
        for cell, (value, its) in enumerate(zip(values, hot, strict=True)):
            field = appended(m, field, self._behind(value, its), f"with_cell_{cell}")
        m.d.comb += [self.code.eq(field.bits), self.length.eq(field.length)]
        return m

    def _word(self, m: Module, symbols: dict[int, Value]) -> Field:
        """The symbol's word in the chosen table."""
        longest = max(max(table.lengths) for table in self.tables)
        size = longest.bit_length()
        words, lengths = [], []
        for number, table in enumerate(self.tables):
            of = {s: sum(bit << k for k, bit in enumerate(table.bits[s])) for s in symbols}
            word = Signal(unsigned(longest), name=f"word_{number}")
            length = Signal(unsigned(size), name=f"word_length_{number}")
            m.d.comb += word.eq(chosen_constant(symbols, of, longest))
            m.d.comb += length.eq(
                chosen_constant(symbols, {s: len(table.bits[s]) for s in symbols}, size)
            )
            words.append(word & self.table[number].replicate(longest))
            lengths.append(length & self.table[number].replicate(size))
        return Field(any_of(words), any_of(lengths), longest)

    def _behind(self, value: Value, hot: Sequence[Signal]) -> Field:
        """Unary bits, then the value's bits below its leading one, the highest first."""
        longest = max(kind.behind for kind in self.kinds)
        parts = [
            Cat(_behind_bits(kind, value), Const(0, longest - kind.behind))
            & signal.replicate(longest)
            for kind, signal in zip(self.kinds, hot, strict=True)
            if kind.behind
        ]
        lengths = {key: kind.behind for key, kind in enumerate(self.kinds)}
        size = longest.bit_length()
        length = chosen_constant(dict(enumerate(hot)), lengths, size)
        return Field(any_of(parts), length, longest)


def _behind_bits(kind: Kind, value: Value) -> Value:
    raw = [value[bit] for bit in reversed(range(kind.raw_bits))]
    return Cat(*(Const(bit, 1) for bit in kind.unary), *raw)
