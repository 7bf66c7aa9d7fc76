"""Files that appear whole or not at all, and locks."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def write_json(path: Path, value: Any) -> None:
    """Write JSON with a stable order and a final newline, in one step."""
    write_whole(path, json.dumps(value, indent=2, sort_keys=False) + "\n")


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file that is there whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(content.encode() if isinstance(content, str) else content)
    partial.replace(path)


@contextmanager
def locked(path: Path, *, wait: bool) -> Iterator[None]:
    """Hold a lock on a file, which is made if it is not there; what is in it stays.

    Raises
    ------
    BlockingIOError
        If another process holds it, unless ``wait`` is set.
    OSError
        If it is a link: that may lead to a file of the user's, so it is not followed.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    lock = os.open(path, flags, 0o666)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(lock)
