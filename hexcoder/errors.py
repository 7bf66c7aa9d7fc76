"""The two ways in which a command can fail, and the exit statuses that say which."""

import errno
import os
import signal
import sys
from collections.abc import Callable, Sequence

import pydantic


class InputError(Exception):
    """Something that the user gave cannot be used: exit status 2.

    The message is one line that names the file, the key or position, the value, and what would do.
    """


class CheckFailed(Exception):
    """A check ran to its end and failed: exit status 1. Reports written before it stay."""


def first_problem(error: pydantic.ValidationError, source: str) -> str:
    """Put a pydantic error into one line: file, key, value, and what would be valid."""
    problem = error.errors()[0]
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "missing":
        return f"{source}: key '{key}' is missing"
    if problem["type"] == "extra_forbidden":
        return f"{source}: key '{key}' is not known here"
    value = repr(problem.get("input"))
    if len(value) > 60:
        value = value[:57] + "..."
    message = problem["msg"].removeprefix("Value error, ")
    if not key:
        return f"{source}: {message}"
    return f"{source}: key '{key}' = {value}: {message}"


_EXPECTED = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EEXIST,
    errno.ENAMETOOLONG,
)
"""What a path or a disk that the user named may lead to."""


class _Terminated(BaseException):
    """SIGTERM came: what is open is closed, and processes of ours end, on the way out."""


def _raise_terminated(number: int, frame: object) -> None:
    raise _Terminated


def run_command(main: Callable[[Sequence[str] | None], int | None]) -> None:
    """Run a room's command line and turn what it raises into an exit status.

    0: done. 1: a check failed. 2: bad input, a missing tool or no space. 130: an interrupt, 143: a
    termination. One line on standard error, never a traceback. What earlier stages wrote is
    untouched, because a stage moves its files into place only when they are whole.
    """
    signal.signal(signal.SIGTERM, _raise_terminated)
    try:
        status = main(None) or 0
        sys.stdout.flush()
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        status = 2
    except CheckFailed as error:
        print(f"failed: {error}", file=sys.stderr)
        status = 1
    except KeyboardInterrupt:
        print("error: interrupted; the last complete result is unchanged", file=sys.stderr)
        status = 130
    except _Terminated:
        print("error: terminated; the last complete result is unchanged", file=sys.stderr)
        status = 128 + signal.SIGTERM
    except BrokenPipeError:
        # The reader (head, less) has what it wanted; nothing is wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except OSError as error:
        if error.errno not in _EXPECTED:
            raise
        where = f" ({error.filename})" if error.filename else ""
        print(
            f"error: {error.strerror}{where}; the last complete result is unchanged",
            file=sys.stderr,
        )
        status = 2
    sys.exit(status)
