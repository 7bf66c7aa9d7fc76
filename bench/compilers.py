"""hexcoder beside other ways from a network to gates: same weights, library and clock."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.alkaid_peer import trace_network
from bench.measure import Measured, Synthesis, keep, measure, within
from bench.networks import benchmark_networks
from bench.plain import plain_verilog
from gen.build import build
from gen.compiler import Settings, compile_network
from hexcoder.code import code_digest
from hexcoder.config import Clock, Compiler, Pipeline
from hexcoder.files import write_whole
from network.schema import Network

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


@dataclass(frozen=True)
class Result:
    """One network through one compiler."""

    network: str
    compiler: str
    compile_s: float
    register_bits: int | None
    measured: Measured


def _hexcoder(network: Network, effort: float, folder: Path) -> tuple[Path, int, float]:
    settings = Settings(pipeline=Pipeline(layers=False), compiler=Compiler(effort=effort))
    started = time.perf_counter()
    build(network, settings, folder)
    took = time.perf_counter() - started
    staged = Settings(pipeline=Pipeline(stages=STAGES), compiler=Compiler(effort=effort))
    bits = compile_network(network, staged).structure.total().register_bits
    return folder / "encoder.v", bits, took


def _alkaid(network: Network, folder: Path) -> tuple[Path, int, float]:
    """Compiled once for all that follows alkaid; a large network takes it many minutes."""
    path = folder / "alkaid.v"

    def compiled() -> dict[str, Any]:
        started = time.perf_counter()
        traced = trace_network(network)
        write_whole(path, traced.verilog())
        took = time.perf_counter() - started
        return {"register_bits": traced.register_bits(STAGES), "compile_s": took}

    folder.mkdir(parents=True, exist_ok=True)
    found = keep(folder / "alkaid.json", {"code": code_digest("bench.alkaid_peer")}, compiled)
    return path, found["register_bits"], found["compile_s"]


def run(name: str, compiler: str, effort: float, folder: Path) -> Result:
    """Compile a network, synthesise and measure it."""
    network = benchmark_networks()[name]
    folder.mkdir(parents=True, exist_ok=True)
    bits: int | None = None
    started = time.perf_counter()
    if compiler == "hexcoder":
        verilog, bits, took = _hexcoder(network, effort, folder / "rtl")
    elif compiler == "plain":
        verilog = folder / "plain.v"
        verilog.write_text(plain_verilog(network))
        took = time.perf_counter() - started
    else:
        verilog, bits, took = _alkaid(network, folder.parent / f"alkaid_{name}")
    synthesis: Synthesis = "default"
    if "hexcoder" in compiler:
        synthesis = "hexcoder"
    elif compiler == "alkaid_mapped":
        synthesis = "adder cells"
    measured = measure(network, verilog, 2, synthesis, CLOCK, folder)
    return Result(name, compiler, round(took, 1), bits, measured)


def _measured(
    name: str, compiler: str, effort: float, limit_s: float, folder: Path
) -> dict[str, Any]:
    found = within(limit_s, run, name, compiler, effort, folder)
    shutil.rmtree(folder, ignore_errors=True)
    return asdict(found) if found else {"not_measured": f"not done within {limit_s:.0f} s"}


def compare(
    names: Sequence[str],
    compilers: Sequence[str],
    effort: float,
    limit_s: float,
    folder: Path,
    progress: Callable[[str], None],
) -> dict[str, Any]:
    """Run all networks through all compilers, one after the other.

    Each result is kept in ``folder`` as it comes, for as long as the code that it depends on stays
    the same: a comparison goes on where it stopped, and several that share a folder share results.
    """
    every, alkaid = code_digest("bench.compilers"), code_digest("bench.measure")
    results: dict[str, dict[str, Any]] = {}
    for name in names:
        results[name] = {}
        for compiler in compilers:
            work = folder / name / compiler
            # Plain RTL is written from gen's graph; alkaid's knows nothing of gen.
            is_alkaid = compiler in ("alkaid", "alkaid_mapped")
            state: dict[str, Any] = {"limit_s": limit_s, "code": alkaid if is_alkaid else every}
            if compiler == "hexcoder":
                state["effort"] = effort

            def measured(name: str = name, compiler: str = compiler, work: Path = work) -> Any:
                progress(f"{name}, {COMPILERS[compiler]}")
                return _measured(name, compiler, effort, limit_s, work)

            results[name][compiler] = keep(work.with_suffix(".json"), state, measured)
    return {"clock_ns": CLOCK.period_ns, "effort": effort, "networks": results} | ratios(results)


def ratios(results: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Areas and register bits of hexcoder over each peer's, and their geometric means."""
    found: dict[str, Any] = {}
    for compiler in COMPILERS:
        for key, place in (("area_um2", "measured"), ("register_bits", None)):
            values = {}
            for name, row in results.items():
                ours, peer = row.get("hexcoder", {}), row.get(compiler, {})
                pair = [side.get(place, {}) if place else side for side in (ours, peer)]
                if compiler != "hexcoder" and all(side.get(key) for side in pair):
                    values[name] = round(pair[0][key] / pair[1][key], 4)
            if values:
                mean = float(np.exp(np.mean(np.log(list(values.values())))))
                found[f"{key}_ratio_to_{compiler}"] = values | {"geometric_mean": round(mean, 4)}
    return {"ratios": found}


def table(result: dict[str, Any]) -> str:
    """The results as a table in Markdown."""
    heads = [
        "network", "compiler", "area, um2", "cells", "depth, cells", "slack at 25 ns, ns",
        "energy, pJ", f"register bits, {STAGES} stages", "compile, s", "synthesis, s", "mismatches",
    ]  # fmt: skip
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    for name, row in result["networks"].items():
        for compiler, entry in row.items():
            if "not_measured" in entry:
                cells = [entry["not_measured"], *[""] * 8]
            else:
                m = entry["measured"]
                bits = entry["register_bits"]
                cells = [
                    f"{m['area_um2']:,.0f}", f"{m['cells']:,}", m["depth"], f"{m['slack_ns']:.2f}",
                    f"{m['energy_pj']:,.0f}", "" if bits is None else f"{bits:,}",
                    entry["compile_s"], m["synthesis_s"], m["mismatches"],
                ]  # fmt: skip
            lines.append(f"| {' | '.join(map(str, [name, COMPILERS[compiler], *cells]))} |")
    return "\n".join(lines)
