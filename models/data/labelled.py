"""Inputs with answers: read or generated, and split into training and held-out part."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hexcoder.config import BoostedTrees, Config, Task
from hexcoder.errors import InputError
from hexcoder.models.data.generators import NAMES, generate_task
from hexcoder.sensor.tables.open import files_of, open_table
from hexcoder.sensor.tables.samples import one_of, read_samples

ROWS = 65_536
SAMPLES = "samples.npz"
"""Held-out samples that the stage train leaves for those behind it."""
INPUTS = "x"


@dataclass(frozen=True)
class Labelled:
    """Samples of a task.

    Parameters
    ----------
    inputs : float64 array (n, *shape)
    answers : array (n,) or (n, outputs)
        Classes as integers, or real numbers.
    """

    inputs: np.ndarray
    answers: np.ndarray

    def __len__(self) -> int:
        return len(self.inputs)

    def rows(self, chosen: np.ndarray | slice) -> Labelled:
        """Some of the samples."""
        return Labelled(self.inputs[chosen], self.answers[chosen])


def read_labelled(path: Path, target: str) -> Labelled:
    """Samples of a file: arrays ``x`` and ``target`` of npz, or columns of a table.

    Raises
    ------
    InputError
        If the file cannot be read, has no such array or column, or numbers that are not finite.
    """
    parts = [_read(file, target) for file in files_of(path)]
    try:
        inputs = np.concatenate([part.inputs for part in parts])
        answers = np.concatenate([part.answers for part in parts])
    except ValueError:
        raise InputError(f"{path}: its files differ in the shapes of their arrays") from None
    for name, values in ((INPUTS, inputs), (target, answers)):
        if values.dtype.kind not in "iufb" or not np.isfinite(values).all():
            raise InputError(f"{path}: '{name}' holds something else than finite numbers")
    if len(inputs) != len(answers):
        raise InputError(f"{path}: {len(inputs)} inputs, but {len(answers)} answers")
    return Labelled(inputs.astype(np.float64), answers)


def _read(path: Path, target: str) -> Labelled:
    if path.suffix == ".npz":
        arrays = read_samples(path)
        if target not in arrays or len(arrays) < 2:
            raise InputError(
                f"{path}: it has the arrays {', '.join(arrays)}; it must have '{INPUTS}' and "
                f"'{target}' (data.target)"
            )
        if not arrays[target].ndim:
            raise InputError(f"{path}: '{target}' is a number; it must have one for each sample")
        others = {name: values for name, values in arrays.items() if name != target}
        return Labelled(one_of(others, path, INPUTS, "inputs"), arrays[target])
    table = open_table(path)
    numbered = tuple(f"{target}{mark}" for mark in ("_", "[", "."))
    found = [
        place
        for place, name in enumerate(table.names)
        if name == target or name.startswith(numbered)
    ]
    others = [place for place in range(len(table.names)) if place not in found]
    if not found or not others:
        raise InputError(
            f"{path}: no column is called '{target}' (data.target); it has "
            f"{', '.join(table.names[:8])}"
        )
    rows = [part.values for part in table.rows([*others, *found], ROWS)]
    values = np.concatenate(rows) if rows else np.zeros((0, len(table.names)))
    answers = values[:, len(others) :]
    if len(found) == 1:
        answers = answers[:, 0]
    if answers.size and (answers == np.rint(answers)).all():
        answers = answers.astype(np.int64)
    return Labelled(values[:, : len(others)], answers)


def split_labelled(config: Config) -> tuple[Labelled, Labelled]:
    """Samples for training and the held-out part, split by the data's seed.

    Raises
    ------
    InputError
        If there are none, too few, or they do not suit the section 'network'.
    """
    data, network = config.data, config.network
    assert isinstance(network, Task | BoostedTrees)
    if data.events == "generated":
        if data.generator not in NAMES:
            raise InputError(
                f"config {config.name}: key 'data.generator' = {data.generator}: a network of kind "
                f"'{network.kind}' needs data.events = a file with inputs and answers, or one of "
                f"{', '.join(NAMES)}"
            )
        sample = Labelled(*generate_task(data.generator, data.count, data.seed))
    else:
        sample = read_labelled(Path(data.events), data.target)
    elements = int(np.prod(network.input_shape))
    if sample.inputs[:1].size != elements or not len(sample):
        raise InputError(
            f"{data.events}: {len(sample)} inputs of shape {list(sample.inputs.shape[1:])}; key "
            f"'network.input_shape' is {list(network.input_shape)}"
        )
    sample = Labelled(sample.inputs.reshape(-1, *network.input_shape), sample.answers)
    held_out = round(len(sample) * data.held_out)
    if not 0 < held_out < len(sample):
        raise InputError(
            f"{data.events}: {len(sample)} samples cannot be split with data.held_out = "
            f"{data.held_out}; at least one must be held out and one trained on"
        )
    order = np.random.default_rng(data.seed).permutation(len(sample))
    return sample.rows(order[held_out:]), sample.rows(order[:held_out])


def save_samples(path: Path, inputs: np.ndarray, answers: np.ndarray | None = None) -> None:
    """Write samples as npz: ``inputs``, and the answers as ``y`` where there are any."""
    if answers is None:
        np.savez(path, inputs=inputs)
    else:
        np.savez(path, inputs=inputs, y=answers)


def load_samples(path: Path) -> Labelled | None:
    """Read what :func:`save_samples` wrote; None without answers."""
    arrays = read_samples(path)
    return Labelled(arrays["inputs"], arrays["y"]) if "y" in arrays else None
