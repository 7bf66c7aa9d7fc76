"""Places of registers in the encoder of a code: what crosses them, and the logic between them."""

from collections.abc import Sequence

from hexcoder.hw.codec.packer import field_widths, middle, shift_widths
from hexcoder.hw.codec.shape import CodeShape
from hexcoder.sensor.codec.codec import Codec, Mode
from hexcoder.sensor.front_end import ENERGY_BITS, SUM_BITS, SUM_CODE_BITS
from hexcoder.sensor.geometry import TRIGGER_CELLS
from hexcoder.technology import Technology

SUM, NORMALISED, CARRIED, QUANTISED = "sum", "normalised", "carried", "quantised"
FITS, VALUES, CODES, PACKED = "fits", "values", "codes", "packed"
PLACES = (SUM, NORMALISED, CARRIED, QUANTISED, FITS, VALUES, CODES, PACKED)
"""Places within the logic, in the order of the data."""


def shape_of(codec: Codec) -> CodeShape:
    """What the components have to know."""
    groups = tuple(tuple(int(cell) for cell in group) for group in codec.symbols.groups)
    symbols = codec.symbols
    return CodeShape(symbols.direct, symbols.longest, codec.most_value_bits, groups)


def delays_ns(codec: Codec, technology: Technology) -> list[float]:
    """Estimate of the logic before, between and behind :data:`PLACES`, in ns."""
    carry, add = technology.full_adder_carry_ns, technology.full_adder_sum_ns
    gate, switch = technology.and_ns, technology.xor_ns
    cells = (TRIGGER_CELLS - 1).bit_length()
    steps = (SUM_BITS - 1).bit_length()
    before, behind = (max(map(len, half)) for half in halves(codec.paths))
    symbols = len(codec.symbols.groups)
    word = max(max(table) for table in codec.tables)
    # A row of drivers for a signal that all cells read.
    drive = 3 * gate
    switches = [max(widths) for widths in shift_widths(symbols, 1 << 4)]
    half = sum(switches) / 2 * switch
    return [
        SUM_BITS * carry + cells * add,
        (steps * (steps - 1) / 2) * gate + 2 * steps * switch + drive,
        codec.charge_bits * carry + before * (add + carry),
        codec.residue_bits * carry + behind * (add + carry),
        (6 + 2 * codec.symbols.cells) * gate + cells * (add + carry) + 8 * carry,
        (len(codec.modes).bit_length() + 4) * gate + drive,
        (8 + 2 * codec.symbols.cells) * gate
        + word.bit_length() * switch
        + (symbols - 1).bit_length() * (add + carry)
        + SUM_CODE_BITS * carry,
        half + drive,
        half,
    ]


def halves(paths: Sequence[Sequence[int]]) -> tuple[list[Sequence[int]], list[Sequence[int]]]:
    """The cells of each path up to its middle, and those behind."""
    middles = [(len(path) + 1) // 2 for path in paths]
    pairs = list(zip(paths, middles, strict=True))
    return [path[:end] for path, end in pairs], [path[end:] for path, end in pairs]


def register_bits(codec: Codec) -> dict[str, int]:
    """Bits that cross each place."""
    steps = [codec.value_bits(Mode(shift=s, factor=f, table=0)) for s, f in codec.steps]
    values, head = codec.most_value_bits * TRIGGER_CELLS, SUM_CODE_BITS + codec.mode_bits
    quantised = sum(steps) * TRIGGER_CELLS + SUM_CODE_BITS
    before, behind = (sum(map(len, half)) for half in halves(codec.paths))
    residues = len(steps) * len(codec.paths) * codec.residue_bits
    groups = len(codec.symbols.groups)
    word = max(max(table) for table in codec.tables)
    kinds = shape_of(codec).kinds(codec.most_value_bits)
    longest = word + codec.symbols.cells * max(kind.behind for kind in kinds)
    shifts, level = shift_widths(groups, longest), middle(groups, longest)
    joined = field_widths(groups, longest, codec.payload_bits)[level]
    return {
        SUM: TRIGGER_CELLS * ENERGY_BITS + SUM_BITS,
        NORMALISED: TRIGGER_CELLS * codec.charge_bits + SUM_CODE_BITS,
        CARRIED: sum(steps) * before + residues + behind * codec.charge_bits + SUM_CODE_BITS,
        QUANTISED: quantised,
        FITS: quantised + len(codec.modes),
        VALUES: values + len(codec.tables) + head,
        CODES: groups * longest + sum(map(sum, shifts)) + head,
        PACKED: sum(joined) + sum(map(sum, shifts[level:])) + head,
    }
