"""The adaptive code in integers: energies to frames, and frames back (docs/codec.md)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hexcoder.fixed_point import FixedPoint
from hexcoder.sensor.codec.codec import Codec
from hexcoder.sensor.codec.prefix import canonical_words, reading_table
from hexcoder.sensor.front_end import SUM_CODE_BITS, floor_log2, normalise, sum_code
from hexcoder.sensor.geometry import TRIGGER_CELLS

WORD = 32


@dataclass(frozen=True, slots=True)
class Coded:
    """Events as they are sent, or as they are read in frames.

    Parameters
    ----------
    sums : int64 array (n,)
        5E4M codes of the sums.
    modes : int64 array (n,)
    values : int64 array (n, 48)
        Quantised cells; of frames that were cut, zero where bits run out.
    used : int64 array (n,)
        Bits that the cells take. As sent, more than a payload's where no mode fits.
    """

    sums: np.ndarray
    modes: np.ndarray
    values: np.ndarray
    used: np.ndarray


def bit_lengths(values: np.ndarray) -> np.ndarray:
    """Bit lengths of integers that are not negative."""
    return np.where(values > 0, floor_log2(np.maximum(values, 1)) + 1, 0)


def charges(codec: Codec, energies: np.ndarray) -> np.ndarray:
    """Normalised charge of every trigger cell, int64 (n, 48)."""
    type_ = FixedPoint(signed=False, integer_bits=1, fraction_bits=codec.fraction_bits)
    return normalise(energies, type_, np.arange(TRIGGER_CELLS))


def quantise(codec: Codec, normalised: np.ndarray, shift: int, factor: int) -> np.ndarray:
    """Quantise charges int64 (n, 48) with a step, half of the rounding error carried along."""
    bits = codec.residue_bits
    scaled = ((normalised * factor) << bits) >> shift
    half, paths = 1 << (bits - 1), np.array(codec.paths)
    values = np.empty_like(scaled)
    carried = np.zeros((len(scaled), len(paths)), dtype=np.int64)
    for place in range(paths.shape[1]):
        cells = paths[:, place]
        rounded = scaled[:, cells] + (carried + half)
        values[:, cells] = rounded >> bits
        carried = ((rounded & ((1 << bits) - 1)) - half) >> 1
    return values


def classes(codec: Codec, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Class of each cell, and the bits behind its symbol: how many, and their value.

    Those of the last class begin with its excess length in unary, ones ended by a zero; the zero is
    left out where no longer value exists.
    """
    symbols = codec.symbols
    lengths = bit_lengths(values)
    is_direct = values < symbols.direct
    beyond = np.maximum(lengths - symbols.longest, 0)
    bounded = np.minimum(lengths, symbols.longest)
    kind = np.where(is_direct, values, symbols.direct + bounded - symbols.direct_bits - 1)
    raw_bits = np.where(is_direct, 0, lengths - 1)
    raw = np.where(is_direct, 0, values - (1 << np.maximum(lengths - 1, 0)))
    is_open = ~is_direct & (lengths >= symbols.longest)
    has_end = beyond < codec.extension_bits
    unary_bits = np.where(is_open, beyond + has_end, 0)
    unary = np.where(is_open, ((1 << beyond) - 1) << has_end, 0)
    return kind, unary_bits + raw_bits, (unary << raw_bits) | raw


def joined(codec: Codec, kinds: np.ndarray) -> np.ndarray:
    """Symbols (n, symbols) of the classes (n, 48); a group's first cell counts highest."""
    symbols = np.zeros((len(kinds), len(codec.symbols.groups)), dtype=np.int64)
    for cells in codec.symbols.groups.T:
        symbols = symbols * codec.symbols.classes + kinds[:, cells]
    return symbols


def encode(codec: Codec, energies: np.ndarray) -> Coded:
    """Choose for each event, int (n, 48) in ADC counts, the first mode whose code fits."""
    energies = np.asarray(energies, dtype=np.int64)
    normalised, count = charges(codec, energies), len(energies)
    tables = np.array(codec.tables)
    modes = np.full(count, -1)
    values = np.zeros((count, TRIGGER_CELLS), dtype=np.int64)
    used = np.zeros(count, dtype=np.int64)
    step, open_events = None, np.arange(count)
    quantised = symbols = behind = np.zeros((0, 0), dtype=np.int64)
    for number, mode in enumerate(codec.modes):
        if step != (mode.shift, mode.factor):
            step = mode.shift, mode.factor
            open_events = np.flatnonzero(modes < 0)
            quantised = quantise(codec, normalised[open_events], *step)
            kinds, bits, _ = classes(codec, quantised)
            symbols, behind = joined(codec, kinds), bits.sum(axis=1)
        length = tables[mode.table][symbols].sum(axis=1) + behind
        fits = length <= codec.payload_bits
        if number == len(codec.modes) - 1:
            fits[:] = True
        fits &= modes[open_events] < 0
        chosen = open_events[fits]
        modes[chosen], values[chosen], used[chosen] = number, quantised[fits], length[fits]
    return Coded(sum_code(energies.sum(axis=1)), modes, values, used)


class _Writer:
    """Words of bits, the first sent the highest."""

    def __init__(self, frames: int, bits: int):
        self.rows, self.bits = np.arange(frames), bits
        # What runs over the end falls into a word that is dropped.
        self.words = np.zeros((frames, bits // WORD + 3), dtype=np.uint64)
        self.place = np.zeros(frames, dtype=np.int64)

    def put(self, values: np.ndarray, widths: np.ndarray) -> None:
        """Append values (n,) of at most 32 bits."""
        place = np.minimum(self.place, self.bits)
        word, inside = place // WORD, place % WORD
        shift = (2 * WORD - inside - widths).astype(np.uint64)
        # A field of no bits is no shift that the machine has.
        moved = np.where(widths > 0, values.astype(np.uint64) << np.minimum(shift, 63), 0)
        self.words[self.rows, word] |= moved >> np.uint64(WORD)
        self.words[self.rows, word + 1] |= moved & np.uint64(0xFFFFFFFF)
        self.place += widths

    def frames(self) -> np.ndarray:
        """Bits, uint8 (n, bits)."""
        whole = self.words.astype(">u4").view(np.uint8)
        return np.unpackbits(whole, axis=1)[:, : self.bits]


def pack(codec: Codec, coded: Coded) -> np.ndarray:
    """Frames of coded events: uint8 (n, frame_bits), the first sent first."""
    writer = _Writer(len(coded.modes), codec.frame_bits)
    writer.put(coded.sums, np.full(len(coded.sums), SUM_CODE_BITS))
    writer.put(coded.modes, np.full(len(coded.modes), codec.mode_bits))
    tables = np.array([mode.table for mode in codec.modes])[coded.modes]
    lengths = np.array(codec.tables)
    words = np.array([canonical_words(table) for table in codec.tables])
    kinds, bits, behind = classes(codec, coded.values)
    symbols = joined(codec, kinds)
    for number, cells in enumerate(codec.symbols.groups):
        symbol = symbols[:, number]
        writer.put(words[tables, symbol], lengths[tables, symbol])
        for cell in cells:
            writer.put(behind[:, cell], bits[:, cell])
    return writer.frames()


def encode_frames(codec: Codec, energies: np.ndarray) -> np.ndarray:
    """Golden model of module ``encoder``: energies (n, 48) to frames, uint8 (n, frame_bits)."""
    return pack(codec, encode(codec, energies))


class _Reader:
    """Reads frames bit by bit, each at its own place."""

    def __init__(self, frames: np.ndarray):
        count, self.bits = frames.shape
        padded = np.zeros((count, (self.bits // WORD + 4) * WORD), dtype=np.uint8)
        padded[:, : self.bits] = frames
        packed = np.packbits(padded, axis=1)
        self.words = packed.view(">u4").astype(np.uint64)
        self.rows, self.place = np.arange(count), np.zeros(count, dtype=np.int64)

    def ahead(self, bits: int) -> np.ndarray:
        """The next bits, at most 32, zeros behind the end."""
        place = np.minimum(self.place, self.bits)
        word, inside = place // WORD, (place % WORD).astype(np.uint64)
        both = self.words[self.rows, word] << np.uint64(WORD) | self.words[self.rows, word + 1]
        return ((both << inside) >> np.uint64(2 * WORD - bits)).astype(np.int64)

    def take(self, bits: int) -> np.ndarray:
        """The next bits, and go on."""
        value = self.ahead(bits) if bits else np.zeros(len(self.rows), dtype=np.int64)
        self.place += bits
        return value


def decode(codec: Codec, frames: np.ndarray) -> Coded:
    """Read frames, bits (n, frame_bits): any bits have an answer.

    A symbol that is not whole within the frame, and all behind it, read as zero; so do all cells of
    a frame whose mode does not exist.
    """
    reader = _Reader(np.asarray(frames, dtype=np.uint8))
    sums, modes = reader.take(SUM_CODE_BITS), reader.take(codec.mode_bits)
    known = modes < len(codec.modes)
    tables = np.array([mode.table for mode in codec.modes])[np.where(known, modes, 0)]
    longest = max(max(table) for table in codec.tables)
    reading = [reading_table(table, longest) for table in codec.tables]
    symbol_of = np.stack([symbols for symbols, _ in reading])
    bits_of = np.stack([bits for _, bits in reading])
    shape = codec.symbols
    values = np.zeros((len(modes), TRIGGER_CELLS), dtype=np.int64)
    is_whole = known
    used = np.zeros(len(modes), dtype=np.int64)
    for cells in shape.groups:
        ahead = reader.ahead(longest)
        symbol = symbol_of[tables, ahead]
        reader.place += bits_of[tables, ahead]
        group = []
        for place in reversed(range(len(cells))):
            kind = symbol // shape.classes**place % shape.classes
            group.append(_value(codec, kind, reader))
        is_whole = is_whole & (reader.place <= codec.frame_bits)
        used = np.where(is_whole, reader.place, used)
        for cell, value in zip(cells, group, strict=True):
            values[:, cell] = np.where(is_whole, value, 0)
    head = SUM_CODE_BITS + codec.mode_bits
    return Coded(sums, modes, values, np.maximum(used - head, 0))


def _value(codec: Codec, kind: np.ndarray, reader: _Reader) -> np.ndarray:
    """A cell's value: its class, and what is read behind the symbol."""
    shape, most = codec.symbols, codec.extension_bits
    is_direct = kind < shape.direct
    length = np.where(is_direct, 1, kind - shape.direct + shape.direct_bits + 1)
    if most:
        is_open = ~is_direct & (length == shape.longest)
        ones = most - bit_lengths(((1 << most) - 1) & ~reader.ahead(most))
        length = np.where(is_open, length + ones, length)
        reader.place += np.where(is_open, ones + (ones < most), 0)
    raw_bits = np.where(is_direct, 0, length - 1)
    ahead = reader.ahead(WORD)
    raw = ahead >> (WORD - raw_bits)
    reader.place += raw_bits
    return np.where(is_direct, kind, (1 << raw_bits) | raw)


def plain_fractions(codec: Codec, received: Coded) -> np.ndarray:
    """Charge fractions without a learned decoder, float64 (n, 48).

    Even over all cells where nothing but the sum has come, zero where the event is empty.
    """
    fractions = received.values / np.maximum(received.values.sum(axis=1, keepdims=True), 1)
    fractions[received.values.sum(axis=1) == 0] = 1 / TRIGGER_CELLS
    return fractions * (received.sums > 0)[:, None]
