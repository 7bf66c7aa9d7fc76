"""Events as users have them: 48 calibrated trigger-cell (TC) energies a row, in any common format.

Columns are found by their names, whatever stands in front of the cell's number: CALQ_0, calq0,
tc[0], 0. Without names the energies are columns 0 to 47 of a text file, with anything behind them,
or all 48 columns of an array.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hexcoder.errors import InputError
from hexcoder.sensor.geometry import TRIGGER_CELLS
from hexcoder.sensor.tables.open import files_of, open_table
from hexcoder.sensor.tables.table import Rows, Table
from hexcoder.sensor.tables.text import TextTable, is_not_finite

MAX_ENERGY = (1 << 22) - 1
"""Largest energy in ADC counts: the chip's calibrated energies are 22 bits wide."""
MOST_EVENTS = 10_000_000
"""Events that are taken into memory: 3.8 GB."""
USUAL = "calq"
"""Name, without the cell's number, of the columns to prefer where several would do."""

_NAMES = tuple(f"CALQ_{tc}" for tc in range(TRIGGER_CELLS))
_VALID = f"an energy is an integer from 0 to {MAX_ENERGY}"
_NUMBERED = re.compile(r"(.*?)[\s_.:\[(-]*0*([0-9]{1,4})[\])]?", re.DOTALL)


def load_events(path: str | Path, columns: str | None = None) -> npt.NDArray[np.int64]:
    """Read all of them; see :func:`read_events`: int64 (n, 48), energies in ADC counts."""
    parts, count = [], 0
    for part in read_events(path, columns=columns):
        parts.append(part)
        count += len(part)
        if count > MOST_EVENTS:
            raise InputError(
                f"{path}: more than {MOST_EVENTS} events, which do not fit into memory; give a "
                "part of them"
            )
    return np.concatenate(parts)


def read_events(
    path: str | Path, chunk_events: int = 65536, columns: str | None = None
) -> Iterator[npt.NDArray[np.int64]]:
    """Read events in chunks, so that a file's size does not matter.

    Parameters
    ----------
    path : str or Path
        A file in one of :data:`hexcoder.sensor.tables.open.FORMATS`, or a folder of such files.
    chunk_events : int
    columns : str, optional
        Name of the energies' columns without the cell's number, or of an array that holds them.

    Yields
    ------
    int64 array (n, 48)
        In ADC counts, 1 <= n <= chunk_events.

    Raises
    ------
    InputError
        When the iteration reaches something that is no energy: file, line, column and value.
    """
    if chunk_events < 1:
        raise ValueError(f"chunk_events must be at least 1, not {chunk_events}")
    for file in files_of(Path(path)):
        table = open_table(file)
        is_empty = True
        for rows in table.rows(_energies(table, str(file), columns), chunk_events):
            if is_empty and isinstance(table, TextTable):
                _refuse_index(table, rows, str(file))
            is_empty = False
            yield _checked(rows, str(file))
        if is_empty:
            raise InputError(f"{file}: there are no rows; give at least one event")


def write_events(
    path: str | Path,
    events: npt.NDArray[np.integer],
    beside: Mapping[str, npt.NDArray[np.integer]] | None = None,
) -> None:
    """Write events, integers (n, 48) in ADC counts, as CSV with a header.

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


def _energies(table: Table, path: str, wanted: str | None) -> list[int]:
    """Places of the 48 energies among a table's columns."""
    if wanted is None and isinstance(table, TextTable) and not table.has_header:
        # What a row lacks is told when it is read.
        return list(range(TRIGGER_CELLS))
    groups = _groups(table.names)
    if wanted is not None:
        return _cells(groups.get(_plain(wanted), []), table, path, wanted)
    complete = [name for name, columns in groups.items() if _numbers(columns) is not None]
    if USUAL in complete or (USUAL in groups and not complete):
        return _cells(groups[USUAL], table, path, "CALQ")
    if len(complete) == 1:
        return _cells(groups[complete[0]], table, path, complete[0])
    if complete:
        raise InputError(
            f"{path}: several columns could be the 48 energies: {_listed(complete)}; choose with "
            "--columns NAME, or data.columns of a config"
        )
    raise InputError(
        f"{path}: no columns for the 48 energies in this {table.form} file, which has "
        f"{_listed(table.names)}; give CALQ_0 to CALQ_47, or rows of 48 energies without a header"
    )


def _groups(names: Sequence[str]) -> dict[str, list[tuple[int, int]]]:
    """Number and place of columns whose names differ in their number alone."""
    groups: dict[str, list[tuple[int, int]]] = {}
    for place, name in enumerate(names):
        match = _NUMBERED.fullmatch(name.strip())
        if match:
            groups.setdefault(_plain(match[1]), []).append((int(match[2]), place))
    return groups


def _plain(name: str) -> str:
    """A name as it is compared: without case, and without what sets a number apart."""
    return name.strip().casefold().rstrip("_.:[(- ")


def _numbers(columns: Sequence[tuple[int, int]]) -> range | None:
    """Numbers of the cells, from 0 or from 1 on, if all are there once."""
    numbers = [number for number, _ in columns]
    first = 0 if 0 in numbers else 1
    wanted = range(first, first + TRIGGER_CELLS)
    return wanted if all(numbers.count(number) == 1 for number in wanted) else None


def _cells(columns: Sequence[tuple[int, int]], table: Table, path: str, name: str) -> list[int]:
    numbers = _numbers(columns)
    if numbers is None:
        present = [number for number, _ in columns]
        lacking = next((n for n in range(TRIGGER_CELLS) if present.count(n) != 1), 0)
        what = "has more than one" if lacking in present else "lacks"
        where = "line 1: the header" if isinstance(table, TextTable) else f"the {table.form} file"
        raise InputError(
            f"{path}: {where} {what} {name}_{lacking}; give {name}_0 to {name}_47 once each"
        )
    if max(present for present, _ in columns) > numbers[-1] and not isinstance(table, TextTable):
        raise InputError(
            f"{path}: {len(columns)} columns {name or 'of an array'}, where 48 energies are wanted"
        )
    places = dict(columns)
    return [places[number] for number in numbers]


def _refuse_index(table: TextTable, rows: Rows, path: str) -> None:
    """A column that counts the rows would shift every energy by one cell."""
    count = len(rows.values)
    if table.has_header or len(table.names) <= TRIGGER_CELLS or count < 3:
        return
    first = rows.values[:, 0]
    if np.array_equal(first - first[0], np.arange(count)) and first[0] in (0, 1):
        raise InputError(
            f"{path}: column 0 counts the rows {first[0]:.0f}, {first[1]:.0f}, {first[2]:.0f}, "
            "...: it is an index and no energy; leave it out, or name the columns in a header"
        )


def _checked(rows: Rows, path: str) -> npt.NDArray[np.int64]:
    values = rows.values
    valid = (values >= 0) & (values <= MAX_ENERGY) & (values == np.floor(values))
    if not valid.all():
        row, column = (int(place) for place in np.argwhere(~valid)[0])
        where, shown = rows.describe(row, column)
        problem = _problem(float(values[row, column]), shown)
        raise InputError(f"{path}: {where}: {shown} {problem}; {_VALID}")
    return values.astype(np.int64)


def _problem(value: float, shown: str) -> str:
    """Say what keeps a number from being an energy."""
    if is_not_finite(shown.strip("'")):
        return "is not finite"
    if np.isnan(value):
        return "is not a number"
    if value < 0:
        return "is negative"
    return "is larger than 22 bits" if value > MAX_ENERGY else "is not an integer"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:6])
    return f"{shown} and {len(names) - 6} more" if len(names) > 6 else shown or "none"
