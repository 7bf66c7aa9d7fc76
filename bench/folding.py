"""What sharing adders saves: clocks from one event to the next against area and energy."""

from pathlib import Path

from hexcoder.bench.compilers import CLOCK
from hexcoder.bench.measure import measure
from hexcoder.bench.networks import perceptron
from hexcoder.bench.runs import Row
from hexcoder.config import Compiler, Pipeline
from hexcoder.gen.build import build
from hexcoder.gen.compiler import Settings

INTERVALS = (1, 2, 3, 6, 16, 64)
SIZES = {
    "jets": (16, 64, 32, 32, 5),
    "beam": (259, 44, 518),
}
"""Dense networks of the sizes that papers give; their weights are drawn."""


class Folded(Row):
    """A network at one interval; areas of gates and of registers."""

    interval: int
    latency_cycles: int
    area_um2: float
    registers_um2: float
    slack_ns: float
    energy_pj: float
    mismatches: int


def run(name: str, interval: int, effort: float, folder: Path) -> Folded:
    """Compile a network for an interval, synthesise and measure it; energy without glitches."""
    network = perceptron(name, SIZES[name])
    settings = Settings(pipeline=Pipeline(interval=interval), compiler=Compiler(effort=effort))
    latency = build(network, settings, folder / "rtl").metrics.latency_cycles
    verilog = folder / "rtl" / "encoder.v"
    measured = measure(network, verilog, latency, "hexcoder", CLOCK, folder, interval)
    return Folded(
        interval=interval,
        latency_cycles=latency,
        area_um2=measured.area_um2,
        registers_um2=measured.registers_um2,
        slack_ns=measured.slack_ns,
        energy_pj=measured.energy_pj,
        mismatches=measured.mismatches,
    )
