"""The stage 'asic': synthesis, check of the netlist, timing and power, and their metrics."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flow.asic.loadable import make_loadable_asic
from flow.asic.run import AsicRun
from flow.asic.vectors import Vectors, load_vectors
from hexcoder.config import Config
from hexcoder.files import read_json, write_json
from netlist.simulation import Interface

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
        return make_loadable_asic(config, build, folder, rtl, progress)
    run = AsicRun(config, folder, rtl)
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
    run.simulated_power(given)
    progress(STEPS[6])
    run.measure_glitches(given)
    write_json(folder / "metrics.json", run.metrics)
    return "; ".join(run.failures) or None
