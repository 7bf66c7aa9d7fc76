"""One trial of a search: train, measure, and leave everything in a folder of its own."""

from __future__ import annotations

import fcntl
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hexcoder.code import code_digest
from hexcoder.config import Config
from hexcoder.errors import CheckFailed, InputError
from hexcoder.files import read_json, write_json

CONFIG, METRICS, NETWORK = "config.toml", "metrics.json", "network.json"
# The search keeps one copy of the events; they are the same for all trials.
_EVENT_FILES = ("events.csv", "held_out.csv")
RECORDED = (CheckFailed, InputError, ValueError, ArithmeticError, RuntimeError, MemoryError)
"""What makes a trial fail without stopping the search; RuntimeError is torch's."""


@dataclass(frozen=True)
class Task:
    """A trial as a worker gets it; it can be sent to another machine.

    Parameters
    ----------
    number : int
    config : dict
        The trial's config as JSON; its paths are valid where the worker runs.
    text : str
        The trial's config.toml.
    parameters : dict
        What the search chose, by key.
    folder : str
        Of the search.
    threads : int
        Threads of torch.
    most_bits_per_event : int or None
        A trial beyond it is not trained.
    """

    number: int
    config: Mapping[str, Any]
    text: str
    parameters: Mapping[str, Any]
    folder: str
    threads: int
    most_bits_per_event: int | None


def trial_name(number: int) -> str:
    """Name of a trial's folder in that of the search."""
    return f"trial_{number:04d}"


def run_trial(task: Task) -> dict[str, Any]:
    """Train and measure a trial, or return what an earlier run of it left.

    Its folder appears whole or not at all; training goes on from the checkpoint of a run that was
    interrupted.

    Returns
    -------
    dict
        What the trial's metrics.json holds: ``infeasible`` or ``failed`` with a reason in one
        line, or ``adder_bits``, ``bits_per_event``, ``physics`` and ``baselines``.
    """
    folder = Path(task.folder) / trial_name(task.number)
    # A worker of a search that was killed may still be at it.
    with _held(folder.with_name(f".{folder.name}.lock")):
        if not (folder / METRICS).is_file():
            partial = _partial(folder, task.text)
            found = {"trial": task.number, "name": task.config["name"]}
            found |= {"parameters": dict(task.parameters)}
            write_json(partial / METRICS, found | _measured(task, partial))
            partial.rename(folder)
    return read_json(folder / METRICS)


@contextmanager
def _held(lock: Path) -> Iterator[None]:
    with open(lock, "w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
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


def _measured(task: Task, partial: Path) -> dict[str, Any]:
    import torch

    torch.set_num_threads(task.threads)
    started = time.perf_counter()
    try:
        found = _train(task, Config.model_validate(task.config), partial)
    except RECORDED as error:
        text = " ".join(str(error).split())
        known = isinstance(error, CheckFailed | InputError)
        found = {"failed": text if known else f"{type(error).__name__}: {text}"}
    return found | {
        "seconds": round(time.perf_counter() - started, 3),
        "code": code_digest("studies.search.trial"),
    }


def _train(task: Task, config: Config, partial: Path) -> dict[str, Any]:
    # Imported late: torch takes seconds to load.
    from hexcoder.steps.runner import run_stage
    from models.encoder.hardware_cost import adder_bits
    from models.encoder.untrained import untrained_network
    from models.training.stage import TRAIN
    from network.schema import load_network
    from sensor.front_end import bits_per_event

    bits = bits_per_event(untrained_network(config, config.training.seed))
    most = task.most_bits_per_event
    if most is not None and bits > most:
        return {
            "infeasible": f"{bits} bits an event, more than most_bits_per_event = {most}",
            "bits_per_event": bits,
        }
    outcome = run_stage(TRAIN, config, partial)
    outcome.judge()
    for name in _EVENT_FILES:
        (partial / TRAIN.name / name).unlink(missing_ok=True)
    network = load_network(partial / NETWORK)
    metrics = outcome.metrics
    if metrics["physics"]["emd_mean"] is None:
        raise CheckFailed("no held-out event counts: all come back empty")
    return {
        "adder_bits": adder_bits(network),
        "bits_per_event": metrics["physics"]["bits_per_event"],
        "weights": metrics["parameters"],
        "physics": metrics["physics"],
        "baselines": metrics["baselines"],
    }
