"""The trainings of a study: one per number of links and seed, several at a time, each kept.

A training lies in its own folder, laid out as build/<config> is, and is a stage: it is not repeated
unless what it depends on has changed, and continues from its checkpoint after a kill.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch

from hexcoder.config import Config
from hexcoder.metrics.train import Physics
from hexcoder.models.training.stage import TRAIN
from hexcoder.steps.runner import is_current, run_stage
from hexcoder.studies.processes import cores, run_all

SEED = replace(TRAIN, hands_over=())
"""The stage train, whose network stays beside its other files."""


@dataclass(frozen=True, slots=True)
class SeedTask:
    """One training of a study.

    ``config`` has the latents that fit the links, and the seed; train/ in ``folder`` gets
    network.json, the decoder and what else training writes.
    """

    links: int
    config: Config
    folder: Path

    @property
    def seed(self) -> int:
        """Of the training."""
        return self.config.training.seed


@dataclass(frozen=True, slots=True)
class SeedResult:
    """How a training ended: with physics, or with the reason why it does not count."""

    task: SeedTask
    ran: bool  # False if an earlier run's result was current
    physics: Physics | None
    failed: str | None  # it diverged, or torch and the golden model disagree

    @property
    def folder(self) -> Path:
        """With network.json and decoder.safetensors."""
        return self.task.folder / SEED.name

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
    return SeedResult(task, bool(outcome.ran), physics, failed)


def run_seeds(
    tasks: Sequence[SeedTask], jobs: int, progress: Callable[[SeedResult], None]
) -> list[SeedResult]:
    """Train in ``jobs`` processes that share the cores; results in the order of the tasks.

    What training raises is raised; trainings that were running continue at the next call.
    """
    results: dict[Path, SeedResult] = {}

    def tell(result: SeedResult) -> None:
        results[result.task.folder] = result
        progress(result)

    left = []
    for task in tasks:
        if is_current(SEED, task.config, task.folder):
            tell(run_seed(task))
        else:
            left.append(task)
    if left:
        jobs = min(jobs, len(left))
        run_all(partial(_run_with, max(1, cores() // jobs)), left, jobs, tell)
    return [results[task.folder] for task in tasks]


def _run_with(threads: int, task: SeedTask) -> SeedResult:
    torch.set_num_threads(threads)
    return run_seed(task)
