"""The ways in which a command can fail, and the exit statuses that say which."""

import errno
import os
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Sequence

LONGEST_LINE = 500
"""Characters of an error's line."""


class InputError(Exception):
    """Something that the user gave cannot be used: exit status 2.

    The message is one line that names the file, the key or position, the value, and what would do.
    """


class CheckFailed(Exception):
    """A check ran to its end and failed: exit status 1. Reports written before it stay."""


_EXPECTED = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EEXIST,
    errno.ENAMETOOLONG,
    errno.ELOOP,
    errno.ENXIO,
    errno.EIO,
    errno.EFBIG,
)
"""What a path or a disk that the user named may lead to."""


class _Terminated(BaseException):
    """SIGTERM came: what is open is closed, and processes of ours end, on the way out."""


def _raise_terminated(number: int, frame: object) -> None:
    raise _Terminated


def one_line(message: object, most: int = LONGEST_LINE) -> str:
    """A message as one printable line: what a file brought in cannot steer a terminal.

    Line ends and control characters are written as escapes; a long message loses its middle, for
    its beginning names the file and its end says what would do.
    """
    text = str(message)
    if len(text) > 2 * most:
        text = text[:most] + " ... " + text[-most:]
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    if len(text) > most:
        half = (most - 5) // 2
        text = f"{text[:half]} ... {text[-half:]}"
    return text


def run_command(main: Callable[[Sequence[str] | None], int | None]) -> None:
    """Run a room's command line and turn what it raises into an exit status.

    0: done. 1: a check failed. 2: bad input, a missing tool, no space or no memory. 3: a fault of
    ours, with its traceback in a log. 130: an interrupt, 143: a termination. One line on standard
    error, never a traceback. What earlier stages wrote is untouched, because a stage moves its
    files into place only when they are whole.
    """
    signal.signal(signal.SIGTERM, _raise_terminated)
    if not sys.warnoptions:
        # What libraries warn of, numpy of an old file's header, is for programmers.
        warnings.simplefilter("ignore")
    for stream in (sys.stdout, sys.stderr):
        # A file's name may hold what the terminal's encoding does not.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # pyright: ignore
    try:
        status = main(None) or 0
        sys.stdout.flush()
    except InputError as error:
        status = _say(f"error: {one_line(error, LONGEST_LINE - 7)}", 2)
    except CheckFailed as error:
        status = _say(f"failed: {one_line(error, LONGEST_LINE - 8)}", 1)
    except KeyboardInterrupt:
        status = _say("error: interrupted; the last complete result is unchanged", 130)
    except _Terminated:
        status = _say(
            "error: terminated; the last complete result is unchanged", 128 + signal.SIGTERM
        )
    except BrokenPipeError:
        # The reader (head, less) has what it wanted; nothing is wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except MemoryError:
        status = _say("error: out of memory; the last complete result is unchanged", 2)
    except OSError as error:
        if error.errno in _EXPECTED:
            where = f" ({error.filename})" if error.filename else ""
            what = one_line(f"{error.strerror}{where}", LONGEST_LINE - 60)
            status = _say(f"error: {what}; the last complete result is unchanged", 2)
        else:
            status = _own_fault(error)
    except Exception as error:
        status = _own_fault(error)
    sys.exit(status)


def _say(line: str, status: int) -> int:
    print(line, file=sys.stderr)
    return status


def _own_fault(error: Exception) -> int:
    """Write a traceback to a log and name it in a line."""
    what = one_line(f"{type(error).__name__}: {error}", 200)
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="hexcoder-", suffix=".log", delete=False, errors="backslashreplace"
        ) as log:
            log.write("".join(traceback.format_exception(error)))
        where = f"the log {log.name} says where; please report it"
    except OSError as problem:
        where = f"its log could not be written ({problem.strerror})"
    return _say(f"error: a fault of hexcoder's own: {what}; {where}", 3)
