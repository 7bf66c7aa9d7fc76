"""What pipelining costs and buys: stages against area, energy and clock."""

from pathlib import Path

from hexcoder.bench.measure import measure
from hexcoder.bench.networks import benchmark_networks
from hexcoder.bench.runs import Row
from hexcoder.config import Clock, Compiler, Pipeline
from hexcoder.gen.build import build
from hexcoder.gen.compiler import Settings

PERIODS_NS = (25.0, 8.0, 5.0, 3.0, 2.0, 1.5, 1.2, 1.0)


class Pipelined(Row):
    """A network at one clock."""

    period_ns: float
    stages: int
    area_um2: float
    registers: int
    slack_ns: float
    shortest_period_ns: float
    energy_pj: float
    mismatches: int


def run(name: str, period_ns: float, effort: float, folder: Path) -> Pipelined:
    """Cut a network into as few stages as a clock needs, synthesise and measure it."""
    network = benchmark_networks()[name]
    clock = Clock(period_ns=period_ns, uncertainty_ns=0.05, input_delay_ns=0.1, output_delay_ns=0.1)
    settings = Settings(
        pipeline=Pipeline(stages="auto"), compiler=Compiler(effort=effort), clock=clock
    )
    latency = build(network, settings, folder / "rtl").metrics.latency_cycles
    measured = measure(network, folder / "rtl" / "encoder.v", latency, "hexcoder", clock, folder)
    return Pipelined(
        period_ns=period_ns,
        stages=latency - 1,
        area_um2=round(measured.area_um2 + measured.registers_um2, 1),
        registers=measured.registers,
        slack_ns=measured.slack_ns,
        shortest_period_ns=round(period_ns - measured.slack_ns, 3),
        energy_pj=measured.energy_pj,
        mismatches=measured.mismatches,
    )
