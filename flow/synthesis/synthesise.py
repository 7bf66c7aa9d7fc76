"""Verilog to a netlist of library cells: three yosys scripts, with adders mapped in between."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hexcoder.flow.synthesis.adders import ADDERS
from hexcoder.flow.synthesis.buffering import insert_buffers
from hexcoder.flow.synthesis.design import Design, Module
from hexcoder.flow.synthesis.full_adders import map_full_adders
from hexcoder.flow.synthesis.hierarchy import (
    clean_names,
    dissolve_wires,
    narrow_ports,
    prepare,
    tie_constants,
)
from hexcoder.flow.synthesis.voters import keep_voters, map_voters
from hexcoder.netlist.files import Netlist
from hexcoder.netlist.liberty import Library
from hexcoder.netlist.yosys import quoted, run_yosys
from hexcoder.pdk.description import Pdk

# Ways to map gates to cells, of which each module takes what comes out smallest: the first for what
# is left between adders, the second for wide selections (a layer whose weights are inputs becomes
# 7 % smaller). Short ones: yosys' default (scorr) did not end on unrolled networks in 500 s.
_ABC = ("+strash;ifraig;dc2;dch;amap", "+strash;ifraig;&get,-n;&dch,-f;&nf;&put")

# A constant passes one boundary of a layer in each.
_ROUNDS = 4


def synthesise(verilog: Path, top: str, pdk: Pdk, library: Library, folder: Path) -> Netlist:
    """Map a design to library cells.

    Parameters
    ----------
    verilog : Path
    top : str
        Top module.
    pdk : Pdk
    library : Library
        The Liberty file of the PDK's first corner.
    folder : Path
        Gets netlist.v, netlist.json and, in logs/, the scripts with their logs.

    Returns
    -------
    Netlist

    Raises
    ------
    InputError
        If yosys cannot read or map the design.
    """
    logs = folder / "logs" / "synthesis"
    logs.mkdir(parents=True, exist_ok=True)
    work = logs / "design.json"
    netlist = Netlist(folder / "netlist.v", folder / "netlist.json", top)

    run_yosys(_read(verilog, top, work), logs / "1_read.ys")
    with _edit(work) as design:
        prepare(design, top)
        if pdk.voter:
            keep_voters(design)
    run_yosys(_arithmetic(top, work), logs / "2_arithmetic.ys")
    with _edit(work) as design:
        dissolve_wires(design, top)
        for module in design["modules"].values():
            # A half adder of cells is no smaller than its XOR and AND, which ABC can simplify.
            map_full_adders(module, pdk.adder, half_adder=None)
        if pdk.voter:
            map_voters(design, pdk.voter)
    mapped = [logs / f"mapped_{number}.json" for number in range(len(_ABC))]
    run_yosys(_map(pdk, top, work, mapped), logs / "3_map.ys")
    _take_smallest(mapped, work, library)
    with _edit(work) as design:
        narrow_ports(design)
        tie_constants(design, pdk)
        clean_names(design)
        insert_buffers(design, top, library, pdk)
    run_yosys(_write(pdk, work, netlist), logs / "4_write.ys")
    work.unlink()
    return netlist


@contextmanager
def _edit(path: Path) -> Iterator[Design]:
    design = json.loads(path.read_bytes())
    yield design
    path.write_text(json.dumps(design))


def _read(verilog: Path, top: str, design: Path) -> list[str]:
    return [
        f"read_verilog {quoted(verilog)}",
        f"hierarchy -check -top {top}",
        "proc -norom",
        "opt_clean",
        f"write_json {quoted(design)}",
    ]


def _arithmetic(top: str, design: Path) -> list[str]:
    adders = f"techmap -map {quoted(ADDERS)}"
    return [
        f"read_json {quoted(design)}",
        f"hierarchy -check -top {top}",
        "flatten -noscopeinfo",
        "opt_expr",
        "opt_clean",
        "opt",
        "wreduce",
        "peepopt",
        # Bits that are constant or unread on the other side of a layer's boundary.
        "opt_hier",
        "opt",
        f"{adders} t:$add t:$sub t:$neg",
        # Before alumacc, which would take each $pos for a sum.
        "simplemap",
        "opt_clean",
        "alumacc",
        "maccmap",
        f"{adders} t:$alu",
        "simplemap",
        "opt_expr",
        "opt_merge",
        "opt_clean",
        f"write_json {quoted(design)}",
    ]


def _map(pdk: Pdk, top: str, design: Path, mapped: Sequence[Path]) -> list[str]:
    liberty = quoted(pdk.liberty)
    script = [
        f"read_liberty -lib {liberty}",
        f"read_json {quoted(design)}",
        f"hierarchy -check -top {top}",
        # Modules of wires alone.
        "flatten -noscopeinfo",
        "techmap",
        *["opt_hier", "opt"] * _ROUNDS,
        f"dfflibmap -liberty {liberty}",
        "opt_expr",
        "opt_clean",
        "design -save registers_mapped",
    ]
    for way, path in zip(_ABC, mapped, strict=True):
        script += [
            "design -load registers_mapped",
            f"abc -liberty {liberty} -script {way}",
            "setundef -zero",
            "opt_clean -purge",
            "check -assert",
            f"write_json {quoted(path)}",
        ]
    return script


def _take_smallest(mapped: Sequence[Path], design: Path, library: Library) -> None:
    """Write a design of which each module is the smallest of those mapped; these are deleted."""
    # By far the largest files of the flow, and our own: no reader of users' files is needed.
    best = json.loads(mapped[0].read_bytes())
    areas = {name: _area(module, library) for name, module in best["modules"].items()}
    for path in mapped[1:]:
        for name, module in json.loads(path.read_bytes())["modules"].items():
            area = _area(module, library)
            if area < areas[name]:
                best["modules"][name], areas[name] = module, area
    design.write_text(json.dumps(best))
    for path in mapped:
        path.unlink()


def _area(module: Module, library: Library) -> float:
    """Area of the library's cells in a module itself, in um2."""
    kinds = Counter(cell["type"] for cell in module["cells"].values())
    return sum(
        library.cells[kind].area_um2 * n for kind, n in kinds.items() if kind in library.cells
    )


def _write(pdk: Pdk, design: Path, netlist: Netlist) -> list[str]:
    return [
        f"read_liberty -lib {quoted(pdk.liberty)}",
        f"read_json {quoted(design)}",
        f"hierarchy -check -top {netlist.top}",
        "check -assert -mapped",
        f"stat -liberty {quoted(pdk.liberty)}",
        f"write_verilog -noattr -noexpr -nohex {quoted(netlist.verilog)}",
        "delete =A:blackbox",
        f"write_json {quoted(netlist.json)}",
    ]
