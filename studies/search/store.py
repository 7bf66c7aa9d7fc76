"""The search on disk: Optuna's study in a journal, and what it is a search of.

Only the process that leads the search writes the journal, a line an event, each synced to disk.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import optuna
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from pydantic import JsonValue

from hexcoder.config import Config, Search
from hexcoder.documents import read_json
from hexcoder.errors import InputError
from hexcoder.files import write_json
from hexcoder.models.training.steps.fit import events_identity, given_files
from hexcoder.studies.search.space import IRRELEVANT

JOURNAL, RECORD = "study.journal", "search.json"
_FREE = ("trials", "cluster")
"""Keys of [search] that may change from run to run."""


def open_study(folder: Path, config: Config) -> optuna.Study:
    """Open the study of a folder, which the caller holds, or begin one.

    InputError, naming the keys that differ, if the folder has the search of another config.
    """
    identity = _identity(config)
    record = folder / RECORD
    if record.is_file():
        keys = sorted(_differences(read_json(record), identity))
        if keys:
            raise InputError(
                f"{folder}: holds a search of another config ({', '.join(keys[:6])} differ); give "
                "another --build or remove the folder"
            )
    else:
        write_json(record, identity)
    journal = folder / JOURNAL
    _repair(journal)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(journal))),
        study_name=config.name,
        directions=["minimize", "minimize"],
        load_if_exists=True,
    )


def sampler(search: Search, number: int) -> BaseSampler:
    """Make the sampler of one trial.

    Each trial has a seed of its own, so that a search that was killed goes on as if it had not
    been: one sampler for all would draw the same trials again.
    """
    seed = (search.seed * 1_000_003 + number) % 2**32
    if search.sampler == "random":
        return RandomSampler(seed=seed)
    if search.sampler == "tpe":
        return TPESampler(seed=seed, n_startup_trials=search.population)
    return NSGAIISampler(seed=seed, population_size=search.population)


def _identity(config: Config) -> JsonValue:
    """Everything that the trials depend on."""
    left_out = {*IRRELEVANT} - {"name", "search"}
    content = config.model_dump(
        mode="json", exclude={"search": {*_FREE}, **dict.fromkeys(left_out, True)}
    )
    content["data"]["events"] = events_identity(config)
    content["given"] = sorted(given_files(config).values())
    return json.loads(json.dumps(content))


def _differences(first: JsonValue, second: JsonValue, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Keys, at most three parts long, whose values differ."""
    if first == second:
        return
    if isinstance(first, dict) and isinstance(second, dict) and len(path) < 3:
        for key in first.keys() | second.keys():
            yield from _differences(first.get(key), second.get(key), (*path, key))
    else:
        yield ".".join(path)


def _repair(journal: Path) -> None:
    """Remove what a killed process may leave: a lock, and the last line's first half."""
    Path(f"{journal}.lock").unlink(missing_ok=True)
    if journal.is_file():
        content = journal.read_bytes()
        complete = content[: content.rfind(b"\n") + 1]
        if complete != content:
            with open(journal, "r+b") as stream:
                stream.truncate(len(complete))
