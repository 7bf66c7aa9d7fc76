"""What glitches cost: toggles of a simulation with delays against those of one without.

Icarus Verilog gives the measurement, and the outputs at speed; the simulation of
netlist/delayed_lanes.py the same toggles to a fraction of a per cent, hundreds of times as fast.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hexcoder.config import Clock
from hexcoder.flow.analysis.power import InstancePower, analyse_power
from hexcoder.metrics.asic import NetlistVerdict
from hexcoder.netlist.cell_tables import read_tables
from hexcoder.netlist.delayed_lanes import delayed_toggle_rates
from hexcoder.netlist.delays import cell_delays, clock_arrivals, write_sdf
from hexcoder.netlist.files import Netlist
from hexcoder.netlist.flat import read_cell_models
from hexcoder.netlist.liberty import Library
from hexcoder.netlist.simulation import NetlistSimulation
from hexcoder.netlist.timed import simulate_timed
from hexcoder.pdk.description import Pdk

SDF = "delays.sdf"


@dataclass(frozen=True)
class Glitches:
    """Of a netlist with real events.

    Attributes
    ----------
    events : int
        Clock cycles that were counted.
    toggles, toggles_zero_delay : float
        Of all nets, a cycle.
    power_w : mapping of str to float
        What glitches add, by the path of the cell that makes them.
    verdict : NetlistVerdict or None
        Outputs at the clock's period, with delays, against the golden model.
    is_estimate : bool
        Of hexcoder's own simulation with delays.
    """

    events: int
    toggles: float
    toggles_zero_delay: float
    power_w: Mapping[str, float]
    verdict: NetlistVerdict | None
    is_estimate: bool = False

    @property
    def total_w(self) -> float:
        """What glitches add."""
        return sum(self.power_w.values())


def measure_glitches(
    netlist: Netlist,
    simulation: NetlistSimulation,
    cells: Path,
    loads: np.ndarray,
    pdk: Pdk,
    library: Library,
    clock: Clock,
    events: np.ndarray,
    expected: np.ndarray | None,
    folder: Path,
    wire_delays: Mapping[tuple[str, str], float] | None = None,
    limit_s: float = 600.0,
) -> Glitches:
    """Simulate a netlist with its cells' delays by Icarus Verilog, and count.

    Glitches shorter than a cell's delay are swallowed by it (inertial delay); those that swing a
    net only in part are counted whole or not at all. Inputs all change at ``clock.input_delay_ns``.

    Parameters
    ----------
    netlist : Netlist
    simulation : NetlistSimulation
        Of the same netlist, without delays.
    cells : Path
        Models that the simulation was built from.
    loads : (nets,) float64
        In F, as :func:`hexcoder.flow.analysis.loads.net_loads` gives them.
    pdk : Pdk
    library : Library
    clock : Clock
    events : (n, input elements) integers
        Consecutive events.
    expected : (n, output elements) integers or None
    folder : Path
        Gets ``delays.sdf`` and, in logs/, the simulation's files.
    wire_delays : mapping, optional
        See :func:`hexcoder.netlist.delays.write_sdf`.
    limit_s : float
        Time for the simulation; what it has done by then counts.

    Raises
    ------
    InputError
        If Icarus Verilog is missing or fails.
    """
    flat = simulation.netlist
    sdf = folder / SDF
    write_sdf(flat, read_tables(pdk.liberty), loads, sdf, netlist.top, wire_delays)
    timed = simulate_timed(
        netlist.verilog,
        sdf,
        flat,
        read_cell_models(cells),
        netlist.top,
        simulation.interface,
        events,
        expected,
        folder / "logs" / "timed",
        clock.period_ns,
        clock.input_delay_ns,
        limit_s,
    )
    added = _added(simulation, timed.toggle_rates, loads, pdk, library, clock, events)
    return Glitches(timed.cycles, *added, timed.verdict)


def estimate_glitches(
    simulation: NetlistSimulation,
    cells: Path,
    loads: np.ndarray,
    pdk: Pdk,
    library: Library,
    clock: Clock,
    events: np.ndarray,
    wire_delays: Mapping[tuple[str, str], float] | None = None,
) -> Glitches:
    """The same without Icarus Verilog, of logic that settles within the period.

    Parameters are those of :func:`measure_glitches`; outputs are not checked.
    """
    flat, tables, models = simulation.netlist, read_tables(pdk.liberty), read_cell_models(cells)
    wires = wire_delays or {}
    arrivals: dict[str, float] = {}
    if len(flat.clocks) > 1 or wires:
        kinds = {i.path: models[i.kind].register for i in flat.instances}
        for path, at in clock_arrivals(flat, tables, loads, wires).items():
            register = kinds[path]
            # The wire to the register's clock pin is in the register's own delay.
            arrivals[path] = at - wires.get((path, register.clock), 0.0) if register else at
    rates, cycles = delayed_toggle_rates(
        simulation,
        models,
        cell_delays(flat, tables, loads, wire_delays),
        arrivals,
        events,
        min(clock.input_delay_ns, 0.4 * clock.period_ns) * 1e-9,
    )
    added = _added(simulation, rates, loads, pdk, library, clock, events)
    return Glitches(cycles, *added, None, is_estimate=True)


def _added(
    simulation: NetlistSimulation,
    rates: np.ndarray,
    loads: np.ndarray,
    pdk: Pdk,
    library: Library,
    clock: Clock,
    events: np.ndarray,
) -> tuple[float, float, dict[str, float]]:
    """Toggles a cycle with glitches and without, and the power that glitches add by cell."""
    flat, still = simulation.netlist, simulation.toggle_rates(events)

    def powers(rates: np.ndarray) -> list[InstancePower]:
        return analyse_power(flat, rates, loads, pdk, library, clock.period_ns)

    added = {
        lively.path: (lively.data + lively.clock).total_w - (quiet.data + quiet.clock).total_w
        for lively, quiet in zip(powers(rates), powers(still), strict=True)
    }
    return float(rates.sum()), float(still.sum()), added
