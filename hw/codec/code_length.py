"""How many bits an event's code would take, and whether that fits a frame."""

from collections.abc import Mapping, Sequence

from amaranth.hdl import Module, Signal, Value, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hexcoder.hw.codec.lookup import chosen_constant, one_hot_kinds, one_hot_symbols
from hexcoder.hw.codec.shape import CodeShape, Kind


class CodeLength(wiring.Component):
    """Whether the codes of all cells together fit, for each of some tables.

    Lengths are looked up for each symbol, the shortest taken off, and added in a tree.

    Parameters
    ----------
    shape : CodeShape
    value_bits : int
        Bits of a value here; cell k is ``values[k*value_bits +: value_bits]``.
    tables : sequence of sequence of int
        Bits of each symbol's word.
    room : int
        Most bits that fit.
    """

    def __init__(
        self, shape: CodeShape, value_bits: int, tables: Sequence[Sequence[int]], room: int
    ):
        self.shape, self.value_bits = shape, value_bits
        self.tables, self.room = [tuple(table) for table in tables], room
        super().__init__(
            {
                "values": In(unsigned(shape.cells * value_bits)),
                "fits": Out(unsigned(len(self.tables))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        shape, width = self.shape, self.value_bits
        kinds = shape.kinds(width)
        hot = {
            cell: one_hot_kinds(m, shape, self.values.word_select(cell, width), f"cell_{cell}")
            for group in shape.groups
            for cell in group
        }
        symbols = [
            one_hot_symbols(
                m, shape, [hot[cell] for cell in group], [width] * len(group), f"at_{k}"
            )
            for k, group in enumerate(shape.groups)
        ]
        for number, table in enumerate(self.tables):
            terms: list[Value] = []
            offset = 0
            for group, its in zip(shape.groups, symbols, strict=True):
                for signals, lengths in self._parts(table, kinds, group, hot, its):
                    least = min(lengths.values())
                    offset += least
                    beyond = {key: length - least for key, length in lengths.items()}
                    bits = max(beyond.values()).bit_length()
                    if bits:
                        terms.append(chosen_constant(signals, beyond, bits))
            total = _sum(m, terms, f"length_{number}")
            room = self.room - offset
            fits = (total <= room) if room >= 0 else 0
            m.d.comb += self.fits[number].eq(fits)
        return m

    @staticmethod
    def _parts(
        table: Sequence[int],
        kinds: Sequence[Kind],
        group: Sequence[int],
        hot: Mapping[int, Sequence[Value]],
        symbols: Mapping[int, Value],
    ) -> list[tuple[Mapping[int, Value], dict[int, int]]]:
        """Lookups whose results are added for a group: one-hot signals, and what each is worth."""
        behind = {key: kind.behind for key, kind in enumerate(kinds)}
        cells = [(dict(enumerate(hot[cell])), behind) for cell in group]
        if len(group) > 1:
            return [(symbols, {symbol: table[symbol] for symbol in symbols}), *cells]
        # One cell a symbol: what follows the word is known with it.
        whole = {key: table[kind.symbol_class] + kind.behind for key, kind in enumerate(kinds)}
        return [(cells[0][0], whole)]


def _sum(m: Module, terms: list[Value], name: str) -> Value:
    """Sum in a balanced tree."""
    level = 0
    while len(terms) > 1:
        pairs = list(zip(terms[::2], terms[1::2], strict=False))
        rest = terms[len(pairs) * 2 :]
        terms = []
        for place, (left, right) in enumerate(pairs):
            partial = Signal(
                unsigned(max(len(left), len(right)) + 1), name=f"{name}_{level}_{place}"
            )
            m.d.comb += partial.eq(left + right)
            terms.append(partial)
        terms += rest
        level += 1
    return terms[0]


class FirstFit(wiring.Component):
    """The first mode that fits, one-hot; the last where none does.

    Parameters
    ----------
    modes : int
    """

    def __init__(self, modes: int):
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
