"""Where trials run: processes of this machine, one trial at a time each."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol

from hexcoder import console
from hexcoder.processes import die_with_parent
from studies.search.trial import Task, run_trial

_STOP = None


class Workers(Protocol):
    """Something that runs trials."""

    @property
    def threads(self) -> int:
        """Threads that a trial may use."""
        ...

    @property
    def free(self) -> int:
        """Number of trials that could start now."""
        ...

    def submit(self, task: Task) -> None:
        """Start a trial."""
        ...

    def finished(self) -> list[tuple[Task, dict[str, Any]]]:
        """Wait for at least one trial; what :func:`run_trial` returned, by task."""
        ...


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


@contextmanager
def local_workers(jobs: int) -> Iterator[Workers]:
    """Run trials in ``jobs`` processes of this machine, each with its share of the cores."""
    workers = _LocalWorkers(jobs)
    try:
        yield workers
    finally:
        workers.close()


class _Slot:
    """One process and the trial that it is at."""

    def __init__(self, context: multiprocessing.context.SpawnContext):
        self.task: Task | None = None
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    def start(self, task: Task) -> None:
        self.task = task
        self.connection.send(task)

    def result(self) -> dict[str, Any] | BaseException:
        """Take the answer; a process that is gone is a trial that failed, not a search."""
        try:
            return self.connection.recv()
        except EOFError:
            self._process.join()
            status = self._process.exitcode
            return {"failed": f"its process ended with status {status}; out of memory?"}

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    def close(self) -> None:
        if self.task is None:
            with suppress(OSError):
                self.connection.send(_STOP)
        else:
            self._process.kill()
        self._process.join()
        self.connection.close()


class _LocalWorkers:
    def __init__(self, jobs: int):
        self.threads = max(1, cores() // jobs)
        # Not forked: torch's threads do not survive a fork.
        self._context = multiprocessing.get_context("spawn")
        self._slots: list[_Slot] = []
        self._jobs = jobs

    @property
    def free(self) -> int:
        return self._jobs - sum(slot.task is not None for slot in self._slots)

    def submit(self, task: Task) -> None:
        slot = next((slot for slot in self._slots if slot.task is None), None)
        if slot is None:
            slot = _Slot(self._context)
            self._slots.append(slot)
        slot.start(task)

    def finished(self) -> list[tuple[Task, dict[str, Any]]]:
        busy = {slot.connection: slot for slot in self._slots if slot.task is not None}
        done = []
        for connection in wait(list(busy)):
            slot = busy[connection]  # type: ignore[index]
            result = slot.result()
            if isinstance(result, BaseException):
                raise result
            assert slot.task is not None
            done.append((slot.task, result))
            slot.task = None
            if not slot.alive:
                self._slots.remove(slot)
                slot.close()
        return done

    def close(self) -> None:
        for slot in self._slots:
            slot.close()


def _serve(connection: Connection) -> None:
    """Run trials until the parent says stop, or is gone."""
    # An interrupt goes to all processes of a terminal; the parent decides what becomes of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent()
    # The search has a progress bar of its own.
    console.stderr.quiet = True
    # The pipe of a parent that is gone ends, too.
    with suppress(EOFError, BrokenPipeError):
        while (task := connection.recv()) is not _STOP:
            try:
                result: dict[str, Any] | BaseException = run_trial(task)
            except Exception as error:
                # Nothing that a trial can be blamed for, such as a full disk: it ends the search.
                result = error
            connection.send(result)
