"""Samples of a network's inputs, and answers to them: arrays of any shape in npz or npy."""

from pathlib import Path

import numpy as np

from hexcoder.errors import InputError
from hexcoder.sensor.tables.arrays import read_npy, read_npz

INPUTS, OUTPUTS = "inputs", "outputs"
"""Names that arrays have in a file of several."""


def read_samples(path: Path) -> dict[str, np.ndarray]:
    """Arrays of a file by name; the one of a .npy is called ``inputs``.

    Raises
    ------
    InputError
        If the file is missing or broken.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file; give arrays as .npz or .npy")
    if path.suffix == ".npy":
        return {INPUTS: read_npy(path)}
    return read_npz(path)


def one_of(arrays: dict[str, np.ndarray], path: Path, *names: str) -> np.ndarray:
    """The array with one of some names, or the only one.

    Raises
    ------
    InputError
        If none has such a name, or it does not hold numbers.
    """
    found = next((arrays[name] for name in names if name in arrays), None)
    if found is None and len(arrays) == 1:
        found = next(iter(arrays.values()))
    if found is None:
        raise InputError(
            f"{path}: it has the arrays {', '.join(arrays)}; one must be called '{names[0]}'"
        )
    if found.dtype.kind not in "iufb" or found.ndim < 1:
        raise InputError(f"{path}: it holds {found.dtype}; numbers are needed")
    return found
