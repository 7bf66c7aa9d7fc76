"""Power from simulated toggle rates and a Liberty file's tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields

import numpy as np

from hexcoder.netlist.cell_tables import CellTables, read_tables
from hexcoder.netlist.delays import net_slews
from hexcoder.netlist.flat import FlatNetlist, Instance
from hexcoder.netlist.liberty import Library
from hexcoder.pdk.description import Pdk


@dataclass(frozen=True)
class Power:
    """In W."""

    internal_w: float = 0.0
    switching_w: float = 0.0
    leakage_w: float = 0.0

    @property
    def total_w(self) -> float:
        """Sum of the three."""
        return self.internal_w + self.switching_w + self.leakage_w

    def __add__(self, other: Power) -> Power:
        return Power(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


@dataclass(frozen=True)
class InstancePower:
    """Power of one cell; ``clock`` is what a register spends on its clock pin alone."""

    path: str
    data: Power
    clock: Power


def analyse_power(
    flat: FlatNetlist,
    toggle_rates: np.ndarray,
    loads: np.ndarray,
    pdk: Pdk,
    library: Library,
    period_ns: float,
) -> list[InstancePower]:
    """Power of each instance at the toggle rates of a simulation.

    Liberty's nonlinear power model: each toggle of an output takes the energy of its table at the
    slew of the input that turns it and the net's load, of several inputs in proportion to their
    toggles; each of a net charges or discharges it; inputs and clock pins have energies of their
    own. Slews are those of :func:`hexcoder.netlist.delays.net_slews`.

    Parameters
    ----------
    flat : FlatNetlist
    toggle_rates : (nets,) float64
        Toggles a clock cycle of each net of ``flat``.
    loads : (nets,) float64
        Capacitance of each net in F: :func:`net_loads`.
    pdk : Pdk
        Its Liberty file has the tables.
    library : Library
        The same file's cells.
    period_ns : float
    """
    tables = read_tables(pdk.liberty)
    slews = net_slews(flat, tables, loads)
    period = period_ns * 1e-9
    return [
        _power(i, tables[i.kind], library, toggle_rates, loads, slews, period)
        for i in flat.instances
    ]


def _power(
    instance: Instance,
    tables: CellTables,
    library: Library,
    rates: np.ndarray,
    loads: np.ndarray,
    slews: np.ndarray,
    period_s: float,
) -> InstancePower:
    cell, pins = library.cells[instance.kind], instance.pins
    internal = switching = clocking = 0.0
    for pin, arcs in tables.outputs.items():
        net = pins.get(pin)
        if net is None:
            continue
        switching += 0.5 * loads[net] * library.voltage_v**2 * rates[net]
        weights = {related: rates[pins[related]] if related else 1.0 for related in arcs}
        total = sum(weights.values())
        if total and rates[net]:
            energy = sum(
                weight * arcs[related].at(slews[pins[related]] if related else 0.0, loads[net])
                for related, weight in weights.items()
            )
            internal += rates[net] * energy / total
    clock = cell.flip_flop.clocked_on if cell.flip_flop else None
    for pin, states in tables.inputs.items():
        rate, slew = rates[pins[pin]], slews[pins[pin]]
        energy = rate * sum(part * table.at(slew, 0.0) for part, table in states)
        if pin == clock:
            clocking += energy
        else:
            internal += energy
    return InstancePower(
        instance.path,
        Power(internal / period_s, switching / period_s, cell.leakage_w),
        Power(clocking / period_s, 0.0, 0.0),
    )


def sum_by(
    powers: Iterable[InstancePower], key: Callable[[InstancePower], str]
) -> dict[str, Power]:
    """Sums over the instances that share a key."""
    sums: dict[str, Power] = defaultdict(Power)
    for power in powers:
        sums[key(power)] += power.data + power.clock
    return dict(sums)


def by_kind(
    powers: Iterable[InstancePower], flat: FlatNetlist, library: Library
) -> dict[str, Power]:
    """Sums for combinational cells, registers, and the clock: its tree and registers' pins."""
    sequential = {i.path for i in flat.instances if library.cells[i.kind].flip_flop}
    tree = {i.path for i in flat.instances if not flat.clocks.isdisjoint(_outputs(i, library))}
    sums = {"combinational": Power(), "sequential": Power(), "clock": Power()}
    for power in powers:
        kind = "sequential" if power.path in sequential else "combinational"
        sums["clock" if power.path in tree else kind] += power.data
        sums["clock"] += power.clock
    return sums


def _outputs(instance: Instance, library: Library) -> list[int]:
    cell = library.cells[instance.kind]
    return [net for pin, net in instance.pins.items() if cell.pins[pin].direction == "output"]
