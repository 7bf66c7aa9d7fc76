"""Energy with glitches by hexcoder's own simulation with delays, beside Icarus Verilog's."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from hexcoder.bench.compilers import CLOCK
from hexcoder.bench.measure import TOP, Synthesised, core_ports, random_tensors, synthesised
from hexcoder.bench.networks import filters, perceptron
from hexcoder.bench.runs import Row
from hexcoder.config import Compiler, Pipeline
from hexcoder.errors import CheckFailed
from hexcoder.flow.analysis.power import analyse_power
from hexcoder.gen.build import build
from hexcoder.gen.compiler import Settings
from hexcoder.netlist.cell_tables import read_tables
from hexcoder.netlist.delayed_lanes import delayed_toggle_rates
from hexcoder.netlist.delays import cell_delays, write_sdf
from hexcoder.netlist.flat import read_cell_models
from hexcoder.netlist.timed import simulate_timed
from hexcoder.network.schema import Network
from hexcoder.tables import markdown_table

EVENTS = 200
PIPELINES = {
    "": Pipeline(layers=False),
    "2 stages": Pipeline(stages=2, even=True),
    "3 stages": Pipeline(stages=3, even=True),
}


class Estimate(Row):
    """One design: energies of an event, and the processor's time for the two simulations.

    ``largest_difference`` is that of any net's toggles, as a part of the busiest net's.
    """

    design: str
    cells: int
    events: int
    icarus_pj: float
    estimate_pj: float
    largest_difference: float
    icarus_s: float
    estimate_s: float


class Agreement(Row):
    """Of all designs: rank correlation, greatest relative difference of energy, ratio of times."""

    designs: int
    spearman: float
    largest_difference: float
    times_as_fast: float


def networks() -> Iterator[Network]:
    """Ten small ones."""
    shapes = [(4, 4), (6, 6), (8, 8), (12, 6), (16, 8), (4, 6, 4), (6, 8, 6), (8, 8, 8)]
    for seed, sizes in enumerate(shapes):
        yield perceptron("perceptron_" + "_".join(map(str, sizes)), sizes, seed)
    yield filters("filters_3_2", 3, 2)
    yield filters("filters_4_1", 4, 1)


def cases() -> dict[str, tuple[Network, Pipeline]]:
    """Thirty designs: each network, pipelined in three ways."""
    return {
        f"{network.name} {name}".strip(): (network, pipeline)
        for network in networks()
        for name, pipeline in PIPELINES.items()
    }


def run(design: str, effort: float, folder: Path) -> Estimate:
    """Build, synthesise and simulate one design in both ways."""
    network, pipeline = cases()[design]
    settings = Settings(pipeline=pipeline, compiler=Compiler(effort=effort))
    built = build(network, settings, folder / "rtl")
    verilog, latency = folder / "rtl" / "encoder.v", built.metrics.latency_cycles
    ports = core_ports(network, latency)
    return compare(design, network, synthesised(verilog, ports, "hexcoder", folder))


def compare(design: str, network: Network, made: Synthesised) -> Estimate:
    """Simulate a netlist in both ways, with the same delays."""
    flat, folder, simulation = made.simulation.netlist, made.cells.parent, made.simulation
    models, tables = read_cell_models(made.cells), read_tables(made.pdk.liberty)
    events = random_tensors(network, EVENTS)
    sdf = folder / "delays.sdf"
    write_sdf(flat, tables, made.loads, sdf, TOP)
    started = _cpu_s()
    timed = simulate_timed(
        made.netlist.verilog,
        sdf,
        flat,
        models,
        TOP,
        simulation.interface,
        events,
        None,
        folder / "timed",
        CLOCK.period_ns,
        CLOCK.input_delay_ns,
    )
    icarus_s = _cpu_s() - started
    delays, at_s = cell_delays(flat, tables, made.loads), CLOCK.input_delay_ns * 1e-9
    # The first call may compile the simulator.
    delayed_toggle_rates(simulation, models, delays, {}, events[:10], at_s)
    started = _cpu_s()
    rates, cycles = delayed_toggle_rates(simulation, models, delays, {}, events, at_s)
    estimate_s = _cpu_s() - started
    if cycles != timed.cycles:
        raise CheckFailed(f"{design}: Icarus Verilog did {timed.cycles} of {cycles} events")
    differences = np.abs(rates - timed.toggle_rates)
    return Estimate(
        design=design,
        cells=len(flat.instances),
        events=cycles,
        icarus_pj=energy_pj(made, timed.toggle_rates),
        estimate_pj=energy_pj(made, rates),
        largest_difference=float(differences.max() / timed.toggle_rates.max()),
        icarus_s=icarus_s,
        estimate_s=estimate_s,
    )


def _cpu_s() -> float:
    """Of this process and of those that it has waited for: others on the machine do not count."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def energy_pj(made: Synthesised, rates: np.ndarray) -> float:
    """Of an event, at so many toggles of each net."""
    power = analyse_power(
        made.simulation.netlist, rates, made.loads, made.pdk, made.library, CLOCK.period_ns
    )
    return sum((item.data + item.clock).total_w for item in power) * CLOCK.period_ns * 1e3


def agreement(rows: Sequence[Estimate]) -> Agreement:
    """Over all designs."""
    icarus, estimate = (
        np.array(values)
        for values in zip(*((r.icarus_pj, r.estimate_pj) for r in rows), strict=True)
    )
    return Agreement(
        designs=len(rows),
        spearman=float(spearmanr(icarus, estimate).statistic),
        largest_difference=float(np.max(np.abs(estimate / icarus - 1))),
        times_as_fast=sum(row.icarus_s for row in rows) / sum(row.estimate_s for row in rows),
    )


def table(rows: Sequence[Estimate]) -> str:
    """Markdown, and a line of what they come to."""
    heads = (
        *("design", "cells", "events", "Icarus, pJ", "estimate, pJ", "difference"),
        *("largest of a net", "Icarus, CPU s", "estimate, CPU s", "times as fast"),
    )
    lines = [
        [
            row.design,
            f"{row.cells:,}",
            str(row.events),
            f"{row.icarus_pj:.3f}",
            f"{row.estimate_pj:.3f}",
            f"{100 * (row.estimate_pj / row.icarus_pj - 1):+.2f} %",
            f"{100 * row.largest_difference:.1f} %",
            f"{row.icarus_s:.2f}",
            f"{row.estimate_s:.3f}",
            f"{row.icarus_s / row.estimate_s:.0f}",
        ]
        for row in rows
    ]
    found = agreement(rows)
    return markdown_table(heads, lines) + (
        f"{found.designs} designs: Spearman {found.spearman:.4f}, "
        f"energies differ by {100 * found.largest_difference:.2f} % at most, "
        f"{found.times_as_fast:.0f} times as fast\n"
    )
