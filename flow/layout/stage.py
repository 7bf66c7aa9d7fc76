"""The stage 'layout': place and route, what is measured of the drawn block, and its checks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from flow.analysis.glitches import measure_glitches
from flow.analysis.power import Power, analyse_power, by_kind, net_loads, sum_by
from flow.analysis.sta import write_constraints
from flow.analysis.timing import Timing, analyse_timing, slack_histogram
from flow.asic.run import glitch_metrics, power_parts, read_interface
from flow.asic.vectors import Vectors, load_vectors
from flow.layout.check.connectivity import check_connectivity
from flow.layout.check.design_rules import check_design_rules
from flow.layout.check.lvs import compare_layout, netlist_instances
from flow.layout.final_netlist import write_final_netlist
from flow.layout.owners import owners
from flow.layout.parasitics import NetTree, extract, wire_delays, write_spef
from flow.layout.picture import (
    draw_clock_tree,
    draw_congestion,
    draw_layout,
    draw_placement,
    write_layer_file,
)
from flow.layout.place.place_route import Placed, load_placed, place_and_route
from flow.layout.place.power_grid import worst_drop
from flow.layout.wiring import SUPPLIES, Pin
from flow.synthesis.equivalence import prove_equivalence
from flow.synthesis.synthesise import Netlist
from hexcoder.config import Config
from hexcoder.errors import InputError
from hexcoder.files import read_json, write_json
from netlist.cell_tables import read_tables
from netlist.delays import clock_arrivals
from netlist.flat import FlatNetlist
from netlist.liberty import Library, read_liberty
from netlist.simulation import Interface, NetlistSimulation
from pdk.description import LAYOUT_PDK, Pdk, load_pdk
from pdk.sky130.cells import drawn_cells

VECTORS = 20_000
ZOOM_UM = 30.0

STATE, SPEF, WIRES, DELAYS = "steps.json", "final.spef", "wires_ff.json", "wires_s.json"

DERATE = 0.05
"""Early and late delays of cells and wires against Liberty's."""


def require_layout(config: Config) -> None:
    """Say so where the config's PDK cannot be laid out."""
    if config.silicon.pdk != LAYOUT_PDK:
        raise InputError(
            f"silicon.pdk = '{config.silicon.pdk}': the embedded place and route has cells for "
            f"'{LAYOUT_PDK}' alone"
        )


def make_layout(
    config: Config,
    build: Path,
    folder: Path,
    progress: Callable[[str], None] = lambda step: None,
    vectors: Callable[[Config, Path, str, Interface], Vectors] = load_vectors,
) -> str | None:
    """Run every step and write metrics.json.

    Parameters
    ----------
    config : Config
        With ``silicon.pdk = "sky130"``.
    build : Path
        Holds the results of the stages rtl and asic.
    folder : Path
        Gets ``layout.gds``, ``final.v``, ``final.spef``, timing reports by corner, pictures, logs
        and metrics.json.
    progress : callable
        Called with the name of each step of :data:`STEPS` as it starts.
    vectors : callable
        See :func:`flow.asic.vectors.load_vectors`.

    Returns
    -------
    str or None
        What failed, in one line.

    Raises
    ------
    InputError
        If the PDK has no layout, a package is missing, or routing is not complete.
    """
    require_layout(config)
    run = _Run(config, build, folder, vectors)
    state = folder / STATE
    done: list[str] = []
    if state.is_file():
        before = read_json(state)
        done, run.failures = before["done"], before["failures"]
        run.metrics = read_json(folder / "metrics.json")
    for name, step in STEPS.items():
        progress(name)
        if name in done:
            if reload := RELOAD.get(name):
                reload(run)
            continue
        step(run)
        # A run that is killed goes on after its last whole step.
        write_json(folder / "metrics.json", run.metrics)
        done.append(name)
        write_json(state, {"done": done, "failures": run.failures})
    state.unlink()
    return "; ".join(run.failures) or None


class _Run:
    """The state that the steps share: each adds to ``metrics`` and ``failures``."""

    placed: Placed
    final: Netlist
    flat: FlatNetlist
    simulation: NetlistSimulation

    def __init__(
        self,
        config: Config,
        build: Path,
        folder: Path,
        vectors: Callable[[Config, Path, str, Interface], Vectors],
    ):
        self.config, self.build, self.folder = config, build, folder
        rtl = read_json(build / "rtl" / "metrics.json")
        self.top: str = rtl["top"]
        self.interface = read_interface(rtl, self.top)
        self.pdk: Pdk = load_pdk(LAYOUT_PDK)
        self.cells = build / "asic" / "cells.json"
        self.vectors = vectors(config, build, self.top, self.interface)
        self.failures: list[str] = []
        self.metrics: dict[str, Any] = {"name": config.name, "top": self.top}

    def load_placed(self) -> None:
        self.placed = load_placed(self.folder)

    def place_and_route(self) -> None:
        asic = self.build / "asic"
        netlist = Netlist(asic / "netlist.v", asic / "netlist.json", self.top)
        self.placed = placed = place_and_route(netlist, self.pdk.liberty, self.folder)
        report = placed.report
        width, height = report["die_um"]
        self.metrics |= {
            "origin": {"pdk": LAYOUT_PDK, "tool": report["tool"], "state": "after layout"},
            "design__die__area": round(width * height, 1),
            "design__die__bbox": f"0 0 {width} {height}",
            "design__instance__area": report["cell_area_before_um2"],
            "design__instance__utilization": report["utilisation"],
            "design__instance__count": sum(report["cells"].values()),
            "route__wirelength": round(sum(report["wire_um"].values()), 1),
            "route__wirelength_by_layer_um": report["wire_um"],
            "route__vias": report["vias"],
            "route__open_segments_of_the_router": report["open_by_router"],
            "route__nets_routed_again": report["nets_routed_again"],
            "route__open_nets": report["unsolved_nets"],
            "hold_buffers": report["hold_buffers"],
            "nets_beyond_limit_as_placed": report["nets_beyond_limit"],
            "nets_buffered_as_placed": report["nets_relieved"],
            "design_powergrid__straps": report["power_straps"],
            "design_powergrid__stacks": report["power_stacks"],
            "antenna__violating__nets": len(report["antenna_nets"]),
            "antenna__worst_ratio": report["antenna_worst_ratio"],
            "cells": report["cells"],
            "rows_off_grid": report["rows_off_grid"],
            "attempts": report["attempts"],
            "seconds": report["seconds"],
            "memory_gib": report["memory_gib"],
        }

        if report["antenna_nets"]:
            self.failures.append(f"antennas: {', '.join(report['antenna_nets'][:8])}")

    def load_netlist(self) -> None:
        self.final = Netlist(self.folder / "final.v", self.folder / "final.json", self.top)

    def write_netlist(self) -> None:
        self.final = write_final_netlist(
            self.placed.wiring, self._ports(), self.pdk.liberty, self.folder
        )

    def _ports(self) -> dict[str, str]:
        design = read_json(self.folder / f"{self.top}.json")["modules"][self.top]
        return {name: port["direction"] for name, port in design["ports"].items()}

    def load_simulation(self) -> None:
        self.simulation = NetlistSimulation.build(
            self.final.json,
            self.cells,
            self.top,
            self.interface,
        )
        self.flat = self.simulation.netlist
        self._nets = {
            (i.path, pin): net for i in self.flat.instances for pin, net in i.pins.items()
        }

    def simulate(self) -> None:
        self.load_simulation()
        if self.vectors.expected is None:
            return
        verdict = self.simulation.check(
            self.vectors.inputs[:VECTORS], self.vectors.expected[:VECTORS]
        )
        self.metrics["final_netlist_check"] = asdict(verdict) | {"passed": verdict.passed}
        if not verdict.passed:
            self.failures.append(f"final netlist: {verdict.mismatches} of {verdict.vectors} differ")

    def prove(self) -> None:
        if not self.config.verification.formal:
            return
        proof = prove_equivalence(
            self.build / "rtl" / "encoder.v",
            self.final,
            self.cells,
            self.pdk,
            self.interface.latency_cycles,
            self.folder / "logs" / "equivalence",
        )
        self.metrics["final_formal_equivalence"] = asdict(proof)
        if not proof.proved:
            self.failures.append(f"the final netlist is not the RTL: {proof.reason}")

    def extract(self) -> None:
        trees = extract(self.placed.wiring)
        library = read_liberty(self.pdk.liberty)
        directions = {
            (instance.path, pin): "O" if library.cells[instance.kind].pins[pin].function else "I"
            for instance in self.flat.instances
            for pin in instance.pins
        }
        ports = self._ports()
        write_spef(trees, ports, directions, self.top, self.folder / SPEF)
        pin_ff = {
            (instance.path, pin): library.cells[instance.kind].pins[pin].capacitance_f * 1e15
            for instance in self.flat.instances
            for pin in instance.pins
        }

        def driver(net: str, tree: NetTree) -> Pin | None:
            for pin in tree.pins:
                if pin.instance and directions.get((pin.instance, pin.pin)) == "O":
                    return pin
                if not pin.instance and ports.get(net) == "input":
                    return pin
            return None

        write_json(self.folder / WIRES, {net: tree.total_ff for net, tree in trees.items()})
        write_json(
            self.folder / DELAYS,
            [
                [pin.instance, pin.pin, seconds]
                for net, tree in trees.items()
                if (start := driver(net, tree)) is not None
                for pin, seconds in wire_delays(tree, start, pin_ff).items()
                if pin.instance
            ],
        )
        self.metrics["parasitics__capacitance_pf"] = round(
            sum(tree.total_ff for tree in trees.values()) / 1000, 3
        )

    def _after_layout(self) -> list[str]:
        return [
            f"read_spef {{{self.folder / SPEF}}}",
            "set_propagated_clock [get_clocks clock]",
        ]

    def analyse_timing(self) -> None:
        self.timings: dict[str, Timing] = {}
        period = self.config.clock.period_ns
        derates = [
            f"set_timing_derate -early {1 - DERATE}",
            f"set_timing_derate -late {1 + DERATE}",
        ]
        for corner in self.pdk.corners:
            pdk = self.pdk.at(corner)
            library = read_liberty(pdk.liberty)
            folder = self.folder / "timing" / corner
            folder.mkdir(parents=True, exist_ok=True)
            constraints = folder / "constraints.sdc"
            arrivals = clock_arrivals(
                self.flat, read_tables(pdk.liberty), self._loads(library), self._wire_delays()
            )
            latency = 1e9 * float(np.mean(list(arrivals.values()))) if arrivals else 0.0
            write_constraints(constraints, self.config.clock, pdk, library, None, latency)
            timing = self.timings[corner] = analyse_timing(
                self.final, pdk, library, constraints, folder, [*self._after_layout(), *derates]
            )
            self.metrics |= {
                f"timing__setup__ws__corner:{corner}": timing.setup_ws_ns,
                f"timing__setup__tns__corner:{corner}": timing.setup_tns_ns,
                f"timing__hold__ws__corner:{corner}": timing.hold_ws_ns,
                f"timing__setup__histogram__corner:{corner}": slack_histogram(timing.slacks_ns),
                f"clock__skew__worst_setup__corner:{corner}": timing.clock_skew_ns,
                f"clock__latency__corner:{corner}": round(latency, 4),
                f"worst_path__corner:{corner}": f"{timing.worst_startpoint} to "
                f"{timing.worst_endpoint}",
            }
            if timing.setup_ws_ns < 0:
                self.failures.append(
                    f"clock period of {period} ns not met at {corner} after layout: worst setup "
                    f"slack {timing.setup_ws_ns:.3f} ns"
                )
            if timing.hold_ws_ns < 0:
                self.failures.append(
                    f"hold not met at {corner} after layout: worst slack {timing.hold_ws_ns:.3f} ns"
                )
        self.metrics |= {
            "timing__setup__ws": min(t.setup_ws_ns for t in self.timings.values()),
            "timing__hold__ws": min(t.hold_ws_ns for t in self.timings.values()),
            "timing__derate": DERATE,
        }

    def analyse_power(self) -> None:
        library = read_liberty(self.pdk.liberty)
        powers = analyse_power(
            self.flat,
            self.simulation.toggle_rates(self.vectors.activity),
            self._loads(library),
            self.pdk,
            library,
            self.config.clock.period_ns,
        )
        kinds = by_kind(powers, self.flat, library)
        layers = sum_by(powers, lambda power: self._part_of(power.path))
        total = sum(kinds.values(), Power())
        volts = self.pdk.corner.voltage_v
        currents = {p.path: (p.data + p.clock).total_w / volts for p in powers}
        drops = {net: worst_drop(self.placed.block, net, currents) for net in SUPPLIES}
        self.metrics |= {
            "power__total": total.total_w,
            "power__internal__total": total.internal_w,
            "power__switching__total": total.switching_w,
            "power__leakage__total": total.leakage_w,
            "energy_per_event_pj": total.total_w * self.config.clock.period_ns * 1e3,
            "power_by_kind_w": {kind: power_parts(power) for kind, power in kinds.items()},
            "power_by_layer_w": {part: power_parts(power) for part, power in layers.items()},
            "ir__drop__worst": max(drops.values()),
        }
        self.metrics["origin"]["activity"] = (
            f"{self.vectors.activity_origin}: {len(self.vectors.activity)} consecutive events, "
            "zero delay (glitches not counted)"
        )

    def _loads(self, library: Library) -> np.ndarray:
        wires = np.zeros(len(self.flat.nets))
        for net, farads in read_json(self.folder / WIRES).items():
            for pin in self.placed.wiring.pins[net]:
                if (pin.instance, pin.pin) in self._nets:
                    wires[self._nets[pin.instance, pin.pin]] = farads * 1e-15
        return net_loads(self.flat, library, self.pdk, None, wires)

    def _wire_delays(self) -> dict[tuple[str, str], float]:
        return {(cell, pin): late for cell, pin, late in read_json(self.folder / DELAYS)}

    @cached_property
    def _owners(self) -> dict[str, str]:
        return owners(read_json(self.build / "asic" / "netlist.json"), self.placed.wiring)

    def _part_of(self, path: str) -> str:
        return self._owners.get(path, self.top)

    def measure_glitches(self) -> None:
        count = self.config.silicon.glitch_events
        if not count:
            return
        library = read_liberty(self.pdk.liberty)
        expected = self.vectors.activity_expected
        found = measure_glitches(
            self.final,
            self.simulation,
            self.cells,
            self._loads(library),
            self.pdk,
            library,
            self.config.clock,
            self.vectors.activity[:count],
            None if expected is None else expected[:count],
            self.folder,
            self._wire_delays(),
        )
        period, total = self.config.clock.period_ns, self.metrics["power__total"]
        self.metrics |= glitch_metrics(found, total, period, self._part_of)
        if (verdict := found.verdict) is not None:
            self.metrics["timed_check"] = asdict(verdict) | {"passed": verdict.passed}
            if not verdict.passed:
                self.failures.append(
                    f"final netlist with delays: {verdict.mismatches} of {verdict.vectors} events "
                    f"differ, out_valid wrong in {verdict.valid_errors} cycles"
                )

    def check_rules(self) -> None:
        rules = check_design_rules(self.placed.gds)
        broken = [rule for rule in rules if rule.count]
        self.metrics["klayout__drc_error__count"] = sum(rule.count for rule in rules)
        self.metrics["design_rules"] = {rule.name: asdict(rule) for rule in rules}
        if broken:
            listed = ", ".join(f"{rule.name} {rule.count}" for rule in broken)
            self.failures.append(f"design rules: {listed}")

    def check_connections(self) -> None:
        found = check_connectivity(self.placed.gds, self.placed.wiring)
        self.metrics["connectivity"] = asdict(found) | {"passed": found.passed}
        if not found.passed:
            self.failures.append(
                f"connectivity: {len(found.opens)} nets open, {len(found.shorts)} shorts, "
                f"{found.missed} pins without metal"
            )

    def compare(self) -> None:
        wiring = self.placed.wiring
        found = compare_layout(
            self.placed.gds,
            drawn_cells() / "cells.spice",
            wiring,
            netlist_instances(self.final, wiring),
        )
        self.metrics["design__lvs_error__count"] = len(found.mismatches)
        self.metrics["layout_against_netlist"] = asdict(found)
        if not found.passed:
            self.failures.append(f"layout against netlist: {'; '.join(found.mismatches[:3])}")

    def draw(self) -> None:
        wiring, gds = self.placed.wiring, self.placed.gds
        cells = read_json(drawn_cells() / "cells.json")
        widths = {name: cell["width_um"] for name, cell in cells.items()}
        draw_placement(wiring, self._owners, widths, self.folder / "placement.png")
        draw_clock_tree(wiring, self.folder / "clock_tree.png")
        draw_congestion(wiring, self.folder / "congestion.png")
        draw_layout(gds, self.folder / "layout.png")
        draw_layout(gds, self.folder / "zoom.png", part_um=ZOOM_UM)
        write_layer_file(gds, self.folder / "layout.lyp")


STEPS: dict[str, Callable[[_Run], None]] = {
    "place and route": _Run.place_and_route,
    "final netlist": _Run.write_netlist,
    "simulation": _Run.simulate,
    "equivalence": _Run.prove,
    "parasitics": _Run.extract,
    "timing": _Run.analyse_timing,
    "power": _Run.analyse_power,
    "glitches": _Run.measure_glitches,
    "design rules": _Run.check_rules,
    "connectivity": _Run.check_connections,
    "layout against netlist": _Run.compare,
    "pictures": _Run.draw,
}

RELOAD: dict[str, Callable[[_Run], None]] = {
    "place and route": _Run.load_placed,
    "final netlist": _Run.load_netlist,
    "simulation": _Run.load_simulation,
}
"""What a step leaves for those after it, from its files."""
