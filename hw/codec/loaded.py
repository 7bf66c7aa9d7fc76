"""Components of the adaptive code whose tables come from registers."""

# Amaranth types a slice as what may also join pins of a board; here there are none.
# pyright: reportReturnType=false, reportArgumentType=false, reportOperatorIssue=false

from collections.abc import Mapping

from amaranth.hdl import Cat, Const, Instance, Module, Signal, Value, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hexcoder.hw.codec.coder import GroupCoder
from hexcoder.hw.codec.lookup import (
    any_of,
    chosen_constant,
    one_hot_kinds,
    one_hot_symbols,
)
from hexcoder.hw.codec.packer import Field
from hexcoder.hw.codec.shape import CodeShape
from hexcoder.hw.counts import added


def chosen_value(hot: Mapping[int, Value], values: Value, width: int) -> Value:
    """The value of the key whose signal is high; value k is ``values[k*width +: width]``."""
    return any_of(
        [values.word_select(key, width) & signal.replicate(width) for key, signal in hot.items()]
    )


class LoadedGroupLength(wiring.Component):
    """Bits of a group's word in each of some tables, and of what stands behind it.

    Parameters
    ----------
    shape : CodeShape
    cells, value_bits : int
        Cell k of the group is ``values[k*value_bits +: value_bits]``.
    tables, symbols, length_bits : int
        Table t has the length of symbol s in ``lengths[(t*symbols + s)*length_bits +:
        length_bits]``.
    """

    def __init__(
        self, shape: CodeShape, cells: int, value_bits: int, tables: int, symbols: int,
        length_bits: int,
    ):  # fmt: skip
        if min(cells, value_bits, tables, symbols, length_bits) < 1:
            raise ValueError(
                f"lengths need cells, tables and symbols with bits: got {cells} of {value_bits} "
                f"bits, {tables} tables of {symbols} symbols and {length_bits} bits"
            )
        self.shape, self.cells, self.value_bits = shape, cells, value_bits
        self.tables, self.symbols, self.length_bits = tables, symbols, length_bits
        self.most_behind = cells * max(kind.behind for kind in shape.kinds(value_bits))
        super().__init__(
            {
                "values": In(unsigned(cells * value_bits)),
                "lengths": In(unsigned(tables * symbols * length_bits)),
                "words": Out(unsigned(tables * length_bits)),
                "behind": Out(unsigned(max(1, self.most_behind.bit_length()))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width = self.value_bits
        behind = {key: kind.behind for key, kind in enumerate(self.shape.kinds(width))}
        size = max(1, max(behind.values()).bit_length())
        hot = [
            one_hot_kinds(m, self.shape, self.values.word_select(cell, width), f"cell_{cell}")
            for cell in range(self.cells)
        ]
        rest = [chosen_constant(dict(enumerate(its)), behind, size) for its in hot]
        m.d.comb += self.behind.eq(added(m, rest, "behind"))
        symbols = one_hot_symbols(m, self.shape, hot, [width] * self.cells, "group")
        for table in range(self.tables):
            lengths = self.lengths.word_select(table, self.symbols * self.length_bits)
            word = chosen_value(symbols, lengths, self.length_bits)
            m.d.comb += self.words.word_select(table, self.length_bits).eq(word)
        return m


class LoadedLength(wiring.Component):
    """Whether the codes of all cells fit, for each of some tables that are inputs.

    What stands behind the words is the same for all tables and is added once.

    Parameters
    ----------
    group : LoadedGroupLength
        Of one group; all have equally many cells.
    room : int
        Most bits that fit.
    name : str, optional
        Of the module that ``group`` is written as beside this one; without it each group has its
        own.
    """

    def __init__(self, group: LoadedGroupLength, room: int, name: str = ""):
        if room < 0:
            raise ValueError(f"lengths are held against a room: got {room} bits")
        self.group, self.room, self.name = group, room, name
        super().__init__(
            {
                "values": In(unsigned(group.shape.cells * group.value_bits)),
                "lengths": In(unsigned(len(group.lengths))),
                "fits": Out(unsigned(group.tables)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        one = self.group
        words, behinds = [], []
        for number, group in enumerate(one.shape.groups):
            values = Cat(self.values.word_select(cell, one.value_bits) for cell in group)
            word = Signal(unsigned(len(one.words)), name=f"words_{number}")
            behind = Signal(unsigned(len(one.behind)), name=f"behind_{number}")
            if self.name:
                part = Instance(
                    self.name, i_values=values, i_lengths=self.lengths, o_words=word,
                    o_behind=behind,
                )  # fmt: skip
            else:
                part = LoadedGroupLength(
                    one.shape, one.cells, one.value_bits, one.tables, one.symbols, one.length_bits
                )
                m.d.comb += [
                    part.values.eq(values),
                    part.lengths.eq(self.lengths),
                    word.eq(part.words),
                    behind.eq(part.behind),
                ]
            m.submodules[f"group_{number}"] = part
            words.append(word)
            behinds.append(behind)
        total = added(m, behinds, "behind")
        for table in range(one.tables):
            lengths = [word.word_select(table, one.length_bits) for word in words]
            bits = added(m, [*lengths, total], f"length_{table}")
            m.d.comb += self.fits[table].eq(bits <= self.room)
        return m


class LoadedCoder(GroupCoder):
    """As :class:`hexcoder.hw.codec.coder.GroupCoder`, with the chosen table as an input.

    Parameters
    ----------
    shape : CodeShape
    cells : int
    symbols, word_bits : int
        The word of symbol s lies in ``words[s*entry +: entry]``, entry = word_bits + bits of its
        length: the word, its first bit the lowest, then its length.
    """

    def __init__(self, shape: CodeShape, cells: int, symbols: int, word_bits: int):
        if min(cells, symbols, word_bits) < 1:
            raise ValueError(
                f"a coder needs cells, symbols and words: got {cells}, {symbols}, {word_bits}"
            )
        self.symbols, self.word_bits = symbols, word_bits
        self.entry_bits = word_bits + word_bits.bit_length()
        self._describe(shape, cells, word_bits, {"words": In(unsigned(symbols * self.entry_bits))})

    def _word(self, m: Module, symbols: dict[int, Value]) -> Field:
        entry = Signal(unsigned(self.entry_bits), name="entry")
        m.d.comb += entry.eq(chosen_value(symbols, self.words, self.entry_bits))
        length = entry[self.word_bits :]
        # Bits behind the word are zero, whatever was loaded.
        kept = Cat(Const(place, len(length)) < length for place in range(self.word_bits))
        return Field(entry[: self.word_bits] & kept, length, self.word_bits)
