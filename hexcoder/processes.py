"""Processes of ours: whatever ends us, none of them goes on.

A tool such as make starts others. Each of our children leads a process group of its own, and one
small watcher beside us kills the groups when we are gone, by a signal that cannot be caught too.
"""

import atexit
import concurrent.futures
import multiprocessing
import multiprocessing.process
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

_WATCH = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
groups = set()
for line in sys.stdin:
    (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
for group in groups:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
"""


PLAIN = re.compile(r"[A-Za-z0-9_./+,=@-]+")
"""Paths that no tool takes for more than a name: not make, no shell, no Tcl."""


def plain_temporary() -> str:
    """The folder for temporary files, or /tmp where its path is not plain."""
    place = tempfile.gettempdir()
    return place if PLAIN.fullmatch(place) else "/tmp"


class _Watcher:
    """The process that outlives us by a moment, and is told of each group of ours."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                return
            # -S -E: it needs nothing but the standard library, and starts at once.
            self._process = subprocess.Popen(
                [sys.executable, "-S", "-E", "-c", _WATCH],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
                text=True,
            )
            atexit.register(self._end, self._process)

    def tell(self, sign: str, group: int) -> None:
        with self._lock:
            assert self._process is not None
            assert self._process.stdin is not None
            self._process.stdin.write(f"{sign}{group}\n")
            self._process.stdin.flush()

    @staticmethod
    def _end(process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        process.stdin.close()
        process.wait()

    def forget(self) -> None:
        """In a forked child: the watcher is the parent's."""
        self._lock = threading.Lock()
        self._process = None


_watcher = _Watcher()
os.register_at_fork(after_in_child=_watcher.forget)


@contextmanager
def child(command: Sequence[str | Path], **options: Any) -> Iterator[subprocess.Popen[Any]]:
    """Start a program; it and all that it started are gone when the block is left.

    Parameters
    ----------
    command : sequence of str or Path
    **options
        Of :class:`subprocess.Popen`.
    """
    words = [str(word) for word in command]
    # Tools such as ABC and Icarus Verilog put the names of their files into commands of a shell.
    environment = options.pop("env", None) or os.environ
    options["env"] = {**environment, "TMPDIR": plain_temporary()}
    # First, so that no moment is left in which a child of ours is not known to it.
    _watcher.start()
    with _interrupts_later():
        process = subprocess.Popen(words, start_new_session=True, **options)
        _watcher.tell("+", process.pid)
    with process:
        try:
            yield process
        finally:
            # Also where the program has ended: what it left behind is in its group.
            _kill(process.pid)
            process.wait()
            _watcher.tell("-", process.pid)


@contextmanager
def _interrupts_later() -> Iterator[None]:
    """Hold interrupts back in the main thread, where they are raised, until the block is left."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {
        number: signal.signal(number, lambda number, frame: came.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for number in came:
        signal.raise_signal(number)


def _kill(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def run(
    command: Sequence[str | Path],
    *,
    input: str | bytes | None = None,
    stdout: IO[Any] | int | None = subprocess.PIPE,
    stderr: IO[Any] | int | None = subprocess.STDOUT,
    timeout_s: float | None = None,
    **options: Any,
) -> subprocess.CompletedProcess[Any]:
    """Run a program to its end, as :func:`subprocess.run` does; text, unless bytes are given.

    Raises
    ------
    subprocess.TimeoutExpired
        After ``timeout_s``; nothing of the program is left then.
    """
    stdin = subprocess.DEVNULL if input is None else subprocess.PIPE
    if not isinstance(input, bytes):
        options |= {"text": True, "errors": "replace"}
    with child(command, stdin=stdin, stdout=stdout, stderr=stderr, **options) as process:
        out, err = process.communicate(input, timeout_s)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def worker_pool(
    jobs: int, start: Callable[..., object], *arguments: Any, loaded: Sequence[str] = ()
) -> concurrent.futures.ProcessPoolExecutor:
    """A pool of fresh processes that end when we do; each begins with ``start(*arguments)``.

    With ``loaded``, names of modules, they are forked from a process that has done nothing but
    import these: once for all pools.
    """
    context: Any = multiprocessing.get_context("forkserver" if loaded else "spawn")
    if loaded:
        context.set_forkserver_preload(list(loaded))
    return concurrent.futures.ProcessPoolExecutor(jobs, context, _start_worker, (start, arguments))


def _start_worker(start: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    die_with_parent()
    start(*arguments)


def die_with_parent() -> None:
    """In a worker process of :mod:`multiprocessing`: end when the one that started it does."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: multiprocessing.process.BaseProcess) -> None:
    # It may be killed at any moment, and would leave a worker that holds its folder.
    parent.join()
    os._exit(1)
