"""Module ``encoder`` of a classical method: 48 energies to a frame."""

# Amaranth types a slice as what may also join pins of a board; here there are none.
# pyright: reportReturnType=false, reportArgumentType=false, reportOperatorIssue=false

from collections.abc import Collection

from amaranth.hdl import Cat, Module, Value

from hexcoder.gen.places import ENERGIES, RankedModule
from hexcoder.hw.classical.compaction import Compaction
from hexcoder.hw.classical.largest import FirstFlags, Largest
from hexcoder.hw.classical.super_cell import SuperCell
from hexcoder.hw.energy_sum import EnergySum
from hexcoder.hw.float_code import FloatCode
from hexcoder.hw.leading_one import LeadingOne
from hexcoder.sensor.classical.method import CELL_CODE, CELL_CODE_BITS, Classical
from hexcoder.sensor.front_end import ENERGY_BITS, SUM_BITS, SUM_CODE_BITS
from hexcoder.sensor.geometry import TRIGGER_CELLS, coarse_groups
from hexcoder.technology import Technology

CODES, CHOSEN = "codes", "chosen"


def register_bits(method: Classical) -> dict[str, int]:
    """Bits that cross each place of registers, in the order of the data."""
    if method.method == "super_trigger_cells":
        return {}
    codes = TRIGGER_CELLS * CELL_CODE_BITS + SUM_CODE_BITS
    return {CODES: codes, CHOSEN: codes + TRIGGER_CELLS}


def delays_ns(method: Classical, technology: Technology) -> list[float]:
    """Estimates in ns of the logic before, between and behind the places."""
    carry, add = technology.full_adder_carry_ns, technology.full_adder_sum_ns
    gate, switch = technology.and_ns, technology.xor_ns
    steps = (SUM_BITS - 1).bit_length()
    code = SUM_BITS * carry + 6 * add + (steps * (steps - 1) / 2) * gate + 2 * steps * switch
    if method.method == "super_trigger_cells":
        return [code]
    levels = TRIGGER_CELLS.bit_length()
    count = levels * add + 2 * levels * carry
    rounds = CELL_CODE_BITS if method.method == "best_choice" else 0
    return [code, rounds * (count + 4 * gate) + count, count + levels * 2 * gate]


def _reversed(value: Value) -> Value:
    """The highest bit first, as it is sent."""
    return Cat(value[bit] for bit in reversed(range(len(value))))


class ClassicalEncoder(RankedModule):
    """From 48 energies to a frame of fixed size.

    ``in_data`` holds energy k in bits [k*22 +: 22]. The frame's first bit is the highest of
    ``out_data``.

    Parameters
    ----------
    method : Classical
    ranks : collection of str
        Places of registers.
    """

    def __init__(self, method: Classical, ranks: Collection[str] = ()):
        self.method = method
        super().__init__(TRIGGER_CELLS * ENERGY_BITS, method.frame_bits, ranks)

    def elaborate(self, platform: object) -> Module:
        m = self.begun()
        data = self.rank(m, ENERGIES, self.in_data)
        energies = [data.word_select(cell, ENERGY_BITS) for cell in range(TRIGGER_CELLS)]
        if self.method.method == "super_trigger_cells":
            sent = self._super_cells(m, energies)
        else:
            sent = self._few_cells(m, data, energies)
        m.d.comb += self.out_data.eq(_reversed(Cat(*sent)))
        return m

    def _super_cells(self, m: Module, energies: list[Value]) -> list[Value]:
        """Code and place of each group, in the order in which they are sent."""
        sent: list[Value] = []
        for number, cells in enumerate(coarse_groups()):
            m.submodules[f"group_{number}"] = group = SuperCell(ENERGY_BITS)
            m.d.comb += group.energies.eq(Cat(energies[cell] for cell in cells))
            sent += [_reversed(group.code), _reversed(group.place)]
        return sent

    def _few_cells(self, m: Module, data: Value, energies: list[Value]) -> list[Value]:
        """Code of the sum, flags and codes of the chosen cells, in the order of sending."""
        kept = self.method.kept or 0
        m.submodules.energy_sum = energy_sum = EnergySum(TRIGGER_CELLS, ENERGY_BITS)
        m.d.comb += energy_sum.energies.eq(data)
        coders = Module()
        m.submodules.codes = coders
        total = self.rank(m, CODES, _float_code(coders, energy_sum.total, "sum"))
        each = Cat(
            _float_code(coders, energy, f"cell_{number}", CELL_CODE)
            for number, energy in enumerate(energies)
        )
        if self.method.method == "best_choice":
            codes = self.rank(m, CODES, each)
            m.submodules.largest = largest = Largest(TRIGGER_CELLS, CELL_CODE_BITS, kept)
            m.d.comb += largest.numbers.eq(codes)
            chosen = largest.chosen
        else:
            over = Cat(energy >= self.method.threshold_adc for energy in energies)
            codes, over = self.rank(m, CODES, each), self.rank(m, CODES, over)
            m.submodules.first = first = FirstFlags(TRIGGER_CELLS, kept)
            m.d.comb += first.flags.eq(over)
            chosen = first.chosen
        total, codes = self.rank(m, CHOSEN, total), self.rank(m, CHOSEN, codes)
        chosen = self.rank(m, CHOSEN, chosen)
        m.submodules.compaction = compaction = Compaction(TRIGGER_CELLS, CELL_CODE_BITS, kept)
        m.d.comb += [compaction.data.eq(codes), compaction.flags.eq(chosen)]
        words = [
            _reversed(compaction.packed.word_select(place, CELL_CODE_BITS)) for place in range(kept)
        ]
        return [_reversed(total), chosen, *words]


def _float_code(m: Module, value: Value, name: str, shape: tuple[int, int] | None = None) -> Value:
    m.submodules[f"{name}_leading_one"] = leading_one = LeadingOne(len(value))
    m.submodules[f"{name}_code"] = code = FloatCode(len(value), leading_one.steps, *(shape or ()))
    m.d.comb += [
        leading_one.i.eq(value),
        code.total.eq(value),
        code.position.eq(leading_one.position),
    ]
    return code.code
