"""Versions of the flow's outside programs."""

from __future__ import annotations

import shutil
import subprocess


def tool_version(name: str, *options: str) -> str | None:
    """First line that a tool says of its version; None if it is not installed."""
    program = shutil.which(name)
    if program is None:
        return None
    done = subprocess.run(
        [program, *options], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    return (done.stdout or done.stderr).strip().split("\n")[0]
