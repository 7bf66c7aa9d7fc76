"""The stage 'layout': place and route, and what is checked of the drawn block."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from flow.asic import read_interface
from flow.equivalence import prove_equivalence
from flow.layout.connectivity import check_connectivity
from flow.layout.design_rules import check_design_rules
from flow.layout.final_netlist import write_final_netlist
from flow.layout.picture import draw_layout
from flow.layout.place_route import Placed, place_and_route
from flow.pdk import load_pdk
from flow.synthesis import Netlist
from flow.vectors import load_vectors
from hexcoder.config import Config
from hexcoder.errors import InputError
from hexcoder.stage import read_json, write_json
from tb.netlist import NetlistSimulation

STEPS = (
    "place and route",
    "final netlist",
    "simulation",
    "equivalence",
    "design rules",
    "connectivity",
    "pictures",
)
PDK = "sky130"
VECTORS = 20_000
ZOOM_UM = 40.0


def make_layout(
    config: Config, build: Path, folder: Path, progress: Callable[[str], None] = lambda step: None
) -> str | None:
    """Run every step and write metrics.json.

    Parameters
    ----------
    config : Config
        With ``silicon.pdk = "sky130"``.
    build : Path
        Holds the results of the stages rtl and asic.
    folder : Path
        Gets ``layout.gds``, ``final.v``, pictures, logs and metrics.json.
    progress : callable
        Called with the name of each step of :data:`STEPS` as it starts.

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
    rtl = read_json(build / "rtl" / "metrics.json")
    top = rtl["top"]
    asic = build / "asic"
    pdk = load_pdk(PDK)
    netlist = Netlist(asic / "netlist.v", asic / "netlist.json", top)
    progress(STEPS[0])
    placed = place_and_route(netlist, pdk.liberty, folder)
    failures: list[str] = []
    metrics = _placed_metrics(config, top, placed)
    progress(STEPS[1])
    ports = _ports(read_json(folder / f"{top}.json"), top)
    final = write_final_netlist(placed.pins, ports, top, pdk.liberty, folder)
    progress(STEPS[2])
    interface = read_interface(rtl, top)
    vectors = load_vectors(config, build, top, interface)
    cells = asic / "cells.json"
    simulation = NetlistSimulation.build(
        final.json, cells, top, interface, folder / "logs" / "simulation"
    )
    if vectors.expected is not None:
        verdict = simulation.check(vectors.inputs[:VECTORS], vectors.expected[:VECTORS])
        metrics["final_netlist_check"] = asdict(verdict) | {"passed": verdict.passed}
        if not verdict.passed:
            failures.append(f"final netlist: {verdict.mismatches} of {verdict.vectors} differ")
    progress(STEPS[3])
    if config.verification.formal:
        proof = prove_equivalence(
            build / "rtl" / "encoder.v",
            final,
            cells,
            pdk,
            interface.latency_cycles,
            folder / "logs" / "equivalence",
        )
        metrics["final_formal_equivalence"] = asdict(proof)
        if not proof.proved:
            failures.append(f"the final netlist is not the RTL: {proof.reason}")
    progress(STEPS[4])
    rules = check_design_rules(placed.gds)
    broken = [rule for rule in rules if rule.count]
    metrics["klayout__drc_error__count"] = sum(rule.count for rule in rules)
    metrics["design_rules"] = {rule.name: asdict(rule) for rule in rules}
    if broken:
        failures.append(
            "design rules: " + ", ".join(f"{rule.name} {rule.count}" for rule in broken)
        )
    progress(STEPS[5])
    connections = check_connectivity(placed.gds, placed.pins)
    metrics["connectivity"] = asdict(connections) | {"passed": connections.passed}
    if not connections.passed:
        failures.append(
            f"connectivity: {len(connections.opens)} nets open, {len(connections.shorts)} shorts, "
            f"{connections.missed} pins without metal"
        )
    progress(STEPS[6])
    draw_layout(placed.gds, folder / "layout.png")
    draw_layout(placed.gds, folder / "zoom.png", part_um=ZOOM_UM)
    write_json(folder / "metrics.json", metrics)
    return "; ".join(failures) or None


def require_layout(config: Config) -> None:
    """Say so where the config's PDK cannot be laid out."""
    if config.silicon.pdk != PDK:
        raise InputError(
            f"silicon.pdk = '{config.silicon.pdk}': the embedded place and route has cells for "
            f"'{PDK}' alone"
        )


def _ports(design: dict[str, Any], top: str) -> dict[str, str]:
    return {name: port["direction"] for name, port in design["modules"][top]["ports"].items()}


def _placed_metrics(config: Config, top: str, placed: Placed) -> dict[str, Any]:
    report = placed.report
    width, height = report["die_um"]
    return {
        "name": config.name,
        "top": top,
        "origin": {
            "pdk": PDK,
            "tool": report["tool"],
            "state": "after layout",
            "not_measured": "timing and power after layout: no parasitics are extracted yet",
        },
        "design__die__area": round(width * height, 1),
        "design__die__bbox": f"0 0 {width} {height}",
        "design__instance__utilization": report["utilisation"],
        "design__instance__count": sum(report["cells"].values()),
        "route__wirelength": round(sum(report["wire_um"].values()), 1),
        "route__wirelength_by_layer_um": report["wire_um"],
        "route__open_segments": report["open_segments"],
        "cells": report["cells"],
        "rows_off_grid": report["rows_off_grid"],
        "attempts": report["attempts"],
        "seconds": report["seconds"],
        "memory_gib": report["memory_gib"],
    }
