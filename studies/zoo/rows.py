"""A row for each config of configs/zoo/: built by the whole chain, read from its metrics."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from hexcoder.config import Config
from hexcoder.errors import CheckFailed
from hexcoder.metrics.asic import AsicFile
from hexcoder.metrics.file import read_metrics
from hexcoder.metrics.rtl import RtlFile
from hexcoder.metrics.sim import SimulationMetrics
from hexcoder.metrics.train import TrainMetrics
from hexcoder.processes import run
from hexcoder.report.numbers import count, fixed
from hexcoder.report.sections.answers import leading_figure

MARKS = ("<!-- zoo -->", "<!-- /zoo -->")
"""What the table stands between in a page."""


class Row(BaseModel):
    """What the chain measured of one network."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(description="of the config")
    parameters: int | None = Field(description="weights and biases; of trees leaves and thresholds")
    figure: str = Field(description="what 'value' is: accuracy, error")
    value: float
    full_adders: int
    area_um2: float = Field(description="after synthesis")
    energy_pj: float | None = Field(description="an event, with glitches, after synthesis")
    energy_without_glitches_pj: float | None = Field(description="the same without")
    latency_cycles: int
    slack_ns: float
    vectors: int = Field(description="RTL against golden model")
    mismatches: int
    netlist_vectors: int | None = Field(description="netlist against golden model")


def build_rows(
    configs: Sequence[tuple[Path, Config]], folder: Path, show: Callable[[str, int], None]
) -> list[Row]:
    """Run the chain for each config into ``folder``/NAME; what is up to date is read.

    Raises
    ------
    CheckFailed
        If a stage of one failed: its last line.
    """
    rows = []
    for number, (path, config) in enumerate(configs):
        show(config.name, number)
        build = folder / config.name
        # A process of its own: it gives its memory back.
        command = [sys.executable, "-m", "hexcoder", "all", str(path), "--build", str(build)]
        done = run(command)
        if done.returncode:
            last = (done.stdout.strip().splitlines() or ["no message"])[-1]
            raise CheckFailed(f"{path}: status {done.returncode}: {last}")
        rows.append(read_row(config.name, build))
    return rows


def read_row(name: str, build: Path) -> Row:
    """What the stages left in a build folder."""
    train = read_metrics(build / "train" / "metrics.json", TrainMetrics, "hexcoder train")
    rtl = read_metrics(build / "rtl" / "metrics.json", RtlFile, "hexcoder rtl")
    sim = read_metrics(build / "sim" / "metrics.json", SimulationMetrics, "hexcoder sim")
    asic = read_metrics(build / "asic" / "metrics.json", AsicFile, "hexcoder asic")
    if train is None or rtl is None or sim is None or asic is None:
        raise CheckFailed(f"{build}: a stage left no metrics")
    leading = leading_figure(train.task) if train.task else None
    if leading is None or asic.area is None or asic.timing is None:
        raise CheckFailed(f"{build}: no figure of the answers, no area or no timing")
    netlist = asic.netlist.netlist_check if asic.netlist else None
    return Row(
        name=name,
        parameters=train.parameters,
        figure=leading[0],
        value=leading[1],
        full_adders=rtl.total.full_adders,
        area_um2=asic.area.design__instance__area,
        energy_pj=asic.energy_per_event_with_glitches_pj,
        energy_without_glitches_pj=asic.power.energy_per_event_pj if asic.power else None,
        latency_cycles=rtl.latency_cycles,
        slack_ns=asic.timing.timing__setup__ws,
        vectors=sim.vectors,
        mismatches=sim.mismatches,
        netlist_vectors=netlist.vectors if netlist else None,
    )


def table(rows: Sequence[Row]) -> str:
    """Markdown."""
    head = [
        "config", "parameters", "on held-out samples", "full adders", "area, um2",
        "energy with glitches, pJ", "latency, clocks", "slack, ns", "vectors, differences",
    ]  # fmt: skip
    lines = [f"| {' | '.join(head)} |", f"| {' | '.join(['---'] * len(head))} |"]
    for row in rows:
        energy = "not measured"
        if row.energy_pj is not None:
            energy = fixed(row.energy_pj, 1)
        elif row.energy_without_glitches_pj is not None:
            energy += f"; without glitches {fixed(row.energy_without_glitches_pj, 1)}"
        cells = [
            f"`{row.name}`",
            count(row.parameters),
            f"{row.figure} {fixed(row.value, 3)}",
            count(row.full_adders),
            count(round(row.area_um2)),
            energy,
            str(row.latency_cycles),
            fixed(row.slack_ns, 1),
            f"{count(row.vectors)}, {row.mismatches}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def put_into(page: str, rows: Sequence[Row]) -> str:
    """A page with the table between its marks."""
    before, _, rest = page.partition(MARKS[0])
    _, found, after = rest.partition(MARKS[1])
    if not found:
        raise ValueError(f"the page has no {' ... '.join(MARKS)}")
    return f"{before}{MARKS[0]}\n{table(rows)}\n{MARKS[1]}{after}"
