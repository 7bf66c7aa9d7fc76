"""The drawn cells of a process, kept in the user's cache."""

import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

from hexcoder.cache import cache_folder
from hexcoder.pdk.cells.terminals import write_terminals
from hexcoder.pdk.cells.worker import FINISHED
from hexcoder.pdk.process import Process, version
from hexcoder.tools import run_logged

TERMINALS = "terminals.json"
"""Areas of gates and diffusions, for flow.layout.repair.antenna."""


def drawn_cells(process: Process) -> Path:
    """Folder of the cells, drawn on first use; see pdk.cells.worker for its files.

    Beside them :data:`TERMINALS`.

    Raises
    ------
    InputError
        If a package is missing, or cells cannot be drawn.
    """
    digest = hashlib.sha256()
    for path in _sources(process):
        digest.update(path.read_bytes())
    digest.update(" ".join(f"{name} {version(name)}" for name in process.packages).encode())
    home = cache_folder()
    folder = home / f"{process.name}_cells-{digest.hexdigest()[:16]}"
    if folder.is_dir():
        return folder
    home.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=home))
    try:
        command = [sys.executable, "-P", "-m", "hexcoder.pdk.cells.worker", process.name, partial]
        # The log of a failure stays; another process may draw the same meanwhile.
        log = home / f"{process.name}_cells.{os.getpid()}.log"
        run_logged(command, log, finished=FINISHED)
        log.replace(partial / "cells.log")
        write_terminals(process, partial / "cells.gds", partial / TERMINALS)
        try:
            partial.rename(folder)
        except OSError:
            # Another process was quicker.
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def _sources(process: Process) -> list[Path]:
    """Code that the cells come from."""
    here = Path(__file__).parent
    parts = ("worker", "full_adder_worker", "terminals", "extraction")
    return [
        *(here / f"{part}.py" for part in parts),
        here.parent / "process.py",
        *sorted((here.parent / process.name).glob("*.py")),
    ]
