"""One trial of a search: train, measure, and leave everything in a folder of its own."""

import math
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hexcoder.code import code_digest
from hexcoder.config import Config
from hexcoder.documents import read_json
from hexcoder.errors import CheckFailed, InputError
from hexcoder.files import locked, write_json
from hexcoder.metrics.train import Baseline, Physics
from hexcoder.studies.record import Parameters, Record

CONFIG, METRICS, NETWORK = "config.toml", "metrics.json", "network.json"
# The search keeps one copy of the events; they are the same for all trials.
_EVENT_FILES = ("events.csv", "held_out.csv")
RECORDED = (CheckFailed, InputError, ValueError, ArithmeticError, RuntimeError, MemoryError)
"""What makes a trial fail without stopping the search; RuntimeError is torch's."""


@dataclass(frozen=True)
class Task:
    """A trial as a worker gets it; it can be sent to another machine."""

    number: int
    config: Config  # its paths are valid where the worker runs
    text: str  # the trial's config.toml
    parameters: Parameters
    folder: str  # of the search
    threads: int  # of torch
    most_bits_per_event: int | None  # a trial beyond it is not trained


class TrialResult(Record):
    """What is known of a trial: why it has no point, or its figures. Its metrics.json."""

    trial: int | None = None
    name: str | None = None
    parameters: Parameters | None = None
    failed: str | None = None
    infeasible: str | None = None
    adder_bits: float | None = None
    bits_per_event: int | None = None
    weights: int | None = None
    physics: Physics | None = None
    baselines: tuple[Baseline, ...] = ()
    seconds: float | None = None
    code: str | None = None
    digest: str | None = None

    @property
    def emd(self) -> float:
        """Mean EMD on held-out events in half pitches; NaN without it."""
        emd = self.physics and self.physics.emd_mean
        return math.nan if emd is None else emd


def trial_name(number: int) -> str:
    """Name of a trial's folder in that of the search."""
    return f"trial_{number:04d}"


def run_trial(task: Task) -> TrialResult:
    """Train and measure a trial, or return what an earlier run of it left.

    Its folder appears whole or not at all; training goes on from the checkpoint of a run that was
    interrupted.
    """
    folder = Path(task.folder) / trial_name(task.number)
    # A worker of a search that was killed may still be at it.
    with _held(folder.with_name(f".{folder.name}.lock")):
        if not (folder / METRICS).is_file():
            partial = _partial(folder, task.text)
            write_json(partial / METRICS, _measured(task, partial).as_json())
            partial.rename(folder)
    return TrialResult.model_validate(read_json(folder / METRICS))


@contextmanager
def _held(lock: Path) -> Iterator[None]:
    with locked(lock, wait=True):
        yield
    lock.unlink(missing_ok=True)


def _partial(folder: Path, text: str) -> Path:
    """Return the folder to work in: that of an interrupted run of the same config, or a new one."""
    partial = folder.with_name(f".{folder.name}.partial")
    config = partial / CONFIG
    if not (config.is_file() and config.read_text(encoding="utf-8") == text):
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        config.write_text(text, encoding="utf-8")
    return partial


def _measured(task: Task, partial: Path) -> TrialResult:
    import torch

    torch.set_num_threads(task.threads)
    started = time.perf_counter()
    try:
        result = _train(task, partial)
    except RECORDED as error:
        text = " ".join(str(error).split())
        known = isinstance(error, CheckFailed | InputError)
        result = TrialResult(failed=text if known else f"{type(error).__name__}: {text}")
    return result.model_copy(
        update={
            "trial": task.number,
            "name": task.config.name,
            "parameters": task.parameters,
            "seconds": round(time.perf_counter() - started, 3),
            "code": code_digest("hexcoder.studies.search.trial"),
        }
    )


def _train(task: Task, partial: Path) -> TrialResult:
    # Imported late: torch takes seconds to load.
    from hexcoder.models.encoder.hardware_cost import adder_bits
    from hexcoder.models.encoder.untrained import untrained_network
    from hexcoder.models.training.stage import TRAIN
    from hexcoder.network.schema import load_network
    from hexcoder.sensor.front_end import bits_per_event
    from hexcoder.steps.runner import run_stage

    bits = bits_per_event(untrained_network(task.config, task.config.training.seed))
    most = task.most_bits_per_event
    if most is not None and bits > most:
        reason = f"{bits} bits an event, more than most_bits_per_event = {most}"
        return TrialResult(infeasible=reason, bits_per_event=bits)
    outcome = run_stage(TRAIN, task.config, partial)
    outcome.judge()
    for name in _EVENT_FILES:
        (partial / TRAIN.name / name).unlink(missing_ok=True)
    metrics = outcome.metrics
    physics = Physics.model_validate(metrics["physics"])
    if physics.emd_mean is None:
        raise CheckFailed("no held-out event counts: all come back empty")
    return TrialResult(
        adder_bits=adder_bits(load_network(partial / NETWORK)),
        bits_per_event=physics.bits_per_event,
        weights=metrics["parameters"],
        physics=physics,
        baselines=metrics["baselines"],
    )
