"""Power from simulated toggle rates, through OpenSTA's report_power.

Debian's OpenSTA cannot take the activity of single nets. Its power of an instance is linear in the
global activity, so two reports, at 0 and at 1 toggle a clock cycle, give the power at any rate.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from flow.liberty import Library
from flow.pdk import Pdk
from flow.sta import run_sta
from flow.synthesis import Netlist
from hexcoder.errors import InputError
from tb.netlist_model import FlatNetlist, Instance

_ROW = re.compile(r"^\s*(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s+(\S+)$", re.MULTILINE)


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
    netlist: Netlist,
    flat: FlatNetlist,
    toggle_rates: np.ndarray,
    pdk: Pdk,
    library: Library,
    constraints: Path,
    wire_load: str | None,
    folder: Path,
    layout: Sequence[str] = (),
) -> list[InstancePower]:
    """Power of each instance at the toggle rates of a simulation.

    Parameters
    ----------
    netlist : Netlist
    flat : FlatNetlist
        The same netlist, flat.
    toggle_rates : (nets,) float64
        Toggles a clock cycle of each net of ``flat``.
    pdk, library, constraints, wire_load, layout
        As for timing.
    folder : Path
        Gets, in logs/, the reports at activity 0 and 1.

    Returns
    -------
    list of InstancePower

    Raises
    ------
    InputError
        If OpenSTA is missing, fails or does not report an instance.
    """
    idle = report_power(0.0, netlist, pdk, constraints, folder, layout)
    busy = report_power(1.0, netlist, pdk, constraints, folder, layout)
    loads = net_loads(flat, library, pdk, wire_load)
    return [
        _interpolate(instance, idle, busy, toggle_rates, loads, library)
        for instance in flat.instances
    ]


def report_power(
    activity: float,
    netlist: Netlist,
    pdk: Pdk,
    constraints: Path,
    folder: Path,
    layout: Sequence[str] = (),
) -> dict[str, Power]:
    """Power of each instance when every net toggles ``activity`` times a clock cycle."""
    logs = folder / "logs"
    logs.mkdir(exist_ok=True)
    report = logs / f"power_activity_{activity:g}.rpt"
    commands = [
        f"set_power_activity -global -activity {activity}",
        f"report_power -digits 9 -instances [get_cells -hierarchical *] > {{{report}}}",
    ]
    run_sta(commands, netlist, pdk, constraints, logs / f"power_activity_{activity:g}.tcl", layout)
    return {
        row[4]: Power(float(row[0]), float(row[1]), float(row[2]))
        for row in _ROW.findall(report.read_text())
        if row[0][0].isdigit()
    }


def net_loads(flat: FlatNetlist, library: Library, pdk: Pdk, wire_load: str | None) -> np.ndarray:
    """Capacitance of each net in F: input pins, estimated wire, and the load at an output port."""
    pins = np.zeros(len(flat.nets))
    fanout = np.zeros(len(flat.nets), np.int64)
    for instance in flat.instances:
        for pin, net in instance.pins.items():
            described = library.cells[instance.kind].pins[pin]
            if described.direction == "input":
                pins[net] += described.capacitance_f
                fanout[net] += 1
    for port, nets in flat.ports.items():
        if port not in flat.inputs:
            pins[nets] += pdk.output_load_ff * 1e-15
            fanout[nets] += 1
    if wire_load:
        model = library.wire_loads[wire_load]
        pins += np.array([model.capacitance_f(int(count)) for count in fanout])
    return pins


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


def _interpolate(
    instance: Instance,
    idle: dict[str, Power],
    busy: dict[str, Power],
    toggle_rates: np.ndarray,
    loads: np.ndarray,
    library: Library,
) -> InstancePower:
    low, high = idle.get(instance.path), busy.get(instance.path)
    if low is None or high is None:
        raise InputError(f"sta: no power of instance {instance.path} (logs/power_activity_0.rpt)")
    cell = library.cells[instance.kind]
    outputs = _outputs(instance, library)
    rates, weights = toggle_rates[outputs], loads[outputs]
    # Switching of several outputs splits by their loads, which OpenSTA charges to the driver;
    # internal power has no such split in the report: the mean.
    mean = float(rates.mean()) if outputs else 0.0
    by_load = float(rates @ weights / weights.sum()) if outputs and weights.sum() else mean
    data = Power(
        internal_w=mean * (high.internal_w - low.internal_w),
        switching_w=by_load * (high.switching_w - low.switching_w),
        leakage_w=low.leakage_w,
    )
    standing = Power(low.internal_w, low.switching_w, 0.0)
    if cell.flip_flop:
        return InstancePower(instance.path, data, standing)
    return InstancePower(instance.path, data + standing, Power())
