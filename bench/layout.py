"""Place and route over the number of cells: time, memory, utilisation, what is left open."""

import time
from pathlib import Path

from hexcoder.bench.networks import filters, perceptron
from hexcoder.bench.runs import Row
from hexcoder.config import Compiler
from hexcoder.flow.layout.place.place_route import place_and_route
from hexcoder.flow.synthesis.synthesise import synthesise
from hexcoder.gen.build import build
from hexcoder.gen.compiler import Settings
from hexcoder.netlist.liberty import read_liberty
from hexcoder.network.schema import Network
from hexcoder.pdk.description import load_pdk
from hexcoder.pdk.sky130.process import SKY130
from hexcoder.pdk.technology import technology_of

FILTERS = ((2, 2), (3, 2), (4, 3), (5, 4), (7, 4), (10, 4))
"""Side of the image and number of filters: about 1,000 to 60,000 cells."""

DENSE = ((20, 12, 8), (32, 20, 12))
"""Inputs, hidden values and latents of networks whose wires lead everywhere."""


_REPORTED = (
    *("die_um", "utilisation", "wire_m_per_mm2", "memory_gib"),
    *("open_by_router", "nets_routed_again", "attempts"),
)
"""Keys of the report of placing and routing, taken over."""


def networks() -> list[Network]:
    """Local ones by size, then dense ones."""
    local = [filters(f"filters_{side}_{count}", side, count) for side, count in FILTERS]
    dense = [perceptron("dense_" + "_".join(map(str, sizes)), sizes) for sizes in DENSE]
    return [*local, *dense]


class Drawn(Row):
    """A network, placed and routed."""

    network: str
    cells: int
    die_um: tuple[float, float]
    utilisation: float
    wire_m_per_mm2: float
    seconds: float
    seconds_by_step: dict[str, float]
    memory_gib: float
    open_by_router: int | None
    nets_routed_again: int
    open_nets: int | None
    antenna_nets: int
    attempts: int


def run(network: Network, effort: float, folder: Path) -> Drawn:
    """Compile a network, synthesise it to sky130 cells, place and route it."""
    work = folder / network.name
    settings = Settings(compiler=Compiler(effort=effort), technology=technology_of(SKY130.name))
    build(network, settings, work / "rtl")
    pdk = load_pdk(SKY130.name)
    library = read_liberty(pdk.liberty)
    netlist = synthesise(work / "rtl" / "encoder.v", "encoder_core", pdk, library, work)
    started = time.perf_counter()
    report = place_and_route(netlist, SKY130, [pdk.liberty], work / "layout").report
    return Drawn(
        network=network.name,
        cells=report["instances_before"],
        seconds=round(time.perf_counter() - started, 1),
        seconds_by_step=report["seconds"],
        open_nets=report["unsolved_nets"],
        antenna_nets=len(report["antenna_nets"]),
        **{key: report[key] for key in _REPORTED},
    )
