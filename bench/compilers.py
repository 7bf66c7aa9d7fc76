"""hexcoder beside other ways from a network to gates: same weights, library and clock."""

import shutil
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from hexcoder.bench.alkaid_peer import trace_network
from hexcoder.bench.measure import Measured, Synthesis, measure
from hexcoder.bench.networks import benchmark_networks
from hexcoder.bench.plain import plain_verilog
from hexcoder.bench.runs import Row, keep, within
from hexcoder.code import code_digest
from hexcoder.config import Clock, Compiler, Pipeline
from hexcoder.files import write_whole
from hexcoder.gen.build import build
from hexcoder.gen.compiler import Settings, compile_network
from hexcoder.network.schema import Network
from hexcoder.tables import markdown_table

STAGES = 3
"""Stages of logic at which register bits are compared."""

CLOCK = Clock(input_delay_ns=0.0, output_delay_ns=0.0)
"""Without delays at the ports, so that the slack is the logic's."""

COMPILERS = {
    "hexcoder": "hexcoder",
    "alkaid": "alkaid's Verilog, yosys' arithmetic",
    "alkaid_mapped": "alkaid's Verilog, full and half adder cells",
    "alkaid_hexcoder": "alkaid's Verilog through hexcoder's synthesis",
    "plain": "plain RTL, yosys' arithmetic",
}


_SYNTHESIS: dict[str, Synthesis] = {
    "hexcoder": "hexcoder",
    "alkaid_hexcoder": "hexcoder",
    "alkaid_mapped": "adder cells",
}
"""By compiler; else yosys' own."""


class Result(Row):
    """One network through one compiler; ``not_measured`` is the reason why there is no more."""

    network: str = ""
    compiler: str = ""
    compile_s: float = 0.0
    register_bits: int | None = None
    measured: Measured | None = None
    not_measured: str = ""


Results = dict[str, dict[str, Result]]
"""By network and compiler."""


class Comparison(Row):
    """All networks through all compilers, and hexcoder's ratio to each peer by quantity."""

    clock_ns: float
    effort: float
    networks: Results
    ratios: dict[str, dict[str, float]]


class Compiled(Row):
    """What a compiler gave: time, and register bits at :data:`STAGES` stages."""

    register_bits: int | None
    compile_s: float


def _hexcoder(network: Network, effort: float, folder: Path) -> Compiled:
    settings = Settings(pipeline=Pipeline(layers=False), compiler=Compiler(effort=effort))
    started = time.perf_counter()
    build(network, settings, folder)
    took = time.perf_counter() - started
    staged = Settings(pipeline=Pipeline(stages=STAGES), compiler=Compiler(effort=effort))
    bits = compile_network(network, staged).structure.total().register_bits
    return Compiled(register_bits=bits, compile_s=took)


def _alkaid(network: Network, path: Path) -> Compiled:
    """Compiled once for all that follows alkaid; a large network takes it many minutes."""

    def compiled() -> Compiled:
        started = time.perf_counter()
        traced = trace_network(network)
        write_whole(path, traced.verilog())
        took = time.perf_counter() - started
        return Compiled(register_bits=traced.register_bits(STAGES), compile_s=took)

    path.parent.mkdir(parents=True, exist_ok=True)
    state = {"code": code_digest("hexcoder.bench.alkaid_peer")}
    return keep(path.with_suffix(".json"), state, Compiled, compiled)


def run(name: str, compiler: str, effort: float, folder: Path) -> Result:
    """Compile a network, synthesise and measure it."""
    network = benchmark_networks()[name]
    folder.mkdir(parents=True, exist_ok=True)
    if compiler == "hexcoder":
        verilog = folder / "rtl" / "encoder.v"
        compiled = _hexcoder(network, effort, verilog.parent)
    elif compiler == "plain":
        verilog = folder / "plain.v"
        started = time.perf_counter()
        verilog.write_text(plain_verilog(network))
        compiled = Compiled(register_bits=None, compile_s=time.perf_counter() - started)
    else:
        verilog = folder.parent / f"alkaid_{name}" / "alkaid.v"
        compiled = _alkaid(network, verilog)
    return Result(
        network=name,
        compiler=compiler,
        compile_s=round(compiled.compile_s, 1),
        register_bits=compiled.register_bits,
        measured=measure(network, verilog, 2, _SYNTHESIS.get(compiler, "default"), CLOCK, folder),
    )


def compare(
    names: Sequence[str],
    compilers: Sequence[str],
    effort: float,
    limit_s: float,
    folder: Path,
    progress: Callable[[str], None],
) -> Comparison:
    """Run all networks through all compilers, one after the other.

    Each result is kept in ``folder`` as it comes, for as long as the code that it depends on stays
    the same: a comparison goes on where it stopped, and several that share a folder share results.
    """
    every, alkaid = code_digest("hexcoder.bench.compilers"), code_digest("hexcoder.bench.measure")

    def result(name: str, compiler: str) -> Result:
        work = folder / name / compiler
        # Plain RTL is written from gen's graph; alkaid's knows nothing of gen.
        is_alkaid = compiler in ("alkaid", "alkaid_mapped")
        state: dict[str, str | float] = {"limit_s": limit_s, "code": alkaid if is_alkaid else every}
        if compiler == "hexcoder":
            state["effort"] = effort

        def measured() -> Result:
            progress(f"{name}, {COMPILERS[compiler]}")
            row = within(limit_s, run, name, compiler, effort, work)
            shutil.rmtree(work, ignore_errors=True)
            return row or Result(not_measured=f"not done within {limit_s:.0f} s")

        return keep(work.with_suffix(".json"), state, Result, measured)

    results = {name: {compiler: result(name, compiler) for compiler in compilers} for name in names}
    return Comparison(
        clock_ns=CLOCK.period_ns, effort=effort, networks=results, ratios=ratios(results)
    )


def _area(result: Result) -> float | None:
    return result.measured.area_um2 if result.measured else None


def ratios(results: Results) -> dict[str, dict[str, float]]:
    """Areas and register bits of hexcoder over each peer's, and their geometric means."""
    quantities: dict[str, Callable[[Result], float | None]] = {
        "area_um2": _area,
        "register_bits": lambda result: result.register_bits,
    }
    table: dict[str, dict[str, float]] = {}
    for compiler in [name for name in COMPILERS if name != "hexcoder"]:
        for key, quantity in quantities.items():
            values = {}
            for name, row in results.items():
                if "hexcoder" in row and compiler in row:
                    ours, peer = quantity(row["hexcoder"]), quantity(row[compiler])
                    if ours and peer:
                        values[name] = round(ours / peer, 4)
            if values:
                mean = round(statistics.geometric_mean(values.values()), 4)
                table[f"{key}_ratio_to_{compiler}"] = values | {"geometric_mean": mean}
    return table


def table(comparison: Comparison) -> str:
    """The results as a table in Markdown."""
    heads = (
        *("network", "compiler", "area, um2", "cells", "depth, cells", "slack at 25 ns, ns"),
        *("energy, pJ", f"register bits, {STAGES} stages", "compile, s", "synthesis, s"),
        "mismatches",
    )
    lines = []
    for name, row in comparison.networks.items():
        for compiler, result in row.items():
            if (measured := result.measured) is None:
                cells = [result.not_measured, *[""] * 8]
            else:
                bits = result.register_bits
                cells = [
                    f"{measured.area_um2:,.0f}",
                    f"{measured.cells:,}",
                    str(measured.depth),
                    f"{measured.slack_ns:.2f}",
                    f"{measured.energy_pj:,.0f}",
                    "" if bits is None else f"{bits:,}",
                    str(result.compile_s),
                    str(measured.synthesis_s),
                    str(measured.mismatches),
                ]
            lines.append([name, COMPILERS[compiler], *cells])
    return markdown_table(heads, lines)
