"""The stage 'asic': synthesis, check of the netlist, timing and power, and their metrics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from flow.cell_models import cell_models
from flow.equivalence import prove_equivalence
from flow.glitches import Glitches, measure_glitches
from flow.layers import area_by_layer, cells_by_layer, layer_finder
from flow.liberty import Library, read_liberty
from flow.origin import synthesis_origin
from flow.pdk import Pdk, load_pdk
from flow.power import Power, analyse_power, by_kind, net_loads, sum_by
from flow.sta import wire_load_name, write_constraints
from flow.synthesis import Netlist, synthesise
from flow.timing import analyse_timing, constant_outputs, slack_histogram
from flow.triplication import check_triplication
from flow.vectors import Vectors, load_vectors
from hexcoder.config import Config
from hexcoder.errors import InputError
from hexcoder.stage import read_json, write_json
from tb.cell_check import check_cells
from tb.gate_level import check_gate_level
from tb.netlist import Interface, NetlistSimulation, NetlistVerdict
from tb.netlist_model import read_cell_models, read_netlist

STEPS = (
    "synthesis",
    "netlist simulation",
    "gate-level simulation",
    "equivalence",
    "timing",
    "power",
    "glitches",
)

Progress = Callable[[str], None]


def read_interface(rtl_metrics: dict[str, Any], module: str) -> Interface:
    """Shape of a module's data from rtl/metrics.json."""
    ports = rtl_metrics["modules"][module]
    outputs = [ports["output_width"]] * ports["output_elements"]
    # The frame of ``encoder`` ends with the code of the energy sum.
    if rest := ports["output_bits"] - sum(outputs):
        outputs.append(rest)
    inputs = [ports["input_width"]] * ports["input_elements"]
    return Interface(tuple(inputs), tuple(outputs), ports["latency_cycles"])


def make_asic(
    config: Config,
    build: Path,
    folder: Path,
    progress: Progress = lambda step: None,
    vectors: Callable[[Config, Path, str, Interface], Vectors] = load_vectors,
) -> str | None:
    """Run every step and write metrics.json.

    Parameters
    ----------
    config : Config
    build : Path
        Holds rtl/encoder.v and rtl/metrics.json.
    folder : Path
        Gets netlist, constraints, reports, metrics.json and, in logs/, all logs.
    progress : callable
        Called with the name of each step of :data:`STEPS` as it starts.
    vectors : callable
        See :func:`load_vectors`.

    Returns
    -------
    str or None
        What failed, in one line: a check of the netlist, or the clock period.
    """
    rtl = read_json(build / "rtl" / "metrics.json")
    if "registers" in rtl:
        return _make_loadable_asic(config, build, folder, rtl, progress)
    run = _Run(config, folder, rtl)
    progress(STEPS[0])
    run.synthesise(build / "rtl" / "encoder.v")
    progress(STEPS[1])
    given = vectors(config, build, run.top, run.interface)
    run.simulate(given)
    progress(STEPS[2])
    run.check_cells()
    run.simulate_gate_level(given)
    progress(STEPS[3])
    run.prove_equivalence(build / "rtl" / "encoder.v")
    progress(STEPS[4])
    run.analyse_timing()
    progress(STEPS[5])
    run.analyse_power(given)
    progress(STEPS[6])
    run.measure_glitches(given)
    write_json(folder / "metrics.json", run.metrics)
    return "; ".join(run.failures) or None


_NOT_FOR_LOADABLE = (
    "netlist_check",
    "gate_level_check",
    "formal_equivalence",
    "power__total",
    "power__internal__total",
    "power__switching__total",
    "power__leakage__total",
    "energy_per_event_pj",
    "power_by_layer_w",
    "power_by_kind_w",
    "power__glitch",
    "energy_per_event_with_glitches_pj",
    "glitches",
    "timed_check",
)


def _make_loadable_asic(
    config: Config, build: Path, folder: Path, rtl: dict[str, Any], progress: Progress
) -> str | None:
    """Area by block, triplication and timing of a design whose weights lie in registers."""
    run = _Run(config, folder, rtl, asynchronous=("scl", "sda", "sda_low", "device_address*"))
    progress(STEPS[0])
    run.map_to_cells(build / "rtl" / "encoder.v")
    run.measure_area()
    progress(STEPS[1])
    run.check_triplication(rtl["triplicated_bits"] if rtl["chip"]["triplicated"] else 0)
    reason = "the flow loads no registers before it simulates a netlist yet"
    run.skip(_NOT_FOR_LOADABLE, reason)
    progress(STEPS[2])
    run.check_cells()
    progress(STEPS[4])
    run.analyse_timing()
    write_json(folder / "metrics.json", run.metrics)
    return "; ".join(run.failures) or None


class _Run:
    """The state that the steps share: each adds to ``metrics`` and ``failures``."""

    def __init__(
        self,
        config: Config,
        folder: Path,
        rtl: dict[str, Any],
        asynchronous: Sequence[str] = (),
    ):
        self._config, self._folder = config, folder
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
            "clock__period_ns": self._config.clock.period_ns,
            "not_measured": {},
        }

    def skip(self, names: tuple[str, ...], reason: str) -> None:
        """Leave measurements out: null, with the reason, never a number."""
        # The folder is a temporary one until the stage is whole.
        reason = reason.replace(str(self._folder), "asic")
        self.metrics |= dict.fromkeys(names)
        self.metrics["not_measured"] |= dict.fromkeys(names, reason)

    def map_to_cells(self, verilog: Path) -> None:
        """Netlist, models of its cells and constraints."""
        self._netlist: Netlist = synthesise(
            verilog, self.top, self._pdk, self._library, self._folder
        )
        write_json(self._folder / "cells.json", cell_models(self._library))
        write_constraints(
            self._constraints,
            self._config.clock,
            self._pdk,
            self._library,
            self._wire_load,
            asynchronous=self._asynchronous,
        )

    def synthesise(self, verilog: Path) -> None:
        """Netlist with its simulation, areas and numbers of cells."""
        self.map_to_cells(verilog)
        self._simulation = NetlistSimulation.build(
            self._netlist.json,
            self._folder / "cells.json",
            self.top,
            self.interface,
            self._folder / "logs" / "simulation",
        )
        self.measure_area()

    def measure_area(self) -> None:
        """Areas and numbers of cells, by layer or other part."""
        models = read_cell_models(self._folder / "cells.json")
        self._flat = read_netlist(self._netlist.json, models, self.top)
        self._layer_of = layer_finder(read_json(self._netlist.json), self.top)
        areas = area_by_layer(self._flat, self._library, self._layer_of)
        registers = sum(
            self._library.cells[i.kind].flip_flop is not None for i in self._flat.instances
        )
        self.metrics |= {
            "design__instance__area": round(sum(areas.values()), 3),
            "design__instance__count": len(self._flat.instances),
            "design__instance__count__class:sequential_cell": registers,
            "area_by_layer_um2": areas,
            "cells_by_layer": cells_by_layer(self._flat, self._layer_of),
        }

    def check_triplication(self, bits: int) -> None:
        """Whether all copies of registers are there, where there should be any."""
        if not bits:
            self.skip(("triplication_check",), "chip.triplicated is off")
            return
        models = read_cell_models(self._folder / "cells.json")
        verdict = check_triplication(self._flat, models, bits)
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
        if not self._config.verification.formal:
            self.skip(
                ("formal_equivalence",), "verification.formal is off; `make verify` proves it"
            )
            return
        try:
            verdict = prove_equivalence(
                verilog,
                self._netlist,
                self._folder / "cells.json",
                self._pdk,
                self.interface.latency_cycles,
                self._folder / "logs" / "equivalence",
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
                {instance.kind for instance in self._flat.instances},
                read_cell_models(self._folder / "cells.json"),
                self._pdk.file(self._pdk.cell_verilog),
                self._folder / "logs" / "cells",
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
        count = self._config.verification.gate_level_vectors
        if vectors.expected is None or not count:
            reason = "no expected outputs were given" if count else "no vectors asked for"
            self.skip(("gate_level_check",), reason)
            return
        try:
            verdict = check_gate_level(
                self._netlist.verilog,
                self._pdk.file(self._pdk.cell_verilog),
                self.top,
                self.interface,
                vectors.inputs[:count],
                vectors.expected[:count],
                self._folder / "logs" / "gate_level",
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
                self._netlist, self._pdk, self._library, self._constraints, self._folder
            )
        except InputError as error:
            self.skip(names, str(error))
            return
        path = f"{timing.worst_startpoint} to {timing.worst_endpoint}"
        constant = constant_outputs(self._flat)
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
                f"clock period of {self._config.clock.period_ns} ns not met: worst setup slack "
                f"{timing.setup_ws_ns:.3f} ns, {path}"
            )

    def analyse_power(self, vectors: Vectors) -> None:
        """Power and energy by layer and by kind."""
        names = (
            "power__total",
            "power__internal__total",
            "power__switching__total",
            "power__leakage__total",
            "energy_per_event_pj",
            "power_by_layer_w",
            "power_by_kind_w",
        )
        try:
            self._loads = net_loads(self._flat, self._library, self._pdk, self._wire_load)
            powers = analyse_power(
                self._flat,
                self._simulation.toggle_rates(vectors.activity),
                self._loads,
                self._pdk,
                self._library,
                self._config.clock.period_ns,
            )
        except InputError as error:
            self.skip(names, str(error))
            return
        layers = sum_by(powers, lambda power: self._layer_of(power.path))
        total = sum(layers.values(), Power())
        values = (
            total.total_w,
            total.internal_w,
            total.switching_w,
            total.leakage_w,
            total.total_w * self._config.clock.period_ns * 1e3,
            {layer: power_parts(power) for layer, power in sorted(layers.items())},
            {k: power_parts(p) for k, p in by_kind(powers, self._flat, self._library).items()},
        )
        self.metrics |= dict(zip(names, values, strict=True))
        self.metrics["origin"]["activity"] = (
            f"{vectors.activity_origin}: {len(vectors.activity)} consecutive events, "
            "zero delay (glitches not counted)"
        )

    def measure_glitches(self, vectors: Vectors) -> None:
        """What glitches add to power and energy, from a simulation with delays."""
        names = ("power__glitch", "energy_per_event_with_glitches_pj", "glitches", "timed_check")
        count = self._config.silicon.glitch_events
        if not count or self.metrics["power__total"] is None:
            self.skip(names, "silicon.glitch_events = 0" if not count else "no power")
            return
        expected = vectors.activity_expected
        try:
            found = measure_glitches(
                self._netlist,
                self._simulation,
                self._folder / "cells.json",
                self._loads,
                self._pdk,
                self._library,
                self._config.clock,
                vectors.activity[:count],
                None if expected is None else expected[:count],
                self._folder,
            )
        except InputError as error:
            self.skip(names, str(error))
            return
        if found.verdict is not None:
            self._judge("timed_check", "simulation with delays", found.verdict)
        self.metrics |= glitch_metrics(
            found, self.metrics["power__total"], self._config.clock.period_ns, self._layer_of
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
