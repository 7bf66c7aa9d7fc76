"""Energies of toggles, delays and transition times, from a Liberty file's tables.

Debian's OpenSTA 2.0.17 adds the energies of both edges for each toggle, and those of every arc to
an output that toggles once: an inverter's internal power comes out twice as large as its table
says, a full adder's about five times. So the flow reads the tables itself.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from hexcoder.errors import InputError
from hexcoder.netlist.liberty import Group, parse, read_liberty_text


@dataclass(frozen=True, slots=True)
class Table:
    """Values by slew and load: ``values[i][j]`` at ``slews[i]`` and ``loads[j]``, SI units."""

    slews: tuple[float, ...]
    loads: tuple[float, ...]
    values: tuple[tuple[float, ...], ...]

    def at(self, slew: float, load: float) -> float:
        """Bilinear between entries; the edge's value beyond them."""
        i, s = _place(self.slews, slew)
        j, t = _place(self.loads, load)
        rows = self.values
        low = rows[i][j] + (rows[i][j + 1] - rows[i][j]) * t if t else rows[i][j]
        if not s:
            return low
        high = rows[i + 1][j] + (rows[i + 1][j + 1] - rows[i + 1][j]) * t if t else rows[i + 1][j]
        return low + (high - low) * s

    def at_each(self, slews: np.ndarray, loads: np.ndarray) -> np.ndarray:
        """:meth:`at` of each pair of arrays (n,) float64."""
        grid = np.array(self.values)
        i, s = _places(self.slews, slews)
        j, t = _places(self.loads, loads)
        above_i = np.minimum(i + 1, len(self.slews) - 1)
        above_j = np.minimum(j + 1, len(self.loads) - 1)
        low = grid[i, j] + (grid[i, above_j] - grid[i, j]) * t
        high = grid[above_i, j] + (grid[above_i, above_j] - grid[above_i, j]) * t
        return low + (high - low) * s


def _places(index: Sequence[float], values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each value the entry at or below it, and how far it is towards the next."""
    if len(index) < 2:
        return np.zeros(len(values), np.int64), np.zeros(len(values))
    entries = np.array(index)
    inside = np.clip(values, entries[0], entries[-1])
    place = np.clip(np.searchsorted(entries, inside, "right") - 1, 0, len(index) - 2)
    return place, (inside - entries[place]) / (entries[place + 1] - entries[place])


def _place(index: Sequence[float], value: float) -> tuple[int, float]:
    if len(index) < 2 or value <= index[0]:
        return 0, 0.0
    if value >= index[-1]:
        return len(index) - 2, 1.0
    place = bisect_right(index, value) - 1
    return place, (value - index[place]) / (index[place + 1] - index[place])


@dataclass(frozen=True, slots=True)
class CellTables:
    """Of one cell, by output and input that turns it ('' if the file does not say), or by input.

    Attributes
    ----------
    outputs
        Energy of a toggle in J, the mean of both edges and of all states of the other inputs.
    inputs
        Energy in J of an input's own toggles, each with the part of time in which it counts.
    transitions
        Transition time in s, the mean of both edges, of the slowest arc.
    slowest
        The same of the slower edge.
    delays
        Delay in s to a rise and to a fall of the output, the mean of all states of other inputs.
    setups
        Of a register's data input: setup time in s, the longest of both edges and all states. The
        table's loads are the data's transition times in s, its slews those of the clock.
    """

    outputs: Mapping[str, Mapping[str, Table]]
    inputs: Mapping[str, Sequence[tuple[float, Table]]]
    transitions: Mapping[str, Mapping[str, Table]]
    slowest: Mapping[str, Mapping[str, Table]]
    delays: Mapping[str, Mapping[str, tuple[Table, Table]]]
    setups: Mapping[str, Table]


@lru_cache(maxsize=8)
def read_tables(path: Path) -> Mapping[str, CellTables]:
    """Tables of the cells of a Liberty file, each read when it is first asked for."""
    return _Reader(parse(read_liberty_text(path), str(path)))


class _Reader(Mapping[str, CellTables]):
    def __init__(self, top: Group):
        self.groups = {group.name: group for group in top.of_kind("cell")}
        self.read: dict[str, CellTables] = {}
        self.farad, self.second = top.farad, top.second
        # Liberty User Guide: energy has the unit of capacitance times voltage squared.
        self.joule = self.farad
        kinds = ("power_lut_template", "lu_table_template")
        self.templates = {g.name: g for kind in kinds for g in top.of_kind(kind)}

    def __getitem__(self, name: str) -> CellTables:
        if name not in self.read:
            self.read[name] = self._cell(self.groups[name])
        return self.read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.groups)

    def __len__(self) -> int:
        return len(self.groups)

    def _cell(self, group: Group) -> CellTables:
        outputs: dict[str, dict[str, Table]] = {}
        inputs: dict[str, list[tuple[float, Table]]] = {}
        transitions: dict[str, dict[str, Table]] = {}
        slowest: dict[str, dict[str, Table]] = {}
        delays: dict[str, dict[str, tuple[Table, Table]]] = {}
        setups: dict[str, Table] = {}
        for pin in group.of_kind("pin"):
            powers = [p for p in pin.of_kind("internal_power") if self._edges(p)]
            for name in pin.arguments:
                if pin.attributes.get("direction") == "input":
                    inputs[name] = self._input(powers)
                    if constraints := self._setups(pin):
                        setups[name] = _merged(constraints, max)
                else:
                    energies = _by_input(((p, [_mean(self._edges(p))]) for p in powers), [""])
                    outputs[name] = {i: _mean(tables) for i, tables in energies.items()}
                    transitions[name] = self._transitions(pin, _mean)
                    slowest[name] = self._transitions(pin, partial(_merged, how=max))
                    delays[name] = self._delays(pin)
        return CellTables(outputs, inputs, transitions, slowest, delays, setups)

    def _edges(self, power: Group) -> list[Table]:
        groups = [*power.of_kind("rise_power"), *power.of_kind("fall_power")]
        # 'power' stands for both edges.
        groups = groups or power.of_kind("power") * 2
        found = [self._table(group, self.joule) for group in groups]
        # An edge that has no table costs nothing.
        return found * 2 if len(found) == 1 and not power.of_kind("power") else found

    def _input(self, powers: Sequence[Group]) -> list[tuple[float, Table]]:
        conditional, always = [], []
        for power in powers:
            table = _mean(self._edges(power))
            if power.attributes.get("when"):
                # Inputs are taken to be 0 as often as 1.
                conditional.append((power.function("when").part_true, table))
            else:
                always.append(table)
        return [*conditional, *([(1.0, _mean(always))] if always else [])]

    def _transitions(
        self, pin: Group, of_edges: Callable[[Sequence[Table]], Table]
    ) -> dict[str, Table]:
        timings = [
            (timing, self._tables(timing, "rise_transition", "fall_transition"))
            for timing in pin.of_kind("timing")
        ]
        slowest = _by_input((timing, [of_edges(tables)]) for timing, tables in timings if tables)
        return {related: _merged(tables, max) for related, tables in slowest.items()}

    def _delays(self, pin: Group) -> dict[str, tuple[Table, Table]]:
        rise, fall = (
            _by_input((timing, self._tables(timing, edge)) for timing in pin.of_kind("timing"))
            for edge in ("cell_rise", "cell_fall")
        )
        return {i: (_mean(rise[i]), _mean(fall[i])) for i in rise if rise[i] and fall[i]}

    def _setups(self, pin: Group) -> list[Table]:
        return [
            table
            for timing in pin.of_kind("timing")
            if timing.attributes.get("timing_type", "").startswith("setup_")
            for table in self._tables(timing, "rise_constraint", "fall_constraint")
        ]

    def _tables(self, timing: Group, *kinds: str) -> list[Table]:
        return [self._table(g, self.second) for kind in kinds for g in timing.of_kind(kind)]

    def _table(self, group: Group, unit: float) -> Table:
        template = self.templates.get(group.arguments[0]) if group.arguments else None
        rows = [_floats(group, row) for row in group.lists.get("values", [["0"]])[0]]
        axes: dict[str, tuple[float, ...]] = {}
        for number in (1, 2):
            name = template.attributes.get(f"variable_{number}", "") if template else ""
            given = group.lists.get(f"index_{number}") or (
                template.lists.get(f"index_{number}") if template else None
            )
            if name and given:
                scale = self.farad if "capacitance" in name else self.second
                axes["load" if _is_second_axis(name) else "slew"] = tuple(
                    value * scale for value in _floats(group, " ".join(given[0]))
                )
        slews, loads = axes.get("slew", (0.0,)), axes.get("load", (0.0,))
        values = np.array([value for row in rows for value in row]) * unit
        first_is_load = template is not None and _is_second_axis(
            template.attributes.get("variable_1", "")
        )
        shape = (len(loads), len(slews)) if first_is_load else (len(slews), len(loads))
        if values.size not in (1, len(slews) * len(loads)):
            wanted = f"{len(slews)} slews times {len(loads)} loads"
            raise InputError(f"{group.place}: {values.size} values, not {wanted}")
        grid = np.resize(values, shape) if values.size == 1 else values.reshape(shape)
        if first_is_load:
            grid = grid.T
        return Table(slews, loads, tuple(tuple(float(v) for v in row) for row in grid))


def _is_second_axis(variable: str) -> bool:
    return "capacitance" in variable or variable == "constrained_pin_transition"


def _floats(group: Group, text: str) -> list[float]:
    words = re.split(r"[,\s]+", text.strip())
    return [group.as_number("table's entry", word) for word in words if word]


def _by_input(
    arcs: Iterable[tuple[Group, Sequence[Table]]], unnamed: Sequence[str] = ()
) -> dict[str, list[Table]]:
    """Tables of arcs by the input that each starts from; ``unnamed`` where none is named."""
    tables_of: dict[str, list[Table]] = defaultdict(list)
    for group, tables in arcs:
        for related in group.attributes.get("related_pin", "").split() or unnamed:
            tables_of[related] += tables
    return tables_of


def _mean(tables: Sequence[Table]) -> Table:
    return _merged(tables, lambda values: sum(values) / len(values))


def _merged(tables: Sequence[Table], how: Callable[[list[float]], float]) -> Table:
    """Entry by entry, on the axes of the first."""
    first = tables[0]
    if len(tables) == 1:
        return first
    return Table(
        first.slews,
        first.loads,
        tuple(
            tuple(how([table.at(slew, load) for table in tables]) for load in first.loads)
            for slew in first.slews
        ),
    )
