"""Energy with glitches: what each measure against them saves at one clock, beside peers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hexcoder.bench.alkaid_peer import trace_network
from hexcoder.bench.compilers import CLOCK
from hexcoder.bench.estimate import energy_pj
from hexcoder.bench.measure import (
    TOP,
    Synthesis,
    Synthesised,
    core_ports,
    random_tensors,
    synthesised,
)
from hexcoder.bench.networks import ROOT, benchmark_networks
from hexcoder.bench.plain import plain_verilog
from hexcoder.bench.runs import Row
from hexcoder.config import Compiler, Pipeline
from hexcoder.files import write_whole
from hexcoder.flow.analysis.glitches import estimate_glitches, measure_glitches
from hexcoder.flow.design import read_design
from hexcoder.gen.build import build
from hexcoder.gen.compiler import Settings
from hexcoder.network.golden import evaluate
from hexcoder.network.schema import Network, load_network
from hexcoder.sensor.frames import fixed_module
from hexcoder.sensor.generator import generate_events
from hexcoder.tables import markdown_table

EVENTS = 300
ENCODER = "econ_t_linear, whole encoder"
"""The network behind its front end, with generated events; the others get random tensors."""
ICARUS_CELLS = 15_000
"""Most cells of a netlist that Icarus Verilog simulates in minutes."""


@dataclass(frozen=True)
class Measure:
    """What is changed against one stage of logic between registers at input and output."""

    pipeline: Pipeline
    wait: float = Compiler().wait


MEASURES: Mapping[str, Measure] = {
    "one stage": Measure(Pipeline(layers=False)),
    "one stage, wait 1": Measure(Pipeline(layers=False), 1.0),
    "one stage, wait 0": Measure(Pipeline(layers=False), 0.0),
    "input not held": Measure(Pipeline(layers=False, input=False)),
    "fewest registers, 2 stages": Measure(Pipeline(stages=2)),
    "even, 2 stages": Measure(Pipeline(stages=2, even=True)),
    "even, 3 stages": Measure(Pipeline(stages=3, even=True)),
    "even, 2 stages, wait 1": Measure(Pipeline(stages=2, even=True), 1.0),
}
PEERS: Mapping[str, Synthesis] = {
    "alkaid, adder cells": "adder cells",
    "alkaid, hexcoder's synthesis": "hexcoder",
    "plain RTL": "default",
}


class Energy(Row):
    """One design at :data:`hexcoder.bench.compilers.CLOCK`: energies of an event."""

    network: str
    design: str
    cells: int
    area_um2: float
    registers: int
    without_glitches_pj: float
    estimate_pj: float
    icarus_pj: float | None
    mismatches: int


def networks() -> dict[str, Network]:
    """By name."""
    linear = load_network(ROOT / "configs" / "weights" / "econ_t_linear" / "network.json")
    known = benchmark_networks()
    others = {name: known[name] for name in ("8x8", "half_zero", "dense")}
    return {ENCODER: linear, "econ_t_linear": linear} | others


def designs(network: str) -> list[str]:
    """Names of what is measured of a network; peers have no front end."""
    return [*MEASURES, *(() if network == ENCODER else PEERS)]


def run(name: str, design: str, effort: float, folder: Path) -> Energy:
    """Compile, synthesise and measure one design."""
    network = networks()[name]
    if design in PEERS:
        text = trace_network(network).verilog() if "alkaid" in design else plain_verilog(network)
        write_whole(folder / "peer.v", text)
        made = synthesised(folder / "peer.v", core_ports(network, 2), PEERS[design], folder)
    else:
        measure = MEASURES[design]
        compiler = Compiler(effort=effort, wait=measure.wait)
        settings = Settings(pipeline=measure.pipeline, compiler=compiler)
        latency = build(network, settings, folder / "rtl").metrics.latency_cycles
        verilog, ports, top = folder / "rtl" / "encoder.v", core_ports(network, latency), TOP
        if name == ENCODER:
            whole = read_design(folder / "rtl" / "metrics.json")
            ports, top = whole.interface, whole.top
        made = synthesised(verilog, ports, "hexcoder", folder, top)
    if name == ENCODER:
        module = fixed_module(network, "encoder")
        events = np.asarray(generate_events(EVENTS, seed=1), np.int64)
        expected = module.golden(events)
    else:
        events = random_tensors(network, EVENTS)
        expected = evaluate(network, events)
    return _measured(name, design, made, events, expected)


def _measured(
    name: str, design: str, made: Synthesised, events: np.ndarray, expected: np.ndarray
) -> Energy:
    flat, library = made.simulation.netlist, made.library
    verdict = made.simulation.check(events, expected)
    still = energy_pj(made, made.simulation.toggle_rates(events))
    sources = made.simulation, made.cells, made.loads, made.pdk, library, CLOCK, events
    to_pj = CLOCK.period_ns * 1e3
    icarus = None
    if len(flat.instances) <= ICARUS_CELLS:
        found = measure_glitches(made.netlist, *sources, expected, made.cells.parent)
        icarus = round(still + found.total_w * to_pj, 1)
    kinds = [library.cells[instance.kind] for instance in flat.instances]
    return Energy(
        network=name,
        design=design,
        cells=len(kinds),
        area_um2=round(sum(cell.area_um2 for cell in kinds), 1),
        registers=sum(cell.flip_flop is not None for cell in kinds),
        without_glitches_pj=round(still, 1),
        estimate_pj=round(still + estimate_glitches(*sources).total_w * to_pj, 1),
        icarus_pj=icarus,
        mismatches=verdict.mismatches + verdict.valid_errors,
    )


def table(rows: Sequence[Energy]) -> str:
    """Markdown; shares are of the network's first design."""
    heads = (
        *("network", "design", "cells", "registers", "area, um2", "of the first"),
        *("without glitches, pJ", "with glitches, pJ", "of the first", "Icarus, pJ", "mismatches"),
    )
    lines: list[list[str]] = []
    first: dict[str, Energy] = {}
    for row in rows:
        start = first.setdefault(row.network, row)
        lines.append(
            [
                row.network,
                row.design,
                f"{row.cells:,}",
                f"{row.registers:,}",
                f"{row.area_um2:,.0f}",
                f"{row.area_um2 / start.area_um2:.3f}",
                f"{row.without_glitches_pj:.1f}",
                f"{row.estimate_pj:.1f}",
                f"{row.estimate_pj / start.estimate_pj:.3f}",
                "" if row.icarus_pj is None else f"{row.icarus_pj:.1f}",
                str(row.mismatches),
            ]
        )
    return markdown_table(heads, lines)
