"""Command lines in the process of the tests: no interpreter starts, no library is loaded anew."""

import contextlib
import importlib
import io
import signal
import sys
import warnings
from dataclasses import dataclass

from hexcoder.errors import run_command


@dataclass(frozen=True)
class Done:
    """What a command left, as subprocess has it."""

    returncode: int
    stdout: str
    stderr: str


def run_room(room: str, *arguments: object) -> Done:
    """Run ``python -m ROOM ARGUMENTS``."""
    main = importlib.import_module(f"hexcoder.{room}.__main__").main
    output, errors = io.StringIO(), io.StringIO()
    argv, handler = sys.argv, signal.getsignal(signal.SIGTERM)
    sys.argv = [f"python -m {room}", *map(str, arguments)]
    status = 0
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(output),
            contextlib.redirect_stderr(errors),
        ):
            run_command(main)
    except SystemExit as end:
        status = int(end.code or 0)
    finally:
        sys.argv = argv
        signal.signal(signal.SIGTERM, handler)
    return Done(status, output.getvalue(), errors.getvalue())
