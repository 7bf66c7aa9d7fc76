"""Outside programs: find them, run them, and on failure show the end of their log."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from hexcoder.errors import InputError

_LAST_LINES = 8
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


def run_tool(command: Sequence[str | Path], log: Path, finished: str = "") -> str:
    """Run a program to its end with its output in a log.

    Parameters
    ----------
    command : sequence of str or Path
    log : Path
        Gets standard output and standard error.
    finished : str, optional
        What a complete log holds: some programs exit with 0 after an error.

    Returns
    -------
    str
        The log.

    Raises
    ------
    InputError
        If the exit status is not 0 or the log is not complete, with the log's last lines.
    """
    with open(log, "w", encoding="utf-8") as stream:
        result = subprocess.run(
            [str(part) for part in command],
            stdout=stream,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    text = log.read_text(encoding="utf-8", errors="replace")
    if result.returncode != 0 or finished not in text:
        lines = [line for line in text.splitlines() if line.strip()]
        # Where a tool names its error, what follows in the log only hides it.
        telling = [line for line in lines if line.lstrip().startswith(("ERROR", "Error"))][:3]
        last = "\n  ".join(telling or lines[-_LAST_LINES:] or ["(empty log)"])
        name = Path(str(command[0])).name if "-m" not in command else str(command[2])
        raise InputError(
            f"{name} failed with exit status {result.returncode} (log: {log}):\n  {last}"
        )
    return text


def tool_version(name: str, *options: str) -> str | None:
    """First line that a tool says of its version; None if it is not installed."""
    program = shutil.which(name)
    if program is None:
        return None
    done = subprocess.run(
        [program, *options], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    return (done.stdout or done.stderr).strip().split("\n")[0]
