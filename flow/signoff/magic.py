"""Magic: all of a foundry's rules as its technology file has them, and the circuit that is drawn.

Commands are those of Magic's manual (opencircuitdesign.com/magic/commandref).
"""

import re
from pathlib import Path

from hexcoder.errors import InputError
from hexcoder.tools import ToolFailed, plain, run_logged, tcl_word

_RULE = re.compile(r"^rule (\d+) (.*)$", re.MULTILINE)
_TOP = re.compile(r"[A-Za-z_]\w*")
_END = "end of script"


def check_rules(gds: Path, top: str, technology: Path, folder: Path) -> dict[str, int]:
    """Violations of drc(full) by rule, in the technology file's words; empty without any.

    Parameters
    ----------
    gds : Path
    top : str
    technology : Path
        Such as ``sky130A.tech``.
    folder : Path
        To work in; keeps ``rules.log``.

    Raises
    ------
    ToolFailed
        If Magic ends early.
    """
    script = [
        *_load(gds, top),
        "select top cell",
        "expand",
        "drc euclidean on",
        "drc style drc(full)",
        "drc check",
        "drc catchup",
        'foreach {why places} [drc listall why] { puts "rule [llength $places] $why" }',
    ]
    log = _run(script, technology, folder, "rules")
    return {why.strip(): int(count) for count, why in _RULE.findall(log)}


def extract(gds: Path, top: str, technology: Path, folder: Path) -> Path:
    """Extract the drawn circuit with its hierarchy, without parasitics: a SPICE file."""
    netlist = folder / "extracted.spice"
    script = [
        *_load(gds, top),
        "select top cell",
        "extract no all",
        "extract do local",
        "extract all",
        "ext2spice lvs",
        f"ext2spice -o {netlist.name}",
    ]
    _run(script, technology, folder, "extraction")
    for left in folder.glob("*.ext"):
        left.unlink()
    if not netlist.is_file():
        raise ToolFailed(f"magic wrote no {netlist.name} (log: {folder / 'extraction.log'})")
    return netlist


def _load(gds: Path, top: str) -> list[str]:
    if not _TOP.fullmatch(top):
        raise InputError(f"{top!r}: not a name of a cell that Magic can be told")
    return ["gds readonly true", f"gds read {tcl_word(plain(gds))}", f"load {top}"]


def _run(script: list[str], technology: Path, folder: Path, name: str) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.tcl"
    path.write_text("\n".join([*script, f'puts "{_END}"', "quit -noprompt"]) + "\n")
    # No start-up file: a user's own would be another technology's.
    options = ["-dnull", "-noconsole", "-rcfile", "/dev/null", "-T", str(plain(technology))]
    log = folder / f"{name}.log"
    return run_logged(["magic", *options, path.name], log, finished=_END, folder=folder)
