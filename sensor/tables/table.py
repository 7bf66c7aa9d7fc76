"""What all formats give: columns with names, and rows in chunks that say where a value stands."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class Rows:
    """Some rows of a table.

    Attributes
    ----------
    values : (n, columns) float64
    describe : callable
        From the number of a row and of a column in ``values`` to where the value stands and what
        stands there, for messages: ("line 3, column CALQ_7", "'-1'").
    """

    values: np.ndarray
    describe: Callable[[int, int], tuple[str, str]]


class Table(Protocol):
    """A file of numbers in columns.

    Attributes
    ----------
    names : sequence of str
        Of the columns; their numbers where the file has no names.
    form : str
        What the file is, for messages: "CSV".
    """

    names: list[str]
    form: str

    def rows(self, columns: Sequence[int], most: int) -> Iterator[Rows]:
        """Some columns, by their places in ``names``, in chunks of at most so many rows."""
        ...


def array_rows(
    chunks: Iterator[np.ndarray], names: Sequence[str], columns: Sequence[int]
) -> Iterator[Rows]:
    """Chunks of numbers as :class:`Rows`; places are counted from row 0."""
    start = 0
    for values in chunks:

        def describe(
            row: int, column: int, start: int = start, values: np.ndarray = values
        ) -> tuple[str, str]:
            place = f"row {start + row}, column {names[columns[column]]}"
            return place, f"{values[row, column]:g}"

        yield Rows(values, describe)
        start += len(values)
