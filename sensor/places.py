"""Where in the detector an event's sensor sits: known off the detector from the link it came on.

The ECON-T emulator's files have these columns beside the energies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hexcoder.errors import InputError
from hexcoder.sensor.tables.open import files_of, open_table

COLUMNS = {"layer": ("layer",), "position": ("waferu", "waferv")}
"""Columns of a file of events that each condition on the sensor's place needs."""
SCALE = {"layer": 25.0, "waferu": 6.0, "waferv": 6.0}
"""About half of the detector's extent in each: features are of order one."""


@dataclass(frozen=True, slots=True)
class Places:
    """Places of sensors, one an event: int64 (n,) by those names of ``COLUMNS`` asked for."""

    columns: dict[str, np.ndarray]

    def rows(self, chosen: np.ndarray | slice) -> Places:
        """Places of some of the events."""
        return Places({name: values[chosen] for name, values in self.columns.items()})

    def joined(self, other: Places) -> Places:
        """These places and others behind them."""
        return Places(
            {name: np.concatenate([v, other.columns[name]]) for name, v in self.columns.items()}
        )

    def features(self, condition: str) -> np.ndarray:
        """Float64 (n, features) of one condition."""
        names = COLUMNS[condition]
        return np.stack([self.columns[name] / SCALE[name] - (name == "layer") for name in names], 1)


def place_columns(conditions: Sequence[str]) -> tuple[str, ...]:
    """Columns that conditions need beside the energies."""
    return tuple(name for condition in conditions for name in COLUMNS.get(condition, ()))


def load_places(path: str | Path, conditions: Sequence[str]) -> Places | None:
    """Read what conditions need of a file of events; None where they need nothing.

    The file has been read by :func:`hexcoder.sensor.events.load_events`, so its rows are known to
    be whole. InputError if a column is missing, or a place is not an integer.
    """
    names = place_columns(conditions)
    if not names:
        return None
    table = np.concatenate([_places(file, names, conditions) for file in files_of(Path(path))])
    return Places({name: table[:, k].astype(np.int64) for k, name in enumerate(names)})


def _places(path: Path, names: Sequence[str], conditions: Sequence[str]) -> np.ndarray:
    table = open_table(path)
    for name in names:
        if name not in table.names:
            raise InputError(
                f"{path}: no column '{name}'; key 'network.decoder.conditions' = "
                f"{list(conditions)} needs {', '.join(names)}: leave out what the file lacks"
            )
    columns = [list(table.names).index(name) for name in names]
    parts = [np.zeros((0, len(names)))]
    for rows in table.rows(columns, 65536):
        whole = rows.values == np.rint(rows.values)
        if not whole.all():
            row, column = (int(place) for place in np.argwhere(~whole)[0])
            where, shown = rows.describe(row, column)
            raise InputError(f"{path}: {where}: {shown} is not an integer; a place is one")
        parts.append(rows.values)
    return np.concatenate(parts)
