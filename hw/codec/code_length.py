"""How many bits an event's code would take, and whether that fits a frame."""

# Amaranth types a slice as what may also join pins of a board; here there are none.
# pyright: reportReturnType=false, reportArgumentType=false, reportOperatorIssue=false

from collections.abc import Sequence

from amaranth.hdl import Cat, Instance, Module, Signal, Value, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hexcoder.hw.codec.lookup import chosen_constant, one_hot_kinds, one_hot_symbols
from hexcoder.hw.codec.shape import CodeShape
from hexcoder.hw.counts import added


class GroupLength(wiring.Component):
    """Bits that a group of cells takes beyond the least possible, for each of some tables.

    Parameters
    ----------
    shape : CodeShape
    cells : int
        Cells of the group.
    value_bits : int
        Bits of a value here; cell k is ``values[k*value_bits +: value_bits]``.
    tables : sequence of sequence of int
        Bits of each symbol's word.

    Attributes
    ----------
    least : list of int
        The fewest bits, for each table.
    widths : list of int
        Bits of each number; they lie in ``lengths`` one after the other.
    """

    def __init__(
        self, shape: CodeShape, cells: int, value_bits: int, tables: Sequence[Sequence[int]]
    ):
        if not tables or cells < 1 or value_bits < 1:
            raise ValueError(
                f"a code length needs tables, cells and bits: got {len(tables)} tables, {cells} "
                f"cells of {value_bits} bits"
            )
        self.shape, self.cells, self.value_bits = shape, cells, value_bits
        self.tables = [tuple(table) for table in tables]
        self.kinds = shape.kinds(value_bits)
        behind = [kind.behind for kind in self.kinds]
        reached = self._reached()
        if cells == 1:
            # What follows the word is known with it.
            totals = [[t[k.symbol_class] + k.behind for k in self.kinds] for t in self.tables]
            self.least = [min(total) for total in totals]
            most = [max(total) for total in totals]
        else:
            words = [[table[symbol] for symbol in reached] for table in self.tables]
            self.least = [min(word) + cells * min(behind) for word in words]
            most = [max(word) + cells * max(behind) for word in words]
        pairs = zip(most, self.least, strict=True)
        self.widths = [max(1, (high - low).bit_length()) for high, low in pairs]
        super().__init__(
            {
                "values": In(unsigned(cells * value_bits)),
                "lengths": Out(unsigned(sum(self.widths))),
            }
        )

    def _reached(self) -> list[int]:
        """Symbols that values of so many bits can make."""
        classes = sorted({kind.symbol_class for kind in self.kinds})
        symbols = [0]
        for _ in range(self.cells):
            symbols = [s * self.shape.classes + c for s in symbols for c in classes]
        return symbols

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width = self.value_bits
        hot = [
            one_hot_kinds(m, self.shape, self.values.word_select(cell, width), f"cell_{cell}")
            for cell in range(self.cells)
        ]
        symbols = one_hot_symbols(m, self.shape, hot, [width] * self.cells, "group")
        behind = {key: kind.behind for key, kind in enumerate(self.kinds)}
        low = 0
        for table, least, bits in zip(self.tables, self.least, self.widths, strict=True):
            target = self.lengths[low : low + bits]
            low += bits
            if self.cells == 1:
                whole = {
                    key: table[kind.symbol_class] + kind.behind - least
                    for key, kind in enumerate(self.kinds)
                }
                m.d.comb += target.eq(chosen_constant(dict(enumerate(hot[0])), whole, bits))
                continue
            fewest = least - self.cells * min(behind.values())
            word = chosen_constant(symbols, {s: table[s] - fewest for s in symbols}, bits)
            each = [chosen_constant(dict(enumerate(its)), behind, bits) for its in hot]
            m.d.comb += target.eq(sum(each, word))
        return m


class CodeLength(wiring.Component):
    """Whether the codes of all cells together fit, for each of some tables.

    Lengths of groups, the shortest taken off, are added in a tree.

    Parameters
    ----------
    shape : CodeShape
    value_bits : int
        Bits of a value here; cell k is ``values[k*value_bits +: value_bits]``.
    tables : sequence of sequence of int
        Bits of each symbol's word.
    room : int
        Most bits that fit.
    group : str, optional
        Name of the module that :attr:`group_length` is written as beside this one; without it
        each group has its own.
    """

    def __init__(
        self,
        shape: CodeShape,
        value_bits: int,
        tables: Sequence[Sequence[int]],
        room: int,
        group: str = "",
    ):
        if not tables or room < 0:
            raise ValueError(
                f"lengths need tables and a room: got {len(tables)} tables, a room of {room} bits"
            )
        self.shape, self.value_bits, self.group = shape, value_bits, group
        self.tables, self.room = [tuple(table) for table in tables], room
        super().__init__(
            {
                "values": In(unsigned(shape.cells * value_bits)),
                "fits": Out(unsigned(len(self.tables))),
            }
        )

    @property
    def group_length(self) -> GroupLength:
        """Of one group; all have equally many cells."""
        return GroupLength(self.shape, len(self.shape.groups[0]), self.value_bits, self.tables)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width, one = self.value_bits, self.group_length
        found = []
        for number, group in enumerate(self.shape.groups):
            values = Cat(self.values.word_select(cell, width) for cell in group)
            lengths = Signal(unsigned(sum(one.widths)), name=f"lengths_{number}")
            if self.group:
                part = Instance(self.group, i_values=values, o_lengths=lengths)
            else:
                part = self.group_length
                m.d.comb += [part.values.eq(values), lengths.eq(part.lengths)]
            m.submodules[f"group_{number}"] = part
            found.append(lengths)
        low = 0
        for number, (least, bits) in enumerate(zip(one.least, one.widths, strict=True)):
            terms: list[Value] = [lengths[low : low + bits] for lengths in found]
            low += bits
            room = self.room - len(found) * least
            total = added(m, terms, f"length_{number}")
            m.d.comb += self.fits[number].eq((total <= room) if room >= 0 else 0)
        return m


class FirstFit(wiring.Component):
    """The first mode that fits, one-hot; the last where none does.

    Parameters
    ----------
    modes : int
    """

    def __init__(self, modes: int):
        if modes < 1:
            raise ValueError(f"a choice needs a mode: got {modes}")
        self.modes = modes
        super().__init__({"fits": In(unsigned(modes)), "chosen": Out(unsigned(modes))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        before = None
        for mode in range(self.modes):
            fits = self.fits[mode] if mode < self.modes - 1 else 1
            m.d.comb += self.chosen[mode].eq(fits if before is None else fits & ~before)
            if mode < self.modes - 1:
                passed = Signal(name=f"fits_up_to_{mode}")
                m.d.comb += passed.eq(fits if before is None else before | fits)
                before = passed
        return m
