"""The chip's link words as files: 32-bit words in hexadecimal, one BX a row, below a header row."""

import re
from pathlib import Path

import numpy as np

from hexcoder.errors import InputError

INPUT_LINKS = 12
WORD_BITS = 32


def read_link_words(path: Path, least_links: int = 1) -> np.ndarray:
    """Read link words, int64 (bunch crossings, links); InputError names file, line and word.

    A first row that is not all words of eight digits is a header.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, IsADirectoryError):
        raise InputError(f"{path}: no such file") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file") from None
    rows = []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or (number == 1 and _is_header(line)):
            continue
        try:
            row = [int(word, 16) for word in line.split(",")]
        except ValueError:
            raise InputError(f"{path}: line {number}: words are hexadecimal: {line!r}") from None
        if len(row) < least_links or any(word >> WORD_BITS for word in row):
            raise InputError(
                f"{path}: line {number}: needs {least_links} or more words of {WORD_BITS} bits"
            )
        if rows and len(row) != len(rows[0]):
            raise InputError(
                f"{path}: line {number} has {len(row)} words; the first row has {len(rows[0])}"
            )
        rows.append(row)
    if not rows:
        raise InputError(f"{path}: no words")
    return np.array(rows, dtype=np.int64)


def _is_header(line: str) -> bool:
    """Whether a row is not all words of eight digits."""
    return not all(re.fullmatch(r"[0-9a-fA-F]{8}", word.strip()) for word in line.split(","))
