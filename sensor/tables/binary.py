"""Parquet, HDF5 and ROOT, each by its own library, which an extra installs."""

import importlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hexcoder.errors import InputError
from hexcoder.sensor.tables.arrays import ArrayTable
from hexcoder.sensor.tables.table import Rows, Table, array_rows


def _library(path: Path, form: str, module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        package = module.split(".")[0]
        raise InputError(
            f"{path}: {form} is read by the Python package {package}, which is not installed: "
            "pip install 'hexcoder[events]'"
        ) from None


class _Unreadable(InputError):
    def __init__(self, path: Path, form: str, error: BaseException):
        line = (str(error) or type(error).__name__).splitlines()[0][:120]
        super().__init__(f"{path}: not a {form} file that can be read: {line}")


class _Columnar(ABC):
    """A file of named columns, each of numbers or of lists of numbers: NAME_0, NAME_1, ..."""

    form: str

    def __init__(self, path: Path, sources: Sequence[tuple[str, int | None]]):
        self._path, self._sources = path, sources
        self.names = [name if k is None else f"{name}_{k}" for name, k in sources]

    @abstractmethod
    def _batches(self, wanted: Sequence[str], most: int) -> Iterator[dict[str, np.ndarray]]:
        """Columns by name, float64 (n,) or (n, length), for at most so many rows at a time."""

    def rows(self, columns: Sequence[int], most: int) -> Iterator[Rows]:
        """Rows in their order; what is null is NaN."""
        sources = [self._sources[column] for column in columns]
        wanted = list(dict.fromkeys(name for name, _ in sources))

        def chunks() -> Iterator[np.ndarray]:
            try:
                for arrays in self._batches(wanted, most):
                    chosen = [arrays[n] if k is None else arrays[n][:, k] for n, k in sources]
                    yield np.stack(chosen, 1)
            except InputError:
                raise
            except Exception as error:
                raise _Unreadable(self._path, self.form, error) from None

        return array_rows(chunks(), self.names, columns)


class ParquetTable(_Columnar):
    """Columns of numbers, and columns of lists of equal length as NAME_0, NAME_1, ..."""

    form = "Parquet"

    def __init__(self, path: Path):
        self._parquet = _library(path, self.form, "pyarrow.parquet")
        try:
            with self._parquet.ParquetFile(path) as file:
                first = next(file.iter_batches(1), None)
        except Exception as error:  # pyarrow's own, and what C++ throws
            raise _Unreadable(path, self.form, error) from None
        if first is None:
            raise InputError(f"{path}: there are no rows; give at least one event")
        sources: list[tuple[str, int | None]] = []
        for field, column in zip(first.schema, first.columns, strict=True):
            kind = str(field.type)
            value = column[0].as_py()
            if kind.startswith(("list", "large_list", "fixed_size_list")):
                if isinstance(value, list) and len(value) <= 1 << 12:
                    sources += [(field.name, k) for k in range(len(value))]
            elif kind.startswith(("int", "uint", "float", "double", "halffloat")):
                sources.append((field.name, None))
        super().__init__(path, sources)

    def _batches(self, wanted: Sequence[str], most: int) -> Iterator[dict[str, np.ndarray]]:
        lists = {name for name, k in self._sources if k is not None}
        with self._parquet.ParquetFile(self._path) as file:
            for batch in file.iter_batches(most, columns=wanted):
                yield {
                    name: _stacked(self._path, name, batch[name].to_pylist())
                    if name in lists
                    else batch[name].to_numpy(zero_copy_only=False).astype(np.float64)
                    for name in wanted
                }


def _stacked(path: Path, name: str, rows: Sequence[Any]) -> np.ndarray:
    """Lists of one length as float64 (n, length)."""
    try:
        table = np.array(rows, dtype=np.float64)
    except (ValueError, TypeError):
        table = np.zeros(())
    if table.ndim != 2:
        raise InputError(f"{path}: '{name}' must hold lists of equal length, all of them numbers")
    return table


def open_hdf5(path: Path) -> Table:
    """Datasets by their names; pandas' frames (to_hdf, format 'fixed') by their columns' names."""
    h5py = _library(path, "HDF5", "h5py")
    arrays: dict[str, np.ndarray] = {}
    try:
        with h5py.File(path, "r") as file:

            def visit(name: str, item: Any) -> None:
                if not isinstance(item, h5py.Dataset) or item.ndim not in (1, 2):
                    return
                if item.dtype.kind not in "iufV" or item.nbytes > 1 << 32:
                    return
                values = item[()]
                short = name.rsplit("/", 1)[-1]
                labels = file.get(name.removesuffix("_values") + "_items")
                if short.endswith("_values") and labels is not None and values.ndim == 2:
                    for label, column in zip(labels[()], values.T, strict=True):
                        text = label.decode() if isinstance(label, bytes) else str(label)
                        arrays[text] = column
                else:
                    arrays[short if short not in arrays else name] = values

            file.visititems(visit)
    except Exception as error:  # h5py passes on whatever the library says
        raise _Unreadable(path, "HDF5", error) from None
    return ArrayTable("HDF5", arrays)


_TREES = ("TTree", "TNtuple", "TNtupleD", "RNTuple")


class RootTable(_Columnar):
    """Branches of a file's one tree that hold numbers, one or a fixed count of them an entry."""

    form = "ROOT"

    def __init__(self, path: Path):
        self._uproot = _library(path, self.form, "uproot")
        try:
            with self._uproot.open(path) as file:
                kinds = file.classnames().items()
                trees = [key.split(";")[0] for key, kind in kinds if kind.endswith(_TREES)]
                trees = list(dict.fromkeys(trees))
                if len(trees) != 1:
                    raise InputError(
                        f"{path}: the ROOT file must hold one tree, it holds "
                        f"{', '.join(trees[:8]) or 'none'}"
                    )
                self._tree = trees[0]
                first = file[self._tree].arrays(library="np", entry_stop=1)
        except InputError:
            raise
        except Exception as error:
            raise _Unreadable(path, self.form, error) from None
        sources: list[tuple[str, int | None]] = []
        for name, values in first.items():
            if not len(values):
                raise InputError(f"{path}: there are no rows; give at least one event")
            entry = np.asarray(values[0])
            if entry.dtype.kind in "iuf" and entry.ndim == 0:
                sources.append((name, None))
            elif entry.dtype.kind in "iuf" and entry.ndim == 1 and len(entry) <= 1 << 12:
                sources += [(name, k) for k in range(len(entry))]
        super().__init__(path, sources)

    def _batches(self, wanted: Sequence[str], most: int) -> Iterator[dict[str, np.ndarray]]:
        with self._uproot.open(self._path) as file:
            tree = file[self._tree]
            for part in tree.iterate(wanted, step_size=most, library="np"):
                yield {
                    name: values.astype(np.float64)
                    if values.dtype != object
                    else _stacked(self._path, name, [list(v) for v in values])
                    for name, values in part.items()
                }
