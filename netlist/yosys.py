"""Yosys scripts in a process of their own."""

import sys
from collections.abc import Sequence
from pathlib import Path

from hexcoder.netlist.yosys_worker import FINISHED
from hexcoder.tools import plain, run_logged


def run_yosys(commands: Sequence[str], script: Path, timeout_s: float | None = None) -> str:
    """Run yosys commands and return the log; InputError with its last lines if one fails.

    The commands stay in ``script`` as a record; the log lies beside it with the suffix ``.log``.
    After ``timeout_s`` seconds yosys is ended: subprocess.TimeoutExpired.
    """
    script.write_text("\n".join(commands) + "\n", encoding="utf-8")
    command = [sys.executable, "-P", "-m", "hexcoder.netlist.yosys_worker", script]
    return run_logged(command, script.with_suffix(".log"), finished=FINISHED, timeout_s=timeout_s)


def quoted(path: Path) -> str:
    """Write a path as a yosys script takes it, whatever is in its name."""
    return f'"{plain(path)}"'
