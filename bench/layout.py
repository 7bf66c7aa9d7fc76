"""Place and route over the number of cells: time, memory, utilisation, what is left open."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from bench.networks import perceptron
from flow.layout.place_route import place_and_route
from flow.liberty import read_liberty
from flow.pdk import LAYOUT_PDK, load_pdk
from flow.synthesis import synthesise
from gen.build import build
from gen.compiler import Settings
from hexcoder.config import Compiler
from hexcoder.technology import technology_of

SIZES = ((6, 5, 3), (12, 8, 5), (20, 12, 8), (32, 20, 12), (48, 32, 16), (72, 48, 24))
"""Inputs, hidden values and latents of random 6-bit perceptrons: about 1,000 to 60,000 cells."""


def run(sizes: tuple[int, ...], effort: float, folder: Path) -> dict[str, Any]:
    """Build a network, synthesise it to sky130 cells, place and route it."""
    name = "_".join(map(str, sizes))
    work = folder / name
    settings = Settings(compiler=Compiler(effort=effort), technology=technology_of(LAYOUT_PDK))
    build(perceptron(f"perceptron_{name}", sizes), settings, work / "rtl")
    pdk = load_pdk(LAYOUT_PDK)
    library = read_liberty(pdk.liberty)
    netlist = synthesise(work / "rtl" / "encoder.v", "encoder_core", pdk, library, work)
    started = time.perf_counter()
    report = place_and_route(netlist, pdk.liberty, work / "layout").report
    return {
        "sizes": list(sizes),
        "cells": report["instances_before"],
        "die_um": report["die_um"],
        "utilisation": report["utilisation"],
        "seconds": round(time.perf_counter() - started, 1),
        "seconds_by_step": report["seconds"],
        "memory_gib": report["memory_gib"],
        "open_by_router": report["open_by_router"],
        "nets_routed_again": report["nets_routed_again"],
        "open_nets": report["unsolved_nets"],
        "antenna_nets": len(report["antenna_nets"]),
        "attempts": report["attempts"],
    }
