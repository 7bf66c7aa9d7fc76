"""Module ``encoder`` of an adaptive code: 48 energies to a frame."""

# Amaranth types a slice as what may also join pins of a board; here there are none.
# pyright: reportReturnType=false, reportArgumentType=false, reportOperatorIssue=false

from collections.abc import Collection, Mapping, Sequence

from amaranth.hdl import Cat, Const, Instance, Module, Signal, Value, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import Member

from hexcoder.gen.codec.stages import (
    CARRIED,
    CODES,
    FITS,
    NORMALISED,
    PACKED,
    QUANTISED,
    SUM,
    VALUES,
    halves,
    register_bits,
    shape_of,
)
from hexcoder.gen.places import ENERGIES, RankedModule
from hexcoder.hw.codec.code_length import CodeLength, FirstFit
from hexcoder.hw.codec.coder import GroupCoder
from hexcoder.hw.codec.loaded import LoadedLength
from hexcoder.hw.codec.lookup import any_of, chosen_constant
from hexcoder.hw.codec.packer import Packer, Shifts, middle
from hexcoder.hw.codec.shape import Words
from hexcoder.hw.codec.step_chain import Multiples, StepChain
from hexcoder.hw.front_end import FrontEnd
from hexcoder.sensor.codec.codec import Codec, Mode
from hexcoder.sensor.codec.prefix import canonical_words
from hexcoder.sensor.front_end import ENERGY_BITS
from hexcoder.sensor.geometry import TRIGGER_CELLS


def _cells(paths: Sequence[Sequence[int]]) -> list[int]:
    """Of some paths, in the order of their numbers."""
    return sorted(cell for path in paths for cell in path)


def _of_cells(values: Value, count: int, cells: Sequence[int]) -> Value:
    """Values of some cells, of those of ``count``."""
    bits = len(values) // count
    return Cat(values.word_select(cell, bits) for cell in cells)


class CodecEncoder(RankedModule):
    """From 48 energies to a frame of fixed size.

    ``in_data`` holds energy k in bits [k*22 +: 22]. The frame's first bit is the highest of
    ``out_data``: the 9-bit code of the sum, the mode, the payload.

    Parameters
    ----------
    codec : Codec
    ranks : collection of str
        Places of registers, of :mod:`hexcoder.gen.codec.stages`.

    Attributes
    ----------
    parts : dict
        Components that are instantiated by name, to be written beside it, once it is elaborated.
    """

    def __init__(
        self,
        codec: Codec,
        ranks: Collection[str] = (),
        ports: Mapping[str, Member] | None = None,
    ):
        self.codec, self.shape = codec, shape_of(codec)
        self.parts: dict[str, wiring.Component] = {}
        super().__init__(TRIGGER_CELLS * ENERGY_BITS, codec.frame_bits, ranks, ports)

    def elaborate(self, platform: object) -> Module:
        m = self.begun()
        codec = self.codec
        m.submodules.front_end = front_end = FrontEnd(
            ENERGY_BITS,
            TRIGGER_CELLS,
            range(TRIGGER_CELLS),
            codec.charge_bits,
            codec.fraction_bits,
            SUM in self.ranks,
        )
        m.d.comb += front_end.energies.eq(self.rank(m, ENERGIES, self.in_data))
        if SUM in self.ranks:
            self.register_bits[SUM] = register_bits(codec)[SUM]
        charges = self.rank(m, NORMALISED, front_end.image)
        total = self.rank(m, NORMALISED, front_end.sum_code)
        values, total = self._values(m, charges, total)
        fits = self.rank(m, FITS, self._fits(m, values))
        values = {number: self.rank(m, FITS, value) for number, value in values.items()}
        total = self.rank(m, FITS, total)
        m.submodules.choice = choice = FirstFit(len(codec.modes))
        m.d.comb += choice.fits.eq(fits)
        chosen = [choice.chosen[number] for number in range(len(codec.modes))]
        mode = chosen_constant(
            dict(enumerate(chosen)), {k: k for k in range(len(chosen))}, codec.mode_bits
        )
        selected = self.rank(m, VALUES, self._selected(m, values, chosen))
        table = self.rank(m, VALUES, self._table(m, chosen))
        mode, total = self.rank(m, VALUES, mode), self.rank(m, VALUES, total)
        codes, lengths = self._codes(m, selected, table)
        count = len(self.shape.groups)
        m.submodules.shifts = shifts = Shifts(count, len(codes) // count)
        m.d.comb += shifts.lengths.eq(lengths)
        codes, amounts = self.rank(m, CODES, codes), self.rank(m, CODES, shifts.shifts)
        mode, total = self.rank(m, CODES, mode), self.rank(m, CODES, total)
        packed = self._packed(m, count, codes, amounts)
        mode, total = self.rank(m, PACKED, mode), self.rank(m, PACKED, total)
        payload = [packed[bit] for bit in reversed(range(codec.payload_bits))]
        m.d.comb += self.out_data.eq(Cat(*payload, mode, total))
        return m

    def _packed(self, m: Module, count: int, codes: Value, amounts: Value) -> Value:
        """The payload, of so many codes and what they are shifted by."""
        longest, room = len(codes) // count, self.codec.payload_bits
        if PACKED in self.ranks:
            level = middle(count, longest)
            m.submodules.packer_before = before = Packer(count, longest, room, last=level)
            taken = sum(map(sum, before.shift_widths))
            m.d.comb += [before.codes.eq(codes), before.shifts.eq(amounts[:taken])]
            codes = self.rank(m, PACKED, before.payload)
            amounts = self.rank(m, PACKED, amounts[taken:])
            packer = Packer(count, longest, room, first=level)
        else:
            packer = Packer(count, longest, room)
        m.submodules.packer = packer
        m.d.comb += [packer.codes.eq(codes), packer.shifts.eq(amounts)]
        return packer.payload

    def _values(self, m: Module, charges: Value, total: Value) -> tuple[dict[int, Value], Value]:
        """Quantised cells for each step, by its number."""
        codec = self.codec
        if CARRIED not in self.ranks:
            values, _ = self._chained(m, "chains", codec.paths, charges)
        else:
            before, behind = halves(codec.paths)
            first, residues = self._chained(
                m, "chains", before, _of_cells(charges, TRIGGER_CELLS, _cells(before)), leads=True
            )
            first = {number: self.rank(m, CARRIED, value) for number, value in first.items()}
            residues = {number: self.rank(m, CARRIED, left) for number, left in residues.items()}
            later = self.rank(m, CARRIED, _of_cells(charges, TRIGGER_CELLS, _cells(behind)))
            total = self.rank(m, CARRIED, total)
            second, _ = self._chained(m, "chains_behind", behind, later, residues)
            order = [*_cells(before), *_cells(behind)]
            back = [order.index(cell) for cell in range(TRIGGER_CELLS)]
            values = {
                number: _of_cells(Cat(value, second[number]), TRIGGER_CELLS, back)
                for number, value in first.items()
            }
        values = {number: self.rank(m, QUANTISED, value) for number, value in values.items()}
        return values, self.rank(m, QUANTISED, total)

    def _chained(
        self,
        m: Module,
        name: str,
        paths: Sequence[Sequence[int]],
        charges: Value,
        carried: Mapping[int, Value] | None = None,
        leads: bool = False,
    ) -> tuple[dict[int, Value], dict[int, Value]]:
        """Quantised cells of some paths for each step, and what each step carries on.

        ``charges`` are those of the paths' cells, in the order of their numbers.
        """
        codec, chains = self.codec, Module()
        m.submodules[name] = chains
        cells = _cells(paths)
        places = {cell: place for place, cell in enumerate(cells)}
        scaled = {}
        for factor in sorted({factor for _, factor in codec.steps}):
            multiples = Multiples(len(cells), codec.charge_bits, factor)
            chains.submodules[f"times_{factor}"] = multiples
            chains.d.comb += multiples.charges.eq(charges)
            scaled[factor] = multiples.scaled
        values, residues = {}, {}
        for number, (shift, factor) in enumerate(codec.steps):
            chain = StepChain(
                [[places[cell] for cell in path] for path in paths],
                codec.charge_bits + 3,
                shift,
                codec.residue_bits,
                codec.value_bits(Mode(shift=shift, factor=factor, table=0)),
                follows=carried is not None,
                leads=leads,
            )
            chains.submodules[f"step_{number}"] = chain
            chains.d.comb += chain.scaled.eq(scaled[factor])
            if carried is not None:
                chains.d.comb += chain.carried.eq(carried[number])
            values[number] = chain.values
            if leads:
                residues[number] = chain.residues
        return values, residues

    def _fits(self, m: Module, values: dict[int, Value]) -> Value:
        """Which modes fit."""
        codec, lengths, fits = self.codec, Module(), []
        m.submodules.length_sums = lengths
        for number, step in enumerate(codec.steps):
            tables = [codec.modes[mode].table for mode in codec.modes_of(step)]
            length = self.code_length(lengths, number, len(values[number]) // TRIGGER_CELLS, tables)
            lengths.submodules[f"step_{number}"] = length
            lengths.d.comb += length.values.eq(values[number])
            fits.append(length.fits)
        return Cat(*fits)

    def code_length(
        self, m: Module, step: int, value_bits: int, tables: list[int]
    ) -> CodeLength | LoadedLength:
        """What adds the lengths of a step's codes, for the tables with these numbers."""
        codec = self.codec
        name = f"encoder_group_length_{step}"
        lengths = [codec.tables[table] for table in tables]
        length = CodeLength(self.shape, value_bits, lengths, codec.payload_bits, name)
        self.parts[length.group] = length.group_length
        return length

    def _selected(self, m: Module, values: dict[int, Value], chosen: list[Value]) -> Value:
        """Quantised cells of the chosen mode."""
        codec, width = self.codec, self.shape.value_bits
        select = Module()
        m.submodules.select = select
        selected = Signal(unsigned(TRIGGER_CELLS * width))
        hot = []
        for number, step in enumerate(codec.steps):
            signal = Signal(name=f"chosen_step_{number}")
            select.d.comb += signal.eq(any_of([chosen[mode] for mode in codec.modes_of(step)]))
            hot.append(signal)
        for cell in range(TRIGGER_CELLS):
            terms = []
            for number in values:
                bits = len(values[number]) // TRIGGER_CELLS
                value = values[number].word_select(cell, bits)
                terms.append(Cat(value & hot[number].replicate(bits), Const(0, width - bits)))
            select.d.comb += selected.word_select(cell, width).eq(any_of(terms))
        return selected

    def _table(self, m: Module, chosen: list[Value]) -> Value:
        """The chosen mode's table, one-hot."""
        return Cat(
            any_of([chosen[k] for k, mode in enumerate(self.codec.modes) if mode.table == table])
            for table in range(len(self.codec.tables))
        )

    def _codes(self, m: Module, values: Value, table: Value) -> tuple[Value, Value]:
        """Code of each group, and its length."""
        coders = Module()
        m.submodules.coders = coders
        codes, sizes = [], []
        one, ports = self.coder(coders, table)
        self.parts["encoder_group_coder"] = one
        width = self.shape.value_bits
        for number, group in enumerate(self.shape.groups):
            code = Signal(unsigned(len(one.code)), name=f"code_{number}")
            size = Signal(unsigned(len(one.length)), name=f"code_{number}_length")
            coders.submodules[f"group_{number}"] = Instance(
                "encoder_group_coder",
                i_values=Cat(values.word_select(cell, width) for cell in group),
                **ports,
                o_code=code,
                o_length=size,
            )
            codes.append(code)
            sizes.append(size)
        return Cat(*codes), Cat(*sizes)

    def coder(self, m: Module, table: Value) -> tuple[GroupCoder, dict[str, Value]]:
        """What writes a group, and its ports that say how; ``table`` is one-hot."""
        codec = self.codec
        words = [Words.of(lengths, canonical_words(lengths)) for lengths in codec.tables]
        return GroupCoder(self.shape, codec.symbols.cells, words), {"i_table": table}
