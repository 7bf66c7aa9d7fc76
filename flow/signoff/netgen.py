"""netgen: the extracted circuit against the final netlist."""

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from hexcoder.flow.layout.views.cdl import cell_circuits
from hexcoder.flow.layout.wiring import SUPPLIES
from hexcoder.steps.reads import Tool
from hexcoder.tools import plain, run_logged, tcl_word

DEBIAN = "netgen-lvs"
_RESULT = re.compile(r"^(?:Final result|Result):\s*(.*?)\.?\s*$", re.MULTILINE)
_DONE = "end of script"
_SIDES = ("-circuit1", "-circuit2")
_MODULE = re.compile(r"^module (\S+)\s*\((.*?)\);", re.MULTILINE | re.DOTALL)
_INSTANCE = re.compile(r"^  (\w+) (?:\\\S+|\w+)\s+\(", re.MULTILINE)


def powered(verilog: str, cells: Iterable[str]) -> str:
    """A netlist of cells with their supplies, which Verilog for simulation leaves out.

    Parameters
    ----------
    verilog : str
        As Yosys writes a netlist.
    cells : iterable of str
        Names of the cells that have supplies.
    """
    known = set(cells)
    pins = ", ".join(f".{supply}({supply})" for supply in SUPPLIES)

    def instance(found: re.Match[str]) -> str:
        return f"{found[0]}{pins}," if found[1] in known else found[0]

    def module(found: re.Match[str]) -> str:
        ports = ", ".join([found[2], *SUPPLIES])
        return f"module {found[1]}({ports});\n  inout {', '.join(SUPPLIES)};"

    return _MODULE.sub(module, _INSTANCE.sub(instance, verilog))


def compare(
    program: str,
    extracted: Path,
    cells: Path,
    verilog: Path,
    top: str,
    setup: Path,
    extra: set[str],
    folder: Path,
) -> str:
    """netgen's verdict: 'Circuits match uniquely' where both are the same.

    Parameters
    ----------
    program : str
        Of :func:`netgen_tool`.
    extracted : Path
        SPICE of the layout.
    cells : Path
        Circuits of the drawn cells.
    verilog : Path
        The final netlist, as it is.
    top : str
    setup : Path
        netgen's file of the PDK.
    extra : set of str
        Cells that the layout alone has: fillers, decoupling, diodes.
    folder : Path
        To work in; keeps ``comparison.txt`` and ``netgen.log``.

    Raises
    ------
    ToolFailed
        If netgen ends early.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # Magic writes transistors as instances of the foundry's circuits.
    circuits = re.sub(r"^M", "XM", cell_circuits(cells), flags=re.MULTILINE)
    names = re.findall(r"^\.SUBCKT (\S+)", circuits, re.MULTILINE)
    (folder / "cells.spice").write_text(circuits)
    (folder / "powered.v").write_text(powered(verilog.read_text(), names))
    ignored = [
        f'catch {{ignore class "{side} {cell}"}}' for side in _SIDES for cell in sorted(extra)
    ]
    lines = [f"source {tcl_word(plain(setup))}", *ignored]
    (folder / "setup.tcl").write_text("\n".join(lines) + "\n")
    script = [
        f"set drawn [readnet spice {tcl_word(plain(extracted))}]",
        "set wanted [readnet spice cells.spice]",
        "readnet verilog powered.v $wanted",
        f'lvs "$drawn {top}" "$wanted {top}" setup.tcl comparison.txt -json',
        f'puts "{_DONE}"',
        "quit",
    ]
    (folder / "compare.tcl").write_text("\n".join(script) + "\n")
    command = [program, "-batch", "source", "compare.tcl"]
    log = run_logged(command, folder / "netgen.log", finished=_DONE, folder=folder)
    verdicts = _RESULT.findall(log)
    return verdicts[-1] if verdicts else "no verdict"


def netgen_tool() -> Tool:
    """netgen by its name on the path: Debian's differs, for a mesh generator has the other."""
    name = "netgen" if shutil.which("netgen") and not shutil.which(DEBIAN) else DEBIAN
    # Without a script it says its version, and ends.
    return Tool(name, f"on Debian: apt-get install {DEBIAN}", "-batch")
