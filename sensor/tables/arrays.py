"""NumPy's files: .npy, read in parts from the disk, and .npz; never pickled objects."""

import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.lib import format as npy

from hexcoder.errors import InputError
from hexcoder.sensor.tables.table import Rows, array_rows

MOST_BYTES = 1 << 30
"""Of an array inside of an .npz, which is unpacked as a whole."""


class ArrayTable:
    """Columns of arrays that share their rows; see :class:`hexcoder.sensor.tables.table.Table`.

    Parameters
    ----------
    form : str
    arrays : mapping of name to array
        (n,) is a column, (n, k) are columns NAME_0, NAME_1, ...; fields of records are columns of
        their own. What has other shapes or is no number is left out.
    """

    def __init__(self, form: str, arrays: Mapping[str, np.ndarray]):
        self.form = form
        self.names: list[str] = []
        self._columns: list[np.ndarray] = []
        for name, array in arrays.items():
            for column, values in _columns(name, array):
                self.names.append(column)
                self._columns.append(values)

    def rows(self, columns: Sequence[int], most: int) -> Iterator[Rows]:
        """Rows in their order."""
        chosen = [self._columns[column] for column in columns]
        length = min(map(len, chosen), default=0)

        def chunks() -> Iterator[np.ndarray]:
            for start in range(0, length, most):
                parts = [column[start : min(start + most, length)] for column in chosen]
                yield np.stack(parts, axis=1).astype(np.float64)

        return array_rows(chunks(), self.names, columns)


def _columns(name: str, array: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    if array.dtype.names and array.ndim == 1:
        for field in array.dtype.names:
            yield from _columns(field, array[field])
    elif array.dtype.kind not in "iuf":
        return
    elif array.ndim == 1:
        yield name, array
    elif array.ndim == 2:
        prefix = f"{name}_" if name else ""
        for column in range(min(array.shape[1], 1 << 12)):
            yield f"{prefix}{column}", array[:, column]


def open_npy(path: Path) -> ArrayTable:
    """A .npy file: (n, 48) numbers, or records with a field for each column."""
    return ArrayTable("npy", {"": read_npy(path, mmap_mode="r")})


def read_npy(path: Path, mmap_mode: Literal["r"] | None = None) -> np.ndarray:
    """The array of a .npy file, in memory or left on the disk (``mmap_mode``, as numpy has it).

    Raises
    ------
    InputError
        If it is none, or holds Python's objects.
    """
    try:
        return np.load(path, mmap_mode=mmap_mode, allow_pickle=False)
    except Exception as error:  # whatever numpy says of a header, which is Python's text
        raise InputError(f"{path}: not a .npy file of numbers: {_first_line(error)}") from None


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Arrays of a .npz file by name.

    Raises
    ------
    InputError
        If it is none, or holds something else than numbers.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            arrays = {
                name.removesuffix(".npy"): _member(archive, name)
                for name in archive.namelist()
                if name.endswith(".npy")
            }
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except Exception as error:
        raise InputError(f"{path}: not a .npz file of numbers: {_first_line(error)}") from None
    if not arrays:
        raise InputError(f"{path}: a zip archive without arrays of NumPy; give .npz, .npy or CSV")
    return arrays


def open_npz(path: Path) -> ArrayTable:
    """A .npz file: arrays by name."""
    return ArrayTable("npz", read_npz(path))


def _member(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    """An array of an archive, unless it is larger than it may be, or only claims its size."""
    with archive.open(name) as stream:
        version = npy.read_magic(stream)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read(stream)
    size = math.prod(shape) * dtype.itemsize
    if size > MOST_BYTES:
        raise InputError(f"array '{name}' is larger than 1 GiB; save it as .npy, read in parts")
    if dtype.hasobject:
        raise InputError(f"array '{name}' holds Python objects, which are not read")
    if size > archive.getinfo(name).file_size:
        raise InputError(f"array '{name}' is cut short")
    with archive.open(name) as stream:
        return npy.read_array(stream, allow_pickle=False)


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:120]
