"""Where registers stand in the encoder of a code: the fewest bits that meet the clock."""

from collections.abc import Iterable
from itertools import combinations

from hexcoder.config import Clock, Pipeline
from hexcoder.errors import InputError
from hexcoder.sensor.codec.codec import Codec
from hexcoder.sensor.front_end import ENERGY_BITS, SUM_BITS, SUM_CODE_BITS
from hexcoder.sensor.geometry import TRIGGER_CELLS
from hexcoder.technology import Technology

ENERGIES, SUM, NORMALISED = "energies", "sum", "normalised"
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


def _segments(delays: list[float], cut: Iterable[str]) -> list[float]:
    """Sums of delays between the places that are cut."""
    segments, places = [delays[0]], set(cut)
    for place, delay in zip(PLACES, delays[1:], strict=True):
        if place in places:
            segments.append(delay)
        else:
            segments[-1] += delay
    return segments


def places_for(codec: Codec, pipeline: Pipeline, clock: Clock, technology: Technology) -> list[str]:
    """Ranks of registers, in the order of the data: those of ``code_places``, if it says any.

    Of the cuts into as many segments as ``stages`` says, or into any number for "auto" or none,
    those whose segments fit the clock; of these the fewest bits of registers, or with ``even`` the
    shortest longest segment. Where none fits, the shortest longest segment.

    Raises
    ------
    InputError
        If there are more stages than places.
    """
    if pipeline.code_places is not None:
        named = [place for place in PLACES if place in pipeline.code_places]
        return [ENERGIES] * pipeline.energies + named
    delays = delays_ns(codec, technology)
    room = clock.period_ns - clock.uncertainty_ns - clock.input_delay_ns - technology.register_ns
    counts = list(range(len(PLACES) + 1))
    if isinstance(pipeline.stages, int):
        if pipeline.stages - 1 not in counts:
            raise InputError(
                f"codec {codec.name}: key 'pipeline.stages' = {pipeline.stages}: a code has at "
                f"most {len(PLACES) + 1} stages"
            )
        counts = [pipeline.stages - 1]
    cuts: list[list[str]] = [list(cut) for count in counts for cut in combinations(PLACES, count)]

    def rank(cut: list[str]) -> tuple[float, float]:
        longest, bits = max(_segments(delays, cut)), _bits(codec, cut)
        late = longest if pipeline.even else max(0.0, longest - room)
        return late, bits

    best = min(cuts, key=rank)
    return [ENERGIES] * pipeline.energies + best


def _bits(codec: Codec, cut: Iterable[str]) -> int:
    return sum(register_bits(codec, place) for place in cut)
