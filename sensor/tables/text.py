"""CSV and its relatives: text in UTF-8, a row a line, packed by gzip, bzip2 or xz or not.

Fields are separated by commas, semicolons, tabs or spaces, whichever the first line has. A header
names the columns. It may begin with '#', as numpy.savetxt writes it, and may be mere numbers, as
pandas writes for an array: 0, 1, 2 and so on, or 1, 2, 3, after the empty name of an index.
"""

import bz2
import csv
import gzip
import itertools
import lzma
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from hexcoder.errors import InputError
from hexcoder.sensor.geometry import TRIGGER_CELLS as CELLS
from hexcoder.sensor.tables.table import Rows

LONGEST_LINE = 1 << 20
"""Bytes; a file without line ends would otherwise be taken into memory whole."""
PACKED: dict[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
"""What packed files begin with, and how they are opened."""

_DAMAGED = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.ASCII | re.IGNORECASE)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def is_not_finite(text: str) -> bool:
    """Whether a field says that it is no finite number."""
    return bool(_NOT_FINITE.fullmatch(text))


class TextTable:
    """A table of text; see :class:`hexcoder.sensor.tables.table.Table`.

    Attributes
    ----------
    has_header : bool
        Whether the file names its columns.
    """

    form = "CSV"

    def __init__(self, path: Path, magic: bytes):
        self._path = path
        unpack = next((open_ for start, open_ in PACKED.items() if magic.startswith(start)), None)
        self._open = unpack or open
        with self._open(path, "rb") as file:
            self._first_row, line, self.has_header, self.names = self._head(self._lines(file))
        self._separator = _separator(line)

    def rows(self, columns: Sequence[int], most: int) -> Iterator[Rows]:
        """Rows as they stand; a field that is no number is NaN."""
        with self._open(self._path, "rb") as file:
            lines = itertools.islice(self._lines(file), self._first_row - 1, None)
            number = self._first_row
            while chunk := list(itertools.islice(lines, most)):
                rows = self._parse(chunk, number, columns)
                if rows is not None:
                    yield rows
                number += len(chunk)

    def _lines(self, file: IO[bytes]) -> Iterator[bytes]:
        number = 0
        try:
            while line := file.readline(LONGEST_LINE):
                number += 1
                if len(line) == LONGEST_LINE:
                    raise InputError(
                        f"{self._path}: line {number} is longer than 1 MiB; give a CSV file"
                    )
                yield line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line
        except _DAMAGED as error:
            raise InputError(f"{self._path}: damaged after line {number}: {error}") from None

    def _head(self, lines: Iterator[bytes]) -> tuple[int, str, bool, list[str]]:
        """Number of the first row's line, a line to see the separator by, and the header."""
        for number, line in enumerate(lines, start=1):
            text = self._decode(line, number).strip()
            if not text:
                continue
            is_comment = text.startswith("#")
            text = text.lstrip("# ") if is_comment else text
            fields = [field.strip() for field in _fields(text, _separator(text))]
            if is_comment and len(fields) < CELLS:
                continue
            if is_header(fields):
                return number + 1, text, True, fields
            return number, text, False, [str(column) for column in range(len(fields))]
        raise InputError(f"{self._path}: the file is empty; give a CSV file with 48 energies a row")

    def _parse(self, lines: list[bytes], first: int, columns: Sequence[int]) -> Rows | None:
        """Numbers of lines, the first of which is line ``first`` of the file."""
        kept = [(n, line) for n, line in enumerate(lines, start=first) if line.strip()]
        if not kept:
            return None

        def describe(row: int, column: int) -> tuple[str, str]:
            number, line = kept[row]
            fields = _fields(self._decode(line, number), self._separator)
            name = self.names[columns[column]] if self.has_header else columns[column]
            return f"line {number}, column {name}", shorten(fields[columns[column]].strip())

        try:
            values = np.loadtxt(
                [line.decode("utf-8") for _, line in kept],
                delimiter=self._separator,
                usecols=columns,
                ndmin=2,
                comments=None,
                quotechar='"',
            )
        except (ValueError, IndexError):  # UnicodeDecodeError is a ValueError.
            return Rows(self._scan(kept, columns), describe)
        if len(values) != len(kept):
            return Rows(self._scan(kept, columns), describe)
        return Rows(values, describe)

    def _scan(self, kept: list[tuple[int, bytes]], columns: Sequence[int]) -> np.ndarray:
        """Parse field by field, slowly: what is no number becomes NaN, what lacks is an error."""
        rows = []
        for number, line in kept:
            fields = [f.strip() for f in _fields(self._decode(line, number), self._separator)]
            row = []
            for column in columns:
                if column >= len(fields):
                    name = self.names[column] if self.has_header else f"column {column}"
                    raise InputError(
                        f"{self._path}: line {number} has {len(fields)} columns, none for "
                        f"{name}; give all {CELLS} energies, separated by commas"
                    )
                field = fields[column]
                row.append(float(field) if _NUMBER.fullmatch(field) else np.nan)
            rows.append(row)
        return np.array(rows, dtype=np.float64)

    def _decode(self, line: bytes, number: int) -> str:
        try:
            return line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InputError(
                f"{self._path}: line {number}: byte 0x{line[error.start]:02x} at position "
                f"{error.start} is not UTF-8; give a CSV text file"
            ) from None


def is_header(fields: Sequence[str]) -> bool:
    """Whether a first line names columns: it holds texts, or counts from 0 or 1 on."""
    counted = [str(number) for number in range(CELLS + 1)]
    for run in (counted[:-1], counted[1:]):
        if any(list(fields[k : k + CELLS]) == run for k in range(len(fields) - CELLS + 1)):
            return True
    names = [name for name in fields if name]
    if not any(_NUMBER.fullmatch(name) or _NOT_FINITE.fullmatch(name) for name in names):
        return bool(names)
    return sum(name[0].isalpha() and name[-1].isdigit() for name in names) > CELLS // 2


def shorten(text: str) -> str:
    """A field for a message."""
    shown = repr(text)
    return shown if len(shown) <= 40 else shown[:37] + "..."


def _separator(line: str) -> str | None:
    """What stands between the fields of a line; None for spaces."""
    return next((mark for mark in ",;\t" if mark in line), None)


def _fields(line: str, separator: str | None) -> list[str]:
    if separator is None:
        return line.split()
    try:
        return next(csv.reader([line], delimiter=separator))
    except (csv.Error, StopIteration):  # For instance a NUL byte: let the fields be looked at.
        return line.split(separator)
