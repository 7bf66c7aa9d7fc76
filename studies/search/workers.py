"""Where trials run: processes of this machine, or whatever else takes them."""

from abc import ABC, abstractmethod
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, closing

from hexcoder.studies.processes import cores, end_workers, worker_pool
from hexcoder.studies.search.trial import Task, TrialResult, run_trial


class Workers(ABC):
    """What runs trials, one at a time in each of its places, by so many threads each."""

    def __init__(self, threads: int):
        self.threads = threads
        self._tasks: dict[Future[TrialResult], Task] = {}

    @property
    @abstractmethod
    def places(self) -> int:
        """Trials that can run at a time."""

    @property
    def free(self) -> int:
        """Number of trials that could start now."""
        return max(0, self.places - len(self._tasks))

    def submit(self, task: Task) -> None:
        """Start a trial."""
        self._tasks[self._start(task)] = task

    def finished(self) -> list[tuple[Task, TrialResult]]:
        """Wait for at least one trial; what :func:`run_trial` returned, by task.

        What a trial cannot be blamed for, such as a full disk, is raised: it ends the search.
        """
        done = wait(self._tasks, return_when=FIRST_COMPLETED).done
        return [(self._tasks.pop(future), self._result(future)) for future in done]

    @abstractmethod
    def _start(self, task: Task) -> Future[TrialResult]: ...

    @abstractmethod
    def _result(self, future: Future[TrialResult]) -> TrialResult:
        """A process that is gone is a trial that failed, not a search."""


def local_workers(jobs: int) -> AbstractContextManager[Workers]:
    """Run trials in ``jobs`` processes of this machine, each with its share of the cores."""
    return closing(_LocalWorkers(jobs))


class _LocalWorkers(Workers):
    """A pool for each process: the death of one leaves the others alone."""

    def __init__(self, jobs: int):
        super().__init__(max(1, cores() // jobs))
        self._idle = [worker_pool(1) for _ in range(jobs)]
        self._busy: dict[Future[TrialResult], ProcessPoolExecutor] = {}

    @property
    def places(self) -> int:
        return len(self._idle) + len(self._busy)

    def _start(self, task: Task) -> Future[TrialResult]:
        pool = self._idle.pop()
        future = pool.submit(run_trial, task)
        self._busy[future] = pool
        return future

    def _result(self, future: Future[TrialResult]) -> TrialResult:
        pool = self._busy.pop(future)
        try:
            result = future.result()
        except BrokenProcessPool:
            (process,) = pool._processes.values()
            # The pool's own thread waits for it too, and only one of the two learns the status.
            pool.shutdown()
            process.join()
            status = f"its process ended with status {process.exitcode}; out of memory?"
            result, pool = TrialResult(failed=status), worker_pool(1)
        self._idle.append(pool)
        return result

    def close(self) -> None:
        for pool in [*self._idle, *self._busy.values()]:
            end_workers(pool)
