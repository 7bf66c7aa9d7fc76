"""Where hexcoder keeps what it made for the user and can make again."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """Folder in the user's cache (XDG Base Directory Specification); it may not be there yet."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hexcoder"
