"""Nodes of a graph in gates, beside plain RTL of the same, or another tool's, through yosys."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

from hexcoder.bench.compilers import CLOCK
from hexcoder.bench.dwn_peer import dwn_example
from hexcoder.bench.measure import measure
from hexcoder.bench.plain_nodes import NODE_NETWORKS, plain_graph
from hexcoder.bench.runs import Row
from hexcoder.config import Compiler, Pipeline
from hexcoder.gen.build import build
from hexcoder.gen.compiler import Settings
from hexcoder.network.schema import Network
from hexcoder.tables import markdown_table


class NodeRow(Row):
    """One graph, ours and plain. ``plain_script_um2`` is plain RTL through our own synthesis.

    Of the row dwn2rtl that tool's Verilog is in the place of plain RTL.
    """

    name: str
    area_um2: float
    plain_um2: float
    plain_script_um2: float
    energy_pj: float
    plain_energy_pj: float
    mismatches: int

    @property
    def ratio(self) -> float:
        """Of areas, to the better of both ways through synthesis."""
        return self.area_um2 / min(self.plain_um2, self.plain_script_um2)


DWN = "dwn2rtl"
CASES = (*NODE_NETWORKS, DWN)


def _network_and_plain(name: str, folder: Path) -> tuple[Network, str]:
    if name == DWN:
        return dwn_example(folder)
    network = NODE_NETWORKS[name]()
    return network, plain_graph(network)


def run(name: str, effort: float, folder: Path) -> NodeRow:
    """Compile, synthesise and measure a graph, ours and plain."""
    folder.mkdir(parents=True, exist_ok=True)
    network, text = _network_and_plain(name, folder)
    settings = Settings(pipeline=Pipeline(layers=False), compiler=Compiler(effort=effort))
    build(network, settings, folder / "rtl")
    verilog = folder / "plain.v"
    verilog.write_text(text)
    ours = measure(network, folder / "rtl" / "encoder.v", 2, "hexcoder", CLOCK, folder / "ours")
    plain = measure(network, verilog, 2, "default", CLOCK, folder / "plain")
    script = measure(network, verilog, 2, "hexcoder", CLOCK, folder / "script")
    return NodeRow(
        name=name,
        area_um2=ours.area_um2,
        plain_um2=plain.area_um2,
        plain_script_um2=script.area_um2,
        energy_pj=ours.energy_pj,
        plain_energy_pj=plain.energy_pj,
        mismatches=ours.mismatches + plain.mismatches + script.mismatches,
    )


def table(rows: Sequence[NodeRow]) -> str:
    """Markdown, with the geometric mean of the ratios."""
    heads = ("graph", "area, um2", "plain RTL, um2", "plain RTL, our synthesis, um2",
             "ratio to the better", "energy, pJ", "plain RTL, pJ", "mismatches")  # fmt: skip
    lines = [
        [
            row.name,
            f"{row.area_um2:,.0f}",
            f"{row.plain_um2:,.0f}",
            f"{row.plain_script_um2:,.0f}",
            f"{row.ratio:.2f}",
            f"{row.energy_pj:.1f}",
            f"{row.plain_energy_pj:.1f}",
            str(row.mismatches),
        ]
        for row in rows
    ]
    mean = statistics.geometric_mean(row.ratio for row in rows)
    return markdown_table(heads, lines) + f"geometric mean of the ratios: {mean:.2f}\n"
