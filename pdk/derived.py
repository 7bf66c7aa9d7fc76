"""A technology table worked out from a Liberty file, for a PDK whose description gives none."""

from collections.abc import Callable, Iterable, Sequence
from statistics import mean

import pydantic

from hexcoder.errors import InputError
from hexcoder.netlist.cell_models import models_of
from hexcoder.netlist.cell_tables import CellTables, read_tables
from hexcoder.netlist.flat import CellModel
from hexcoder.netlist.function import Function
from hexcoder.netlist.liberty import read_liberty
from hexcoder.pdk.description import AdderGates, Pdk
from hexcoder.technology import Technology

_SLEW_STEPS = 5
"""Steps in which the transition time settles that gates give each other."""


def derived_technology(pdk: Pdk) -> Technology:
    """Areas and delays of a PDK's cells, from the Liberty file of its first corner.

    Areas are those of the full adder (the cell, or the gates in its place), of the cheaper of the
    half adder's cell and XOR with NAND or AND, and of the smallest flip-flop, XOR and AND.
    Delays are means over inputs and edges, with one reader: a full adder's or XOR's input, and the
    wire load that the library has by default. Transition times are what an XOR gives that drives
    another one so. A second reader gives ``fan_out_ns``.

    Raises
    ------
    InputError
        Naming what the library lacks.
    """
    return _Derivation(pdk).technology()


class _Derivation:
    def __init__(self, pdk: Pdk):
        self._pdk = pdk
        self._library = read_liberty(pdk.liberty)
        self._tables = read_tables(pdk.liberty)
        self._models = models_of(self._library)
        self._xor = self._smallest("XOR", lambda model: _is(model, "a ^ b"))
        self._and = self._smallest("AND", lambda model: _is(model, "a & b"))
        self._flop = self._smallest("D flip-flop", _is_plain_flip_flop)
        self._wire = self._library.wire_loads.get(self._library.default_wire_load or "")
        self._slew = 0.0
        arcs = self._table(self._xor).transitions.values()
        transitions = [table for by_input in arcs for table in by_input.values()]
        if not transitions:
            raise self._lacks(f"transition times of cell {self._xor}")
        for _ in range(_SLEW_STEPS):
            self._slew = mean(table.at(self._slew, self._load(1)) for table in transitions)

    def technology(self) -> Technology:
        """The whole table."""
        both = self._smallest("NAND or AND", lambda m: _is(m, "!(a & b)") or _is(m, "a & b"))
        half_adder = self._area(self._xor) + self._area(both)
        if self._pdk.half_adder:
            half_adder = min(half_adder, self._area(self._pdk.half_adder.cell))
        area, total, carry = self._full_adder(1)
        _, total_of_two, carry_of_two = self._full_adder(2)
        values = {
            "full_adder_um2": area,
            "half_adder_um2": half_adder,
            "register_um2": self._area(self._flop),
            "xor_um2": self._area(self._xor),
            "and_um2": self._area(self._and),
            "full_adder_sum_ns": total,
            "full_adder_carry_ns": carry,
            "xor_ns": self._delay(self._xor),
            "and_ns": self._delay(self._and),
            "fan_out_ns": (total_of_two - total + carry_of_two - carry) / 2,
            "register_ns": self._delay(self._flop) + self._setup(),
        }
        try:
            return Technology(**{key: round(value, 6) for key, value in values.items()})
        except pydantic.ValidationError as error:
            key = str(error.errors()[0]["loc"][0])
            what = f"tables that give a positive {key} (got {values[key]:g})"
            raise self._lacks(what) from None

    def _full_adder(self, readers: int) -> tuple[float, float, float]:
        """Area in um2, delays to sum and to carry in ns."""
        adder = self._pdk.adder
        if not isinstance(adder, AdderGates):
            sum_ns, carry_ns = (
                self._delay(adder.cell, readers, pin) for pin in (adder.sum, adder.carry)
            )
            return self._area(adder.cell), sum_ns, carry_ns
        # Two XORs; nand(nand(a, b), or_nand(a, b, c)) is the carry.
        xor, nand, or_nand = adder.xor, adder.nand, adder.or_nand
        area = 2 * self._area(xor.cell) + 2 * self._area(nand.cell) + self._area(or_nand.cell)
        sum_ns = self._delay(xor.cell) + self._delay(xor.cell, readers)
        return area, sum_ns, self._delay(or_nand.cell) + self._delay(nand.cell, readers)

    def _lacks(self, what: str) -> InputError:
        return InputError(
            f"PDK {self._pdk.name}: {self._pdk.liberty} has no {what}; a section [technology] in "
            "the description may give the whole table instead (docs/extending.md)"
        )

    def _smallest(self, what: str, wanted: Callable[[CellModel], bool]) -> str:
        cells = [name for name, model in self._models.items() if wanted(model)]
        if not cells:
            raise self._lacks(what)
        return min(cells, key=lambda name: (self._area(name), name))

    def _area(self, cell: str) -> float:
        if cell not in self._library.cells:
            raise self._lacks(f"cell {cell}")
        return self._library.cells[cell].area_um2

    def _table(self, cell: str) -> CellTables:
        if cell not in self._tables:
            raise self._lacks(f"cell {cell}")
        return self._tables[cell]

    def _load(self, readers: int) -> float:
        """Capacitance of a net with so many readers, in F."""
        adder = self._pdk.adder
        name = adder.xor.cell if isinstance(adder, AdderGates) else adder.cell
        if name not in self._library.cells:
            raise self._lacks(f"cell {name}")
        pins = self._library.cells[name].pins.values()
        inputs = [pin.capacitance_f for pin in pins if pin.direction == "input"]
        if not inputs:
            raise self._lacks(f"input of cell {name}")
        return readers * mean(inputs) + (self._wire.capacitance_f(readers) if self._wire else 0.0)

    def _delay(self, cell: str, readers: int = 1, output: str | None = None) -> float:
        """Mean delay in ns to an output; of a flip-flop or gate to the quickest output."""
        delays = self._table(cell).delays
        outputs: Iterable[str] = delays if output is None else [output]
        means = [
            mean(
                edge.at(self._slew, self._load(readers))
                for edges in delays.get(pin, {}).values()
                for edge in edges
            )
            for pin in outputs
            if delays.get(pin)
        ]
        if not means:
            raise self._lacks(f"delays of cell {cell}")
        return 1e9 * min(means)

    def _setup(self) -> float:
        """Setup time of the flip-flop in ns."""
        setups = self._table(self._flop).setups
        if not setups:
            raise self._lacks(f"setup time of cell {self._flop}")
        return 1e9 * max(table.at(self._slew, self._slew) for table in setups.values())


def _is(model: CellModel, function: str) -> bool:
    """Whether a gate's one output is a function of a and b, in either order of its pins."""
    if model.register is not None or len(model.inputs) != 2 or len(model.outputs) != 1:
        return False
    (output,) = model.outputs.values()
    wanted = Function.parse(function).truth_table(("a", "b"))
    return output.truth_table(model.inputs) == wanted


def _is_plain_flip_flop(model: CellModel) -> bool:
    register = model.register
    data: Sequence[str] = [pin for pin in model.inputs if register and pin != register.clock]
    return (
        register is not None
        and register.next_state.single_input in data
        and model.state_pin is not None
    )
