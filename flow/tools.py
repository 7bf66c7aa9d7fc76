"""Outside programs of the flow: found, or named as missing; and their versions."""

from __future__ import annotations

import shutil
import subprocess

from hexcoder.errors import InputError

_HOW_TO_GET = {
    "sta": "OpenSTA, timing and power: apt-get install opensta",
    "iverilog": "Icarus Verilog, gate-level simulation: apt-get install iverilog",
    "g++": "GNU C++ compiler, compiled simulation: apt-get install g++",
}


def find_tool(name: str) -> str:
    """Path of a program.

    Raises
    ------
    InputError
        If it is not installed, with how to get it.
    """
    path = shutil.which(name)
    if path is None:
        raise InputError(f"'{name}' is not installed ({_HOW_TO_GET[name]})")
    return path


def tool_version(name: str, *options: str) -> str | None:
    """First line that a tool says of its version; None if it is not installed."""
    program = shutil.which(name)
    if program is None:
        return None
    done = subprocess.run(
        [program, *options], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    return (done.stdout or done.stderr).strip().split("\n")[0]
