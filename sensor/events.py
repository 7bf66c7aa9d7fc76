"""Events as CSV files: 48 calibrated trigger-cell (TC) energies a row.

Two forms are read: without a header, energies in columns 0-47 and anything behind them; and with a
header that has CALQ_0 to CALQ_47, in any order and between any other columns.
"""

import csv
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from hexcoder.errors import InputError
from hexcoder.sensor.geometry import TRIGGER_CELLS

MAX_ENERGY = (1 << 22) - 1
"""Largest energy in ADC counts: the chip's calibrated energies are 22 bits wide."""

_NAMES = tuple(f"CALQ_{tc}" for tc in range(TRIGGER_CELLS))
_VALID = f"an energy is an integer from 0 to {MAX_ENERGY}"
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.ASCII | re.IGNORECASE)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# A file without line ends would otherwise be taken into memory whole before it is refused.
_LONGEST_FIRST_LINE = 1 << 20


@dataclass(frozen=True)
class _Layout:
    """Where the energies are: the column of each TC, and whether a header names them."""

    columns: tuple[int, ...]
    has_header: bool

    def name(self, tc: int) -> str:
        return _NAMES[tc] if self.has_header else f"{self.columns[tc]}"


def load_events(path: str | Path) -> npt.NDArray[np.int64]:
    """Read a whole file; see :func:`read_events`: int64 (n, 48), energies in ADC counts."""
    return np.concatenate(list(read_events(path)))


def read_events(path: str | Path, chunk_events: int = 65536) -> Iterator[npt.NDArray[np.int64]]:
    """Read a file in chunks, so that its size does not matter.

    The CSV file is UTF-8, in one of the two forms; blank lines, CRLF and a byte order mark are
    fine. Yields energies in ADC counts, int64 (n, 48), 1 <= n <= chunk_events. InputError when the
    iteration reaches something that is not such a file names the line, the column and the value.
    """
    if chunk_events < 1:
        raise ValueError(f"chunk_events must be at least 1, not {chunk_events}")
    try:
        with open(path, "rb") as file:
            yield from _read(file, str(path), chunk_events)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); give a CSV file") from None


def write_events(
    path: str | Path,
    events: npt.NDArray[np.integer],
    beside: Mapping[str, npt.NDArray[np.integer]] | None = None,
) -> None:
    """Write events, integers (n, 48) in ADC counts, with a header.

    ``beside`` are further columns, integers (n,), by name. ValueError if the events could not be
    read again: wrong shape, or an energy out of range.
    """
    if events.ndim != 2 or events.shape[1] != TRIGGER_CELLS:
        raise ValueError(f"events must have shape (n, {TRIGGER_CELLS}), not {events.shape}")
    if events.dtype.kind not in "iu" or (
        events.size and not 0 <= events.min() <= events.max() <= MAX_ENERGY
    ):
        raise ValueError(f"{_VALID}: got {events.dtype} values outside of that")
    with open(path, "w", encoding="ascii", newline="\n") as file:
        beside = beside or {}
        file.write(",".join((*_NAMES, *beside)) + "\n")
        table = np.column_stack([events, *beside.values()])
        for start in range(0, len(events), 4096):
            rows = table[start : start + 4096].tolist()
            file.writelines(",".join(map(str, row)) + "\n" for row in rows)


def _read(file: BinaryIO, path: str, chunk_events: int) -> Iterator[npt.NDArray[np.int64]]:
    layout, first_row, line_number = _open_table(file, path)
    pending = [first_row] if first_row else []
    found = False
    while True:
        lines = pending + list(itertools.islice(file, chunk_events - len(pending)))
        if not lines:
            break
        events = _parse(lines, line_number, layout, path)
        line_number += len(lines)
        pending = []
        if len(events):
            found = True
            yield events
    if not found:
        raise InputError(f"{path}: there is a header but no rows; give at least one event")


def _open_table(file: BinaryIO, path: str) -> tuple[_Layout, bytes, int]:
    """Read up to the first row: the layout, that row if it is no header, the next line's number."""
    line, line_number = b"", 0
    while not line.strip():
        line, line_number = file.readline(_LONGEST_FIRST_LINE), line_number + 1
        if not line:
            raise InputError(f"{path}: the file is empty; give a CSV file with 48 energies a row")
        if len(line) == _LONGEST_FIRST_LINE:
            raise InputError(f"{path}: line {line_number} is longer than 1 MiB; give a CSV file")
        if line_number == 1:
            line = line.removeprefix(_BYTE_ORDER_MARK)
    fields = _fields(_decode(line, line_number, path))
    if any(field.startswith("CALQ_") for field in fields):
        return _header_layout(fields, line_number, path), b"", line_number + 1
    if not any(_is_number(field) for field in fields):
        shown = _shorten(",".join(fields))
        raise InputError(
            f"{path}: line {line_number}: {shown} is neither a header with CALQ_0 to CALQ_47"
            " nor a row of 48 energies separated by commas"
        )
    return _Layout(tuple(range(TRIGGER_CELLS)), has_header=False), line, line_number


def _header_layout(fields: list[str], line_number: int, path: str) -> _Layout:
    for name in _NAMES:
        if fields.count(name) != 1:
            problem = "lacks" if name not in fields else "has more than one"
            raise InputError(
                f"{path}: line {line_number}: the header {problem} {name};"
                " give CALQ_0 to CALQ_47 once each"
            )
    return _Layout(tuple(fields.index(name) for name in _NAMES), has_header=True)


def _parse(
    lines: list[bytes], line_number: int, layout: _Layout, path: str
) -> npt.NDArray[np.int64]:
    """Convert lines, the first of which is line_number of the file, to events (n, 48)."""
    kept = [line for line in lines if line.strip()]
    if not kept:
        return np.empty((0, TRIGGER_CELLS), dtype=np.int64)
    try:
        text = [line.decode("utf-8") for line in kept]
        energies = np.loadtxt(
            text, delimiter=",", usecols=layout.columns, ndmin=2, comments=None, quotechar='"'
        )
    except (ValueError, IndexError):  # UnicodeDecodeError is a ValueError.
        return _scan(lines, line_number, layout, path)
    valid = (energies >= 0) & (energies <= MAX_ENERGY) & (energies == np.floor(energies))
    if len(energies) != len(kept) or not valid.all():
        return _scan(lines, line_number, layout, path)
    return energies.astype(np.int64)


def _scan(
    lines: list[bytes], line_number: int, layout: _Layout, path: str
) -> npt.NDArray[np.int64]:
    """Do as :func:`_parse` does cell by cell, slowly, to say which cell is wrong."""
    events = []
    for number, line in enumerate(lines, start=line_number):
        if not line.strip():
            continue
        fields = _fields(_decode(line, number, path))
        missing = [tc for tc, column in enumerate(layout.columns) if column >= len(fields)]
        if missing:
            raise InputError(
                f"{path}: line {number} has {len(fields)} columns, none for"
                f" {_NAMES[missing[0]]}; give all {TRIGGER_CELLS} energies, separated by commas"
            )
        row = []
        for tc, column in enumerate(layout.columns):
            problem = _problem(fields[column])
            if problem:
                raise InputError(
                    f"{path}: line {number}, column {layout.name(tc)}:"
                    f" {_shorten(fields[column])} {problem}; {_VALID}"
                )
            row.append(int(float(fields[column])))
        events.append(row)
    return np.array(events, dtype=np.int64)


def _problem(field: str) -> str | None:
    """Say what keeps a cell's text from being an energy, if anything does."""
    if _NOT_FINITE.fullmatch(field):
        return "is not finite"
    if not _NUMBER.fullmatch(field):
        return "is not a number"
    value = float(field)
    if value < 0:
        return "is negative"
    if value > MAX_ENERGY:
        return "is larger than 22 bits"
    if value != int(value):
        return "is not an integer"
    return None


def _is_number(field: str) -> bool:
    return bool(_NUMBER.fullmatch(field) or _NOT_FINITE.fullmatch(field))


def _fields(line: str) -> list[str]:
    try:
        return [field.strip() for field in next(csv.reader([line]))]
    except (csv.Error, StopIteration):  # For instance a NUL byte: let the cells be looked at.
        return [field.strip() for field in line.split(",")]


def _decode(line: bytes, line_number: int, path: str) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = line[error.start]
        raise InputError(
            f"{path}: line {line_number}: byte 0x{byte:02x} at position {error.start} is not UTF-8;"
            " give a CSV text file"
        ) from None


def _shorten(text: str) -> str:
    shown = repr(text)
    return shown if len(shown) <= 40 else shown[:37] + "..."
