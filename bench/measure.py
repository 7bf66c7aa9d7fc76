"""Area, timing, energy and correctness of a Verilog design, the same way for every compiler."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

import numpy as np

from flow.analysis.loads import net_loads
from flow.analysis.power import analyse_power
from flow.analysis.sta import write_constraints
from flow.analysis.timing import analyse_timing
from flow.analysis.wire_load import wire_load_name
from flow.synthesis.adders import ADDERS
from flow.synthesis.buffering import insert_buffers
from flow.synthesis.hierarchy import clean_names
from flow.synthesis.synthesise import synthesise
from hexcoder.config import Clock
from hexcoder.errors import InputError
from hexcoder.files import read_json, write_json
from hexcoder.processes import die_with_parent
from netlist.cell_models import cell_models
from netlist.files import Netlist
from netlist.liberty import Library, read_liberty
from netlist.simulation import Interface, NetlistSimulation
from netlist.yosys import quoted, run_yosys
from network.golden import evaluate
from network.schema import Network
from pdk.description import Pdk, load_pdk

Synthesis = Literal["hexcoder", "adder cells", "default"]

_ADDER_CELLS = Path(__file__).with_name("adder_cells.v")
TOP = "encoder_core"
EVENTS = 2000
SEED = 1
_ABC = "+strash;dc2;&get,-n;&nf;&put;buffer;upsize;dnsize"
_CELL_OUTPUT = re.compile(r"/(?:ZN?|S|CO|QN?) \(\w+\)")


@dataclass(frozen=True)
class Measured:
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
    verilog: Path, pdk: Pdk, library: Library, folder: Path, *, adder_cells: bool
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


def _interface(network: Network, latency: int) -> Interface:
    inputs, outputs = (int(np.prod(shape)) for shape in (network.input.shape, network.output.shape))
    return Interface(
        (network.input.type.width,) * inputs, (network.output.type.width,) * outputs, latency
    )


def measure(
    network: Network,
    verilog: Path,
    latency: int,
    synthesis: Synthesis,
    clock: Clock,
    folder: Path,
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
    """
    folder.mkdir(parents=True, exist_ok=True)
    pdk = load_pdk("nangate45")
    library = read_liberty(pdk.liberty)
    wire_load = wire_load_name(library, None)
    started = time.perf_counter()
    if synthesis == "hexcoder":
        netlist = synthesise(verilog, TOP, pdk, library, folder)
    else:
        cells = synthesis == "adder cells"
        netlist = yosys_synthesis(verilog, pdk, library, folder, adder_cells=cells)
    took = time.perf_counter() - started
    write_json(folder / "cells.json", cell_models(library))
    simulation = NetlistSimulation.build(
        netlist.json,
        folder / "cells.json",
        TOP,
        _interface(network, latency),
    )
    type_ = network.input.type
    random = np.random.default_rng(SEED)
    inputs = random.integers(
        type_.minimum, type_.maximum + 1, (EVENTS, int(np.prod(network.input.shape)))
    )
    verdict = simulation.check(inputs, evaluate(network, inputs))
    flat = simulation.netlist
    constraints = folder / "constraints.sdc"
    write_constraints(constraints, clock, pdk, library, wire_load)
    timing = analyse_timing(netlist, pdk, library, constraints, folder)
    rates = simulation.toggle_rates(inputs)
    loads = net_loads(flat, library, pdk, wire_load)
    power = analyse_power(flat, rates, loads, pdk, library, clock.period_ns)
    total_w = sum((item.data + item.clock).total_w for item in power)
    sequential = [i for i in flat.instances if library.cells[i.kind].flip_flop is not None]
    combinational = [i for i in flat.instances if library.cells[i.kind].flip_flop is None]
    return Measured(
        area_um2=round(sum(library.cells[i.kind].area_um2 for i in combinational), 1),
        registers_um2=round(sum(library.cells[i.kind].area_um2 for i in sequential), 1),
        cells=len(combinational),
        depth=_depth(folder / "timing_setup.rpt"),
        registers=len(sequential),
        slack_ns=timing.setup_ws_ns,
        energy_pj=round(float(total_w) * clock.period_ns * 1e3, 1),
        mismatches=verdict.mismatches + verdict.valid_errors,
        synthesis_s=round(took, 1),
    )


def _depth(report: Path) -> int:
    """Combinational cells on the worst path."""
    first = report.read_text().split("slack (", 1)[0]
    return len(_CELL_OUTPUT.findall(first)) - 1


def keep(
    path: Path, state: dict[str, Any], measured: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """What was measured before in the same state (code, settings), or is measured now."""
    if path.is_file() and (kept := read_json(path))["state"] == state:
        return kept["result"]
    result = measured()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"state": state, "result": result})
    return result


def _in_own_session(
    connection: Connection, function: Callable[..., Any], arguments: Sequence[Any]
) -> None:
    os.setsid()
    die_with_parent()
    try:
        connection.send((function(*arguments), None))
    except Exception as error:
        connection.send((None, error))


def within(seconds: float, function: Callable[..., Any], *arguments: Any) -> Any | None:
    """Result of a function run in a process of its own, or None if it takes too long.

    What the process has started ends with it.
    """
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_in_own_session, args=(sender, function, arguments))
    process.start()
    sender.close()
    try:
        if not receiver.poll(seconds):
            return None
        result, error = receiver.recv()
    except EOFError:
        raise InputError(f"{function.__name__}{arguments} ended without a result") from None
    finally:
        if process.is_alive() and process.pid is not None and os.getsid(process.pid) == process.pid:
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.join()
    if error is not None:
        raise error
    return result
