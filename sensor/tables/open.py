"""A file of any format, told by how it begins and not by its name; or a folder of such files."""

from collections.abc import Callable
from pathlib import Path

from hexcoder.errors import InputError
from hexcoder.sensor.tables.arrays import open_npy, open_npz
from hexcoder.sensor.tables.binary import ParquetTable, RootTable, open_hdf5
from hexcoder.sensor.tables.table import Table
from hexcoder.sensor.tables.text import PACKED, TextTable

FORMATS = "CSV (also gzip, bzip2, xz), npy, npz, Parquet, HDF5 or ROOT"
SUFFIXES = (
    ".csv", ".txt", ".tsv", ".dat", ".gz", ".bz2", ".xz", ".npy", ".npz", ".parquet", ".pq",
    ".h5", ".hdf5", ".hdf", ".root",
)  # fmt: skip
"""Names of files that count in a folder."""

_BINARY: dict[bytes, Callable[[Path], Table]] = {
    b"\x93NUMPY": open_npy,
    b"PK\x03\x04": open_npz,
    b"PAR1": ParquetTable,
    b"\x89HDF\r\n\x1a\n": open_hdf5,
    b"root\x00": RootTable,
}
_OTHERS = {
    b"\x80\x02": "a Python pickle, which may run code when it is read",
    b"\x80\x03": "a Python pickle, which may run code when it is read",
    b"\x80\x04": "a Python pickle, which may run code when it is read",
    b"\x80\x05": "a Python pickle, which may run code when it is read",
    b"%PDF": "a PDF document",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
    b"\x28\xb5\x2f\xfd": "packed by zstandard: unpack it first",
    b"7z\xbc\xaf": "a 7z archive: unpack it first",
    b"Rar!": "a RAR archive: unpack it first",
    b"ARROW1": "an Arrow file: save it as Parquet",
    b"SQLite format": "an SQLite database",
    b"\x7fELF": "a program",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\xff\xfe": "text in UTF-16: save it as UTF-8",
    b"\xfe\xff": "text in UTF-16: save it as UTF-8",
    b"{": "JSON",
    b"<": "XML or HTML",
}


def files_of(path: Path) -> list[Path]:
    """The file itself, or those files of a folder whose names end as tables' do, by their names.

    Raises
    ------
    InputError
        If there is no such file, or none in the folder.
    """
    if path.exists() and not path.is_dir() and not path.is_file():
        # It has no end, or can be read only once.
        raise InputError(f"{path}: it is no regular file; give {FORMATS}")
    if not path.is_dir():
        return [path]
    files = sorted(
        file
        for file in path.iterdir()
        if file.suffix.lower() in SUFFIXES and not file.name.startswith(".") and file.is_file()
    )
    if not files:
        raise InputError(f"{path}: no file of events in this folder; give {FORMATS}")
    return files


def open_table(path: Path) -> Table:
    """Open a file.

    Raises
    ------
    InputError
        If it cannot be read, or is none of the formats; what it is, where that can be told.
    """
    try:
        with open(path, "rb") as stream:
            magic = stream.read(16)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror}); give a file of events: {FORMATS}"
        ) from None
    for start, open_as in _BINARY.items():
        if magic.startswith(start):
            return open_as(path)
    for start, what in _OTHERS.items():
        if magic.startswith(start):
            raise InputError(f"{path}: it is {what}; give {FORMATS}")
    if not magic.startswith(tuple(PACKED)) and b"\0" in magic:
        raise InputError(f"{path}: it is of no format that is known here; give {FORMATS}")
    return TextTable(path, magic)
