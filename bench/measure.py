"""Area, timing, energy and correctness of a Verilog design, the same way for every compiler."""

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from hexcoder.bench.runs import Row
from hexcoder.config import Clock
from hexcoder.documents import read_json
from hexcoder.files import write_json
from hexcoder.flow.analysis.loads import net_loads
from hexcoder.flow.analysis.power import analyse_power
from hexcoder.flow.analysis.sta import write_constraints
from hexcoder.flow.analysis.timing import analyse_timing
from hexcoder.flow.analysis.wire_load import wire_load_name
from hexcoder.flow.synthesis.adders import ADDERS
from hexcoder.flow.synthesis.buffering import insert_buffers
from hexcoder.flow.synthesis.hierarchy import clean_names
from hexcoder.flow.synthesis.synthesise import synthesise
from hexcoder.netlist.cell_models import cell_models
from hexcoder.netlist.files import Netlist
from hexcoder.netlist.liberty import Library, read_liberty
from hexcoder.netlist.simulation import Interface, NetlistSimulation
from hexcoder.netlist.yosys import quoted, run_yosys
from hexcoder.network.golden import evaluate
from hexcoder.network.schema import Network
from hexcoder.pdk.description import Pdk, load_pdk

Synthesis = Literal["hexcoder", "adder cells", "default"]

_ADDER_CELLS = Path(__file__).with_name("adder_cells.v")
TOP = "encoder_core"
EVENTS = 2000
SEED = 1
_ABC = "+strash;dc2;&get,-n;&nf;&put;buffer;upsize;dnsize"
_CELL_OUTPUT = re.compile(r"/(?:ZN?|S|CO|QN?) \(\w+\)")


class Measured(Row):
    """A synthesised design.

    ``area_um2`` leaves registers out: the same ones stand round every design.
    """

    area_um2: float
    registers_um2: float
    cells: int
    depth: int
    registers: int
    slack_ns: float
    energy_pj: float
    mismatches: int
    synthesis_s: float


def _arithmetic(adder_cells: bool) -> list[str]:
    """Passes from Verilog to gates and adders: yosys' own order, ``synth -noabc``."""
    if not adder_cells:
        return [f"synth -flatten -noabc -top {TOP}"]
    return [
        f"hierarchy -check -top {TOP}",
        "proc",
        "flatten -noscopeinfo",
        # alkaid leaves bits of zero-width wires open: they are taken as 0.
        "opt_clean",
        "setundef -zero",
        "opt",
        "wreduce",
        "peepopt",
        "opt_clean",
        f"techmap -map {quoted(ADDERS)} t:$add t:$sub t:$neg",
        "simplemap",
        "opt_clean",
        "alumacc",
        "maccmap",
        f"techmap -map {quoted(ADDERS)} t:$alu",
        "simplemap",
        "opt",
        f"techmap -map {quoted(_ADDER_CELLS)} t:$fa",
        "opt",
        "simplemap",
        "techmap",
        "opt",
    ]


def yosys_synthesis(
    verilog: Path, pdk: Pdk, library: Library, folder: Path, adder_cells: bool
) -> Netlist:
    """yosys' own way with arithmetic, then ``dfflibmap`` and ``abc``.

    With ``adder_cells`` its adders become the library's full and half adders. ABC's default
    scripts do not end on unrolled networks (scorr, fraig), so it gets a short one.
    """
    logs = folder / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    work = logs / "design.json"
    netlist = Netlist(folder / "netlist.v", folder / "netlist.json", TOP)
    liberty = quoted(pdk.liberty)
    tie = (
        f"hilomap -hicell {pdk.tie_high.cell} {pdk.tie_high.output} "
        f"-locell {pdk.tie_low.cell} {pdk.tie_low.output}"
    )
    script = [
        f"read_liberty -lib {liberty}",
        f"read_verilog {quoted(verilog)}",
        *_arithmetic(adder_cells),
        f"dfflibmap -liberty {liberty}",
        f"abc -liberty {liberty} -script {_ABC}",
        "setundef -zero",
        "opt_clean -purge",
        tie,
        "opt_clean -purge",
        "setattr -unset init w:*",
        f"write_json {quoted(work)}",
    ]
    run_yosys(script, logs / "synthesis.ys")
    design = read_json(work)
    clean_names(design)
    insert_buffers(design, TOP, library, pdk)
    write_json(work, design)
    write = [
        f"read_liberty -lib {liberty}",
        f"read_json {quoted(work)}",
        f"hierarchy -check -top {TOP}",
        f"write_verilog -noattr -noexpr -nohex {quoted(netlist.verilog)}",
        "delete =A:blackbox",
        f"write_json {quoted(netlist.json)}",
    ]
    run_yosys(write, logs / "write.ys")
    return netlist


@dataclass(frozen=True)
class Synthesised:
    """A design as a netlist in Nangate45, and what its nets have to charge in F."""

    netlist: Netlist
    cells: Path
    pdk: Pdk
    library: Library
    wire_load: str | None
    simulation: NetlistSimulation
    loads: np.ndarray
    took_s: float


def core_ports(network: Network, latency: int, interval: int = 1) -> Interface:
    """Ports of a network's module ``encoder_core``."""
    given, wanted = (
        (tensor.type.width,) * int(np.prod(tensor.shape))
        for tensor in (network.input, network.output)
    )
    return Interface(given, wanted, latency, interval)


def synthesised(
    verilog: Path, ports: Interface, synthesis: Synthesis, folder: Path, top: str = TOP
) -> Synthesised:
    """Synthesise a design; ``synthesis`` and ``folder`` are those of :func:`measure`."""
    folder.mkdir(parents=True, exist_ok=True)
    pdk = load_pdk("nangate45")
    library = read_liberty(pdk.liberty)
    wire_load = wire_load_name(library, None)
    started = time.perf_counter()
    if synthesis == "hexcoder":
        netlist = synthesise(verilog, top, pdk, library, folder)
    else:
        netlist = yosys_synthesis(verilog, pdk, library, folder, synthesis == "adder cells")
    took = time.perf_counter() - started
    cells = folder / "cells.json"
    write_json(cells, cell_models(library))
    simulation = NetlistSimulation.build(netlist.json, cells, top, ports)
    loads = net_loads(simulation.netlist, library, pdk, wire_load)
    return Synthesised(netlist, cells, pdk, library, wire_load, simulation, loads, took)


def random_tensors(network: Network, count: int) -> np.ndarray:
    """Inputs over the whole range, the same each time: int64 (count, elements)."""
    random, type_ = np.random.default_rng(SEED), network.input.type
    shape = count, int(np.prod(network.input.shape))
    return random.integers(type_.minimum, type_.maximum + 1, shape)


def measure(
    network: Network,
    verilog: Path,
    latency: int,
    synthesis: Synthesis,
    clock: Clock,
    folder: Path,
    interval: int = 1,
) -> Measured:
    """Synthesise a design with module ``encoder_core`` and measure it.

    Parameters
    ----------
    network : Network
        What it has to compute: random tensors through the netlist are compared with the golden
        model, and give the activity for energy.
    verilog : Path
    latency : int
        Clocks from input to output.
    synthesis : str
        "hexcoder": its script, which maps adders to the library's full adders and leaves what is
        less to ABC; "default": yosys' own; "adder cells": yosys' own with its adders as cells.
    clock : Clock
    folder : Path
        Gets netlist, logs and reports.
    interval : int
        Clocks from one event to the next.
    """
    design = synthesised(verilog, core_ports(network, latency, interval), synthesis, folder)
    pdk, library, simulation = design.pdk, design.library, design.simulation
    inputs = random_tensors(network, EVENTS)
    verdict = simulation.check(inputs, evaluate(network, inputs))
    flat = simulation.netlist
    constraints = folder / "constraints.sdc"
    write_constraints(constraints, clock, pdk, library, design.wire_load)
    timing = analyse_timing(design.netlist, pdk, library, constraints, folder)
    rates = simulation.toggle_rates(inputs)
    power = analyse_power(flat, rates, design.loads, pdk, library, clock.period_ns)
    total_w = sum((item.data + item.clock).total_w for item in power)
    cells = [library.cells[instance.kind] for instance in flat.instances]
    sequential = [cell.area_um2 for cell in cells if cell.flip_flop is not None]
    combinational = [cell.area_um2 for cell in cells if cell.flip_flop is None]
    return Measured(
        area_um2=round(sum(combinational), 1),
        registers_um2=round(sum(sequential), 1),
        cells=len(combinational),
        depth=_depth(folder / "timing_setup.rpt"),
        registers=len(sequential),
        slack_ns=timing.setup_ws_ns,
        energy_pj=round(float(total_w) * clock.period_ns * interval * 1e3, 1),
        mismatches=verdict.mismatches + verdict.valid_errors,
        synthesis_s=round(design.took_s, 1),
    )


def _depth(report: Path) -> int:
    """Combinational cells on the worst path."""
    first = report.read_text().split("slack (", 1)[0]
    return len(_CELL_OUTPUT.findall(first)) - 1
