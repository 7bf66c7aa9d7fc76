"""The trainings of a study: one per number of links and seed, several at a time, each kept.

A training lies in its own folder, laid out as build/<config> is, and is a stage: it is not repeated
unless what it depends on has changed, and continues from its checkpoint after a kill.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hexcoder.config import Config
from hexcoder.errors import CheckFailed
from hexcoder.processes import die_with_parent
from hexcoder.steps.runner import is_current, run_stage
from models.training.stage import TRAIN

_SECTIONS = ("data", "network", "quantisation", "training")


SEED = replace(TRAIN, hands_over=())
"""The stage train, whose network stays beside its other files."""


@dataclass(frozen=True, slots=True)
class SeedTask:
    """One training of a study.

    Parameters
    ----------
    links : int
    seed : int
    config : Config
        With the latents that fit the links, and the seed.
    folder : Path
        Its folder train/ gets network.json, the decoder and what else training writes.
    """

    links: int
    seed: int
    config: Config
    folder: Path


@dataclass(frozen=True, slots=True)
class SeedResult:
    """How a training ended.

    Attributes
    ----------
    links, seed : int
    folder : Path
        With network.json and decoder.safetensors.
    ran : bool
        False if an earlier run's result was current.
    physics : dict or None
        ``physics`` of its metrics.json.
    failed : str or None
        Why it does not count: it diverged, or torch and the golden model disagree.
    """

    links: int
    seed: int
    folder: Path
    ran: bool
    physics: dict[str, Any] | None
    failed: str | None


def run_seed(task: SeedTask) -> SeedResult:
    """Train, unless it was done; a training that fails is a result too, and is kept."""
    outcome = run_stage(SEED, task.config, task.folder)
    physics = outcome.metrics["physics"]
    failed = "; ".join(outcome.failures) or None
    if failed is None and not physics["events_counted"]:
        failed = "every held-out event comes back empty"
    folder = task.folder / SEED.name
    return SeedResult(task.links, task.seed, folder, bool(outcome.ran), physics, failed)


def run_seeds(
    tasks: Sequence[SeedTask], jobs: int, progress: Callable[[SeedResult], None]
) -> list[SeedResult]:
    """Train in ``jobs`` processes that share the cores; results in the order of the tasks.

    Raises
    ------
    InputError
        As training does; trainings that were running then continue at the next call.
    """
    results: dict[int, SeedResult] = {}
    for place, task in enumerate(tasks):
        if is_current(SEED, task.config, task.folder):
            results[place] = run_seed(task)
            progress(results[place])
    left = [place for place in range(len(tasks)) if place not in results]
    if left:
        found = _run_in_processes([tasks[place] for place in left], jobs, progress)
        results |= dict(zip(left, found, strict=True))
    return [results[place] for place in range(len(tasks))]


def _run_in_processes(
    tasks: Sequence[SeedTask], jobs: int, progress: Callable[[SeedResult], None]
) -> list[SeedResult]:
    jobs = min(jobs, len(tasks))
    threads = max(1, len(os.sched_getaffinity(0)) // jobs)
    pool = ProcessPoolExecutor(
        jobs,
        # A fork of a process that has started torch's threads can hang.
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start_worker,
        initargs=(threads,),
    )
    futures: list[Future[SeedResult]] = []
    try:
        futures = [pool.submit(run_seed, task) for task in tasks]
        waiting = set(futures)
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                progress(future.result())
    except BaseException as error:
        # Trainings resume from their checkpoints: nothing is lost by stopping them now.
        for process in list((pool._processes or {}).values()):
            process.terminate()
        pool.shutdown(wait=True, cancel_futures=True)
        if isinstance(error, BrokenProcessPool):
            raise CheckFailed(
                "the process of a training was killed, for want of memory perhaps; finished "
                "trainings are kept: run again, with fewer --jobs"
            ) from None
        raise
    pool.shutdown()
    return [future.result() for future in futures]


def _start_worker(threads: int) -> None:
    import torch

    from hexcoder import console

    # The parent hears of an interrupt and ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # One bar of the parent tells of all trainings.
    console.stderr.quiet = True
    torch.set_num_threads(threads)
    die_with_parent()
