"""The steps of the stage 'asic', whatever is synthesised: each measures and adds to the metrics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from flow.analysis.glitches import Glitches, measure_glitches
from flow.analysis.layers import area_by_layer, cells_by_layer, layer_finder
from flow.analysis.power import Power, analyse_power, by_kind, net_loads, sum_by
from flow.analysis.sta import wire_load_name, write_constraints
from flow.analysis.timing import analyse_timing, constant_outputs, slack_histogram
from flow.asic.origin import synthesis_origin
from flow.asic.vectors import Vectors
from flow.synthesis.equivalence import prove_equivalence
from flow.synthesis.synthesise import Netlist, synthesise
from flow.synthesis.triplication import check_triplication
from hexcoder.config import Config
from hexcoder.errors import InputError
from hexcoder.files import read_json, write_json
from netlist.cell_check import check_cells
from netlist.cell_models import cell_models
from netlist.flat import read_cell_models, read_netlist
from netlist.gate_level import check_gate_level
from netlist.liberty import Library, read_liberty
from netlist.simulation import Interface, NetlistSimulation, NetlistVerdict
from pdk.description import Pdk, load_pdk

POWER = (
    "power__total",
    "power__internal__total",
    "power__switching__total",
    "power__leakage__total",
    "energy_per_event_pj",
    "power_by_layer_w",
    "power_by_kind_w",
)
GLITCHES = ("power__glitch", "energy_per_event_with_glitches_pj", "glitches", "timed_check")
"""Metrics that stand or fall together."""


def read_interface(rtl_metrics: dict[str, Any], module: str) -> Interface:
    """Shape of a module's data from rtl/metrics.json."""
    ports = rtl_metrics["modules"][module]
    outputs = [ports["output_width"]] * ports["output_elements"]
    # The frame of ``encoder`` ends with the code of the energy sum.
    if rest := ports["output_bits"] - sum(outputs):
        outputs.append(rest)
    inputs = [ports["input_width"]] * ports["input_elements"]
    return Interface(tuple(inputs), tuple(outputs), ports["latency_cycles"])


class AsicRun:
    """The state that the steps share: each adds to ``metrics`` and ``failures``.

    Parameters
    ----------
    config : Config
    folder : Path
        Gets netlist, reports and logs.
    rtl : dict
        rtl/metrics.json.
    asynchronous : sequence of str
        Ports that no clock constrains.
    """

    def __init__(
        self,
        config: Config,
        folder: Path,
        rtl: dict[str, Any],
        asynchronous: Sequence[str] = (),
    ):
        self.config, self.folder = config, folder
        self._asynchronous = asynchronous
        self._pdk: Pdk = load_pdk(config.silicon.pdk)
        self._library: Library = read_liberty(self._pdk.liberty)
        self._wire_load = wire_load_name(self._library, config.silicon.wire_load)
        self._constraints = folder / "constraints.sdc"
        self.top: str = rtl["top"]
        self._rtl = rtl
        self.failures: list[str] = []
        self.metrics: dict[str, Any] = {"name": config.name, "top": self.top} | self._origin()

    @property
    def interface(self) -> Interface:
        """Shape of the top module's data."""
        return read_interface(self._rtl, self.top)

    def _origin(self) -> dict[str, Any]:
        return {
            "origin": synthesis_origin(self._pdk, self._wire_load),
            "clock__period_ns": self.config.clock.period_ns,
            "not_measured": {},
        }

    def skip(self, names: tuple[str, ...], reason: str) -> None:
        """Leave measurements out: null, with the reason, never a number."""
        # The folder is a temporary one until the stage is whole.
        reason = reason.replace(str(self.folder), "asic")
        self.metrics |= dict.fromkeys(names)
        self.metrics["not_measured"] |= dict.fromkeys(names, reason)

    def map_to_cells(self, verilog: Path) -> None:
        """Netlist, models of its cells and constraints."""
        self.netlist: Netlist = synthesise(verilog, self.top, self._pdk, self._library, self.folder)
        write_json(self.folder / "cells.json", cell_models(self._library))
        write_constraints(
            self._constraints,
            self.config.clock,
            self._pdk,
            self._library,
            self._wire_load,
            asynchronous=self._asynchronous,
        )

    def synthesise(self, verilog: Path) -> None:
        """Netlist with its simulation, areas and numbers of cells."""
        self.map_to_cells(verilog)
        self._simulation = NetlistSimulation.build(
            self.netlist.json,
            self.folder / "cells.json",
            self.top,
            self.interface,
        )
        self.measure_area()

    def measure_area(self) -> None:
        """Areas and numbers of cells, by layer or other part."""
        models = read_cell_models(self.folder / "cells.json")
        self.flat = read_netlist(self.netlist.json, models, self.top)
        self._layer_of = layer_finder(read_json(self.netlist.json), self.top)
        areas = area_by_layer(self.flat, self._library, self._layer_of)
        registers = sum(
            self._library.cells[i.kind].flip_flop is not None for i in self.flat.instances
        )
        self.metrics |= {
            "design__instance__area": round(sum(areas.values()), 3),
            "design__instance__count": len(self.flat.instances),
            "design__instance__count__class:sequential_cell": registers,
            "area_by_layer_um2": areas,
            "cells_by_layer": cells_by_layer(self.flat, self._layer_of),
        }

    def check_triplication(self, bits: int) -> None:
        """Whether all copies of registers are there, where there should be any."""
        if not bits:
            self.skip(("triplication_check",), "chip.triplicated is off")
            return
        models = read_cell_models(self.folder / "cells.json")
        verdict = check_triplication(self.flat, models, bits)
        self.metrics["triplication_check"] = asdict(verdict) | {"passed": verdict.passed}
        if not verdict.passed:
            self.failures.append(f"triplication: {verdict.failures[0]}")

    def simulate(self, vectors: Vectors) -> None:
        """Compare the netlist with the golden model."""
        if vectors.expected is None:
            self.skip(("netlist_check",), "no expected outputs were given")
            return
        verdict = self._simulation.check(vectors.inputs, vectors.expected)
        self._judge("netlist_check", "netlist", verdict)

    def prove_equivalence(self, verilog: Path) -> None:
        """Prove that the netlist computes what its RTL does."""
        if not self.config.verification.formal:
            self.skip(
                ("formal_equivalence",), "verification.formal is off; `make verify` proves it"
            )
            return
        try:
            verdict = prove_equivalence(
                verilog,
                self.netlist,
                self.folder / "cells.json",
                self._pdk,
                self.interface.latency_cycles,
                self.folder / "logs" / "equivalence",
            )
        except InputError as error:
            self.skip(("formal_equivalence",), str(error))
            return
        self.metrics["formal_equivalence"] = asdict(verdict)
        if not verdict.proved:
            self.failures.append(f"the netlist is not the RTL: {verdict.reason}")

    def check_cells(self) -> None:
        """Compare the models of the cells in use with the PDK's Verilog."""
        try:
            verdict = check_cells(
                {instance.kind for instance in self.flat.instances},
                read_cell_models(self.folder / "cells.json"),
                self._pdk.file(self._pdk.cell_verilog),
                self.folder / "logs" / "cells",
            )
        except InputError as error:
            self.skip(("cell_models_check",), str(error))
            return
        self.metrics["cell_models_check"] = asdict(verdict) | {"passed": verdict.passed}
        if verdict.first:
            self.failures.append(
                f"cell models: {verdict.first.cell}.{verdict.first.pin} differs from the PDK's "
                f"Verilog at {verdict.first.inputs}"
            )

    def simulate_gate_level(self, vectors: Vectors) -> None:
        """Compare the netlist, with the PDK's own cell models, with the golden model."""
        count = self.config.verification.gate_level_vectors
        if vectors.expected is None or not count:
            reason = "no expected outputs were given" if count else "no vectors asked for"
            self.skip(("gate_level_check",), reason)
            return
        try:
            verdict = check_gate_level(
                self.netlist.verilog,
                self._pdk.file(self._pdk.cell_verilog),
                self.top,
                self.interface,
                vectors.inputs[:count],
                vectors.expected[:count],
                self.folder / "logs" / "gate_level",
            )
        except InputError as error:
            self.skip(("gate_level_check",), str(error))
            return
        self._judge("gate_level_check", "gate-level simulation", verdict)

    def _judge(self, key: str, what: str, verdict: NetlistVerdict) -> None:
        self.metrics[key] = asdict(verdict) | {"passed": verdict.passed}
        if verdict.first:
            self.failures.append(
                f"{what}: {verdict.mismatches} of {verdict.vectors} events differ, first event "
                f"{verdict.first.event}, element {verdict.first.element}: expected "
                f"{verdict.first.expected}, got {verdict.first.actual}"
            )
        elif not verdict.passed:
            self.failures.append(
                f"{what}: out_valid wrong in {verdict.valid_errors} cycles, first at event "
                f"{verdict.first_valid_event}"
            )

    def analyse_timing(self) -> None:
        """Slacks and worst paths."""
        names = (
            "timing__setup__ws",
            "timing__setup__tns",
            "timing__hold__ws",
            "unconstrained_endpoints",
            "worst_path",
        )
        try:
            timing = analyse_timing(
                self.netlist, self._pdk, self._library, self._constraints, self.folder
            )
        except InputError as error:
            self.skip(names, str(error))
            return
        path = f"{timing.worst_startpoint} to {timing.worst_endpoint}"
        constant = constant_outputs(self.flat)
        values = (
            timing.setup_ws_ns,
            timing.setup_tns_ns,
            timing.hold_ws_ns,
            len(set(timing.unconstrained_endpoints) - constant),
            path,
        )
        self.metrics["constant_outputs"] = len(constant)
        self.metrics |= dict(zip(names, values, strict=True))
        self.metrics["timing__setup__histogram"] = slack_histogram(timing.slacks_ns)
        if timing.setup_ws_ns < 0:
            self.failures.append(
                f"clock period of {self.config.clock.period_ns} ns not met: worst setup slack "
                f"{timing.setup_ws_ns:.3f} ns, {path}"
            )

    def simulated_power(self, vectors: Vectors) -> None:
        """Power and energy of consecutive events."""
        try:
            rates = self._simulation.toggle_rates(vectors.activity)
        except InputError as error:
            self.skip(POWER, str(error))
            return
        events = f"{len(vectors.activity)} consecutive events"
        self.analyse_power(rates, f"{vectors.activity_origin}: {events}")

    def analyse_power(self, toggle_rates: np.ndarray, activity: str) -> None:
        """Power and energy by layer and by kind.

        Parameters
        ----------
        toggle_rates : (nets,) float64
            Toggles a clock of each net.
        activity : str
            What was simulated, for the report.
        """
        try:
            self._loads = net_loads(self.flat, self._library, self._pdk, self._wire_load)
            powers = analyse_power(
                self.flat,
                toggle_rates,
                self._loads,
                self._pdk,
                self._library,
                self.config.clock.period_ns,
            )
        except InputError as error:
            self.skip(POWER, str(error))
            return
        layers = sum_by(powers, lambda power: self._layer_of(power.path))
        total = sum(layers.values(), Power())
        values = (
            total.total_w,
            total.internal_w,
            total.switching_w,
            total.leakage_w,
            total.total_w * self.config.clock.period_ns * 1e3,
            {layer: power_parts(power) for layer, power in sorted(layers.items())},
            {k: power_parts(p) for k, p in by_kind(powers, self.flat, self._library).items()},
        )
        self.metrics |= dict(zip(POWER, values, strict=True))
        self.metrics["origin"]["activity"] = f"{activity}, zero delay (glitches not counted)"

    def measure_glitches(self, vectors: Vectors) -> None:
        """What glitches add to power and energy, from a simulation with delays."""
        count = self.config.silicon.glitch_events
        if not count or self.metrics["power__total"] is None:
            self.skip(GLITCHES, "silicon.glitch_events = 0" if not count else "no power")
            return
        expected = vectors.activity_expected
        try:
            found = measure_glitches(
                self.netlist,
                self._simulation,
                self.folder / "cells.json",
                self._loads,
                self._pdk,
                self._library,
                self.config.clock,
                vectors.activity[:count],
                None if expected is None else expected[:count],
                self.folder,
            )
        except InputError as error:
            self.skip(GLITCHES, str(error))
            return
        if found.verdict is not None:
            self._judge("timed_check", "simulation with delays", found.verdict)
        self.metrics |= glitch_metrics(
            found, self.metrics["power__total"], self.config.clock.period_ns, self._layer_of
        )


def glitch_metrics(
    found: Glitches, zero_delay_w: float, period_ns: float, part_of: Callable[[str], str]
) -> dict[str, Any]:
    """What a simulation with delays adds to the metrics.

    Parameters
    ----------
    found : Glitches
    zero_delay_w : float
        Power at one toggle a clock at most.
    period_ns : float
    part_of : callable
        Layer, or other part, of an instance's path.
    """
    by_part: dict[str, float] = defaultdict(float)
    for path, power in found.power_w.items():
        by_part[part_of(path)] += power
    return {
        "power__glitch": found.total_w,
        "energy_per_event_with_glitches_pj": (zero_delay_w + found.total_w) * period_ns * 1e3,
        "glitches": {
            "events": found.events,
            "toggles_per_event": round(found.toggles, 1),
            "toggles_per_event_zero_delay": round(found.toggles_zero_delay, 1),
            "power_by_layer_w": dict(sorted(by_part.items())),
        },
    }


def power_parts(power: Power) -> dict[str, float]:
    """Of a power, by its name in reports."""
    return {
        "total": power.total_w,
        "internal": power.internal_w,
        "switching": power.switching_w,
        "leakage": power.leakage_w,
    }
