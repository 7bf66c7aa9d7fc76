"""Yosys scripts in a process of their own."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from hexcoder.tools import run_logged
from netlist.yosys_worker import FINISHED


def run_yosys(commands: Sequence[str], script: Path) -> str:
    """Run yosys commands.

    Parameters
    ----------
    commands : sequence of str
    script : Path
        Where to leave them, as a record; the log lies beside it with the suffix ``.log``.

    Returns
    -------
    str
        The log.

    Raises
    ------
    InputError
        If a command fails, with the log's last lines.
    """
    script.write_text("\n".join(commands) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "netlist.yosys_worker", script]
    return run_logged(command, script.with_suffix(".log"), finished=FINISHED)


def quoted(path: Path) -> str:
    """Write a path as a yosys script takes it, spaces and all."""
    return f'"{path}"'
