"""The trainings of a study: one per number of links and seed, several at a time, each kept.

A training lies in its own folder, laid out as build/<config> is, and is a stage: it is not repeated
unless what it depends on has changed, and continues from its checkpoint after a kill.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch

from hexcoder.config import Config
from hexcoder.metrics.train import Physics
from hexcoder.steps.runner import is_current, run_stage
from models.training.stage import TRAIN
from studies.processes import cores, run_all

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
    physics : Physics or None
        Of its metrics.json; None where it does not count.
    failed : str or None
        Why it does not count: it diverged, or torch and the golden model disagree.
    """

    links: int
    seed: int
    folder: Path
    ran: bool
    physics: Physics | None
    failed: str | None

    @property
    def emd(self) -> float:
        """Mean EMD of a training that counts."""
        assert self.physics is not None
        assert self.physics.emd_mean is not None
        return self.physics.emd_mean


def run_seed(task: SeedTask) -> SeedResult:
    """Train, unless it was done; a training that fails is a result too, and is kept."""
    outcome = run_stage(SEED, task.config, task.folder)
    failed, physics = "; ".join(outcome.failures) or None, None
    if failed is None:
        physics = Physics.model_validate(outcome.metrics["physics"])
        if not physics.events_counted:
            failed, physics = "every held-out event comes back empty", None
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
        jobs = min(jobs, len(left))
        work = partial(_run_with, max(1, cores() // jobs))
        trained = run_all(work, [tasks[place] for place in left], jobs, progress)
        results |= dict(zip(left, trained, strict=True))
    return [results[place] for place in range(len(tasks))]


def _run_with(threads: int, task: SeedTask) -> SeedResult:
    torch.set_num_threads(threads)
    return run_seed(task)
