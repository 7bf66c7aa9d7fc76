"""Folders that outlive a test."""

import atexit
import shutil
import tempfile
from pathlib import Path


def lasting_folder() -> Path:
    """A new folder that goes when the process that runs the tests ends."""
    folder = Path(tempfile.mkdtemp(prefix="hexcoder-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
