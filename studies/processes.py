"""Tasks of a study in processes of this machine."""

import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from hexcoder import console, processes
from hexcoder.errors import CheckFailed

Task = TypeVar("Task")
Result = TypeVar("Result")


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


TRAINING = (
    "hexcoder.studies.processes",
    "hexcoder.models.training.fit",
    "hexcoder.models.training.stage",
    # torch imports it at the first step of an optimiser.
    "torch._dynamo",
)
"""Modules that take seconds to import, more than a small training."""


def worker_pool(jobs: int) -> ProcessPoolExecutor:
    """A pool of processes that leave interrupts and progress bars to this one."""
    return processes.worker_pool(jobs, _start_worker, loaded=TRAINING)


def _start_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    console.stderr.quiet = True


def end_workers(pool: ProcessPoolExecutor) -> None:
    """End a pool and what it is at: what studies do goes on from where it was."""
    for process in list((pool._processes or {}).values()):
        process.terminate()
    pool.shutdown(cancel_futures=True)


def run_all(
    work: Callable[[Task], Result],
    tasks: Sequence[Task],
    jobs: int,
    progress: Callable[[Result], None],
) -> list[Result]:
    """Results of ``work``, in ``jobs`` processes, in the order of the tasks.

    ``progress`` is told each as it comes. What ``work`` raises ends the other tasks, and so does
    the death of a process: CheckFailed.
    """
    with worker_pool(jobs) as pool:
        try:
            futures = [pool.submit(work, task) for task in tasks]
            for future in as_completed(futures):
                progress(future.result())
            return [future.result() for future in futures]
        except BrokenProcessPool:
            raise CheckFailed(
                "a process was killed, for want of memory perhaps; what is finished is kept: run "
                "again, with fewer --jobs"
            ) from None
        except BaseException:
            end_workers(pool)
            raise
