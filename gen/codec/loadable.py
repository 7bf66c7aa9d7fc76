"""An adaptive code whose tables lie in registers behind I2C: module ``loadable_encoder``."""

# Amaranth types a slice as what may also join pins of a board; here there are none.
# pyright: reportReturnType=false, reportArgumentType=false, reportOperatorIssue=false

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict

from amaranth.hdl import Cat, Module, Value

from hexcoder.errors import InputError
from hexcoder.gen.codec.circuit import CodecEncoder
from hexcoder.gen.codec.design import CodecDesign
from hexcoder.gen.codec.stages import CARRIED, FITS, NORMALISED, QUANTISED, SUM, VALUES
from hexcoder.gen.compiler import Settings
from hexcoder.gen.design import Emitted, complete
from hexcoder.gen.emit.convert import rtlil_text, verilog_text
from hexcoder.gen.loadable.protection import Protection
from hexcoder.gen.loadable.registers import Loadable
from hexcoder.gen.places import ENERGIES
from hexcoder.hw.chip.register_map import Field, check_fields
from hexcoder.hw.codec.coder import GroupCoder
from hexcoder.hw.codec.loaded import LoadedCoder, LoadedGroupLength, LoadedLength
from hexcoder.hw.codec.lookup import any_of
from hexcoder.hw.delay import Delay
from hexcoder.hw.i2c.target import SLOWEST_CLOCK_NS
from hexcoder.hw.interfaces import I2cPads
from hexcoder.metrics.rtl import RegisterField, RtlFile
from hexcoder.sensor.codec.codec import Codec
from hexcoder.sensor.codec.prefix import canonical_words

TOP = "loadable_encoder"
WORD_BITS = 12
"""Longest word that registers hold, unless the code that is compiled has longer ones."""


def word_bits(codec: Codec) -> int:
    """Bits of the longest word that can be loaded."""
    return max(WORD_BITS, *(max(table) for table in codec.tables))


def table_fields(codec: Codec, ranks: Collection[str]) -> dict[str, tuple[Field, int]]:
    """Registers by name, each with the clocks from an event's entry to the stage that reads it.

    For each table the lengths of its words, which the choice of the mode reads, then the words,
    which the coders read: a word, its first bit the lowest, and its length above it.
    """
    chosen_in = sum(place in ranks for place in (ENERGIES, NORMALISED, CARRIED, QUANTISED))
    coded_in = chosen_in + sum(place in ranks for place in (FITS, VALUES))
    longest, symbols = word_bits(codec), codec.symbols.count
    size = longest.bit_length()
    place, fields = 0, {}
    for name, width, stage in (("lengths", size, chosen_in), ("words", longest + size, coded_in)):
        for table in range(len(codec.tables)):
            field = Field(f"{name}_{table}", place, symbols, width)
            fields[field.name] = (field, stage)
            # Every field starts on a row of 16: an address then tells what it is.
            place += -(-field.size // 16) * 16
    return fields


def table_values(tables: Sequence[Sequence[int]], longest: int) -> dict[str, list[int]]:
    """What the registers hold for tables of lengths, by field; ``longest`` as they were built."""
    values: dict[str, list[int]] = {}
    for number, lengths in enumerate(tables):
        values[f"lengths_{number}"] = list(lengths)
        words = zip(canonical_words(lengths), lengths, strict=True)
        values[f"words_{number}"] = [
            int(format(word, f"0{length}b")[::-1], 2) | length << longest for word, length in words
        ]
    return values


class LoadableCode(CodecEncoder):
    """A code with its tables in registers; ports of events and of I2C.

    Steps, and which tables a step is tried with, are fixed. Events that come while registers are
    loaded are not valid.

    Parameters
    ----------
    codec : Codec
    ranks : collection of str
    settings : Settings
        As of :class:`hexcoder.gen.loadable.registers.LoadableModule`.
    """

    def __init__(self, codec: Codec, ranks: Collection[str], settings: Settings):
        self.fields = table_fields(codec, ranks)
        self.shadow = settings.chip.update == "shadow"
        self.clock_period_ns = settings.clock.period_ns
        self.protection = Protection(triplicated=settings.chip.triplicated)
        super().__init__(codec, ranks, I2cPads().ports())

    def begun(self) -> Module:
        m = Module()
        self._loadable = Loadable(m, self)
        self._valid: Value = self.in_valid
        return m

    def elaborate(self, platform: object) -> Module:
        m = super().elaborate(platform)
        m.d.comb += self.out_valid.eq(self._valid)
        self._loadable.finish()
        return m

    def rank(self, m: Module, name: str, value: Value) -> Value:
        """As of a fixed code; the valid bit goes with the first value of a place."""
        if name not in self.ranks or name in self.register_bits:
            return super().rank(m, name, value)
        self.register_bits[name] = len(value)
        first = self._loadable.rank(name, self._valid, [value])
        self._valid = first.valid
        return first.values[0]

    def registered(self, m: Module, name: str, value: Value) -> Value:
        register = Delay(len(value), 1, reset=False)
        m.submodules[f"{name}_stage"] = self.protection.data(register)
        m.d.comb += register.i.eq(value)
        return register.o

    def code_length(self, m: Module, step: int, value_bits: int, tables: list[int]) -> LoadedLength:
        codec, name = self.codec, f"encoder_group_length_{step}"
        group = LoadedGroupLength(
            self.shape,
            codec.symbols.cells,
            value_bits,
            len(tables),
            codec.symbols.count,
            word_bits(codec).bit_length(),
        )
        self.parts[name] = group
        length = LoadedLength(group, codec.payload_bits, name)
        settings = [self._loadable.settings[f"lengths_{table}"].values() for table in tables]
        m.d.comb += length.lengths.eq(Cat(*settings))
        return length

    def coder(self, m: Module, table: Value) -> tuple[GroupCoder, dict[str, Value]]:
        codec = self.codec
        coder = LoadedCoder(self.shape, codec.symbols.cells, codec.symbols.count, word_bits(codec))
        words = any_of(
            [
                self._loadable.settings[f"words_{number}"].values()
                & table[number].replicate(codec.symbols.count * coder.entry_bits)
                for number in range(len(codec.tables))
            ]
        )
        return coder, {"i_words": words}


class LoadableCodeDesign(CodecDesign):
    """A code with its tables in registers."""

    is_loadable = True

    def __init__(self, source: Codec, settings: Settings):
        if (period := settings.clock.period_ns) > SLOWEST_CLOCK_NS:
            raise InputError(
                f"key 'clock.period_ns' = {period:g}: registers behind I2C take a clock of up to "
                f"{SLOWEST_CLOCK_NS} ns"
            )
        super().__init__(source, settings)
        # A rank at least: what is in it becomes invalid while registers are loaded.
        self.places = self.places or [VALUES]
        try:
            fields = table_fields(source, self.places)
            check_fields([field for field, _ in fields.values()])
        except ValueError as error:
            raise InputError(f"codec {source.name}: its tables are too large: {error}") from None

    def register_bits(self) -> dict[str, int]:
        # The sum's registers lie within the front end, which has no copies of them.
        return {place: bits for place, bits in super().register_bits().items() if place != SUM}

    def delays_ns(self) -> list[float]:
        before, normalising, *rest = super().delays_ns()
        return [before + normalising, *rest]

    def emit(self) -> Emitted:
        module = LoadableCode(self.source, self.places, self.settings)
        top = rtlil_text(module, TOP)
        below = [rtlil_text(part, name) for name, part in module.parts.items()]
        text = "\n".join([module.protection.modules(), verilog_text([*below, top])])
        metrics = self.metrics(module, TOP)
        extra: Mapping[str, object] = {
            "chip": complete(self.settings.chip),
            "clock_period_ns": self.settings.clock.period_ns,
            "registers": {
                name: RegisterField(**asdict(field), stage=stage)
                for name, (field, stage) in module.fields.items()
            },
            "triplicated_bits": module.protection.register_bits(),
        }
        whole = RtlFile.model_validate(metrics | extra)
        return Emitted(f"// hexcoder: codes like {self.source.name}\n{text}", whole)
