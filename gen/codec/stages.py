"""Places of registers in the encoder of a code: what crosses them, and the logic between them."""

from hexcoder.sensor.codec.codec import Codec
from hexcoder.sensor.front_end import ENERGY_BITS, SUM_BITS, SUM_CODE_BITS
from hexcoder.sensor.geometry import TRIGGER_CELLS
from hexcoder.technology import Technology

SUM, NORMALISED = "sum", "normalised"
QUANTISED, VALUES, CODES = "quantised", "values", "codes"
PLACES = (SUM, NORMALISED, QUANTISED, VALUES, CODES)
"""Places within the logic, in the order of the data."""


def delays_ns(codec: Codec, technology: Technology) -> list[float]:
    """Estimate of the logic before, between and behind :data:`PLACES`, in ns."""
    carry, add = technology.full_adder_carry_ns, technology.full_adder_sum_ns
    gate, switch = technology.and_ns, technology.xor_ns
    cells = (TRIGGER_CELLS - 1).bit_length()
    steps = (SUM_BITS - 1).bit_length()
    longest = max(len(path) for path in codec.paths)
    symbols = len(codec.symbols.groups)
    word = max(max(table) for table in codec.tables)
    # A row of drivers for a signal that all cells read.
    drive = 3 * gate
    return [
        SUM_BITS * carry + cells * add,
        (steps * (steps - 1) / 2) * gate + 2 * steps * switch + drive,
        codec.charge_bits * carry + (codec.residue_bits * carry + longest * (add + 2 * carry)),
        (6 + 2 * codec.symbols.cells) * gate
        + cells * (add + carry)
        + 8 * carry
        + (len(codec.modes).bit_length() + 4) * gate
        + drive,
        (8 + 2 * codec.symbols.cells) * gate
        + word.bit_length() * switch
        + (symbols - 1).bit_length() * (add + carry)
        + SUM_CODE_BITS * carry,
        (symbols - 1).bit_length() * 6 * switch + drive,
    ]


def register_bits(codec: Codec, place: str) -> int:
    """Bits that cross a place."""
    values = codec.most_value_bits * TRIGGER_CELLS
    head = SUM_CODE_BITS + codec.mode_bits
    return {
        SUM: TRIGGER_CELLS * ENERGY_BITS + SUM_BITS,
        NORMALISED: TRIGGER_CELLS * codec.charge_bits + SUM_CODE_BITS,
        QUANTISED: len(codec.steps) * values,
        VALUES: values + len(codec.tables) + head,
        CODES: 3 * values + head,
    }[place]
