"""codec.json's format: the frozen tables, steps and modes of an adaptive code.

docs/codec.md defines the code bit for bit.
"""

from __future__ import annotations

import functools
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from hexcoder.config import Name, Section
from hexcoder.network.schema import write_rows
from hexcoder.sensor.codec.prefix import is_complete
from hexcoder.sensor.front_end import SUM_CODE_BITS
from hexcoder.sensor.geometry import TRIGGER_CELLS, coarse_groups

FORMAT = "hexcoder-codec"
VERSION = 1
LONGEST = 16
"""Bits of the longest code word: what a reading table can hold."""
MOST_SYMBOLS = 4096

Cell = Annotated[int, Field(ge=0, lt=TRIGGER_CELLS)]
Length = Annotated[int, Field(ge=1, le=LONGEST)]


class Symbols(Section):
    """How quantised cells become symbols.

    A cell's class is its value below ``direct``, and above it the bit length, up to ``longest``
    bits; the last class holds all that is longer too. A symbol is the classes of ``cells`` cells
    together.
    """

    cells: Literal[1, 2, 4] = Field(description="cells of a symbol: one, a pair, a 2x2 group")
    direct: Literal[2, 4, 8, 16] = Field(description="values that are a class of their own")
    longest: int = Field(ge=2, le=16, description="bit length at which the last class begins")

    @model_validator(mode="after")
    def _is_in_order(self) -> Symbols:
        if self.longest <= self.direct_bits:
            raise ValueError(
                f"'longest' = {self.longest} must be above the {self.direct_bits} bits of values "
                f"below 'direct' = {self.direct}"
            )
        if self.count > MOST_SYMBOLS:
            raise ValueError(
                f"{self.classes} classes of {self.cells} cells make {self.count} symbols; at most "
                f"{MOST_SYMBOLS} are supported"
            )
        return self

    @property
    def direct_bits(self) -> int:
        """Bits of the largest direct value."""
        return self.direct.bit_length() - 1

    @property
    def classes(self) -> int:
        """Classes of a cell."""
        return self.direct + self.longest - self.direct_bits

    @property
    def count(self) -> int:
        """Symbols."""
        return self.classes**self.cells

    @property
    def groups(self) -> np.ndarray:
        """Trigger cells of each symbol, in the order of the frame: int64 (symbols, cells)."""
        if self.cells == 4:
            return coarse_groups()
        return np.arange(TRIGGER_CELLS, dtype=np.int64).reshape(-1, self.cells)


class Mode(Section):
    """A step, 2**shift / factor of the normalised charge's unit, and a table of code words."""

    shift: int = Field(ge=0, le=24)
    factor: int = Field(ge=4, le=7)
    table: int = Field(ge=0)

    @property
    def step(self) -> float:
        """In units of the normalised charge's last bit."""
        return 2.0**self.shift / self.factor


class Codec(Section):
    """An adaptive code: all of it integers."""

    format: Literal["hexcoder-codec"] = FORMAT
    version: Literal[1] = VERSION
    name: Name
    frame_bits: int = Field(ge=32, le=1024, description="bits of a frame: sum, mode and payload")
    fraction_bits: int = Field(ge=4, le=16, description="of the normalised charge")
    residue_bits: int = Field(ge=2, le=12, description="fraction bits of a step that are carried")
    paths: tuple[tuple[Cell, ...], ...] = Field(
        min_length=1, description="trigger cells along which the rounding error is carried"
    )
    symbols: Symbols
    tables: tuple[tuple[Length, ...], ...] = Field(
        min_length=1, max_length=64, description="bits of each symbol's code word"
    )
    modes: tuple[Mode, ...] = Field(min_length=1, max_length=128, description="the finest first")

    @model_validator(mode="after")
    def _fits_together(self) -> Codec:
        if sorted(cell for path in self.paths for cell in path) != list(range(TRIGGER_CELLS)):
            raise ValueError(f"'paths' must visit each of the {TRIGGER_CELLS} trigger cells once")
        if len({len(path) for path in self.paths}) != 1:
            raise ValueError("'paths' must be of equal length")
        for number, table in enumerate(self.tables):
            if len(table) != self.symbols.count:
                raise ValueError(
                    f"table {number} has {len(table)} lengths; these symbols need "
                    f"{self.symbols.count}"
                )
            if not is_complete(table):
                raise ValueError(
                    f"table {number} is no complete prefix code: the sum of 2**-length must be 1"
                )
        for mode in self.modes:
            if mode.table >= len(self.tables):
                raise ValueError(f"a mode uses table {mode.table}; there are {len(self.tables)}")
        for number, (before, after) in enumerate(pairwise(self.modes)):
            if after.step < before.step:
                raise ValueError(
                    f"modes {number} and {number + 1} are out of order: the finest step comes first"
                )
        if self.payload_bits < 1:
            raise ValueError(
                f"'frame_bits' = {self.frame_bits} is no more than its head: the sum's "
                f"{SUM_CODE_BITS} bits and the mode's {self.mode_bits}"
            )
        return self

    @property
    def mode_bits(self) -> int:
        """Bits that name a mode."""
        return (len(self.modes) - 1).bit_length()

    @property
    def payload_bits(self) -> int:
        """Bits of a frame behind sum and mode."""
        return self.frame_bits - SUM_CODE_BITS - self.mode_bits

    @property
    def charge_bits(self) -> int:
        """Bits of a normalised charge."""
        return self.fraction_bits + 1

    def value_bits(self, mode: Mode) -> int:
        """Bits of the largest quantised value in a mode."""
        largest = ((1 << self.charge_bits) - 1) * mode.factor << self.residue_bits >> mode.shift
        half = 1 << (self.residue_bits - 1)
        return max(1, (largest + half + (half >> 1) >> self.residue_bits).bit_length())

    @functools.cached_property
    def most_value_bits(self) -> int:
        """Bits of the largest quantised value of all modes."""
        return max(self.value_bits(mode) for mode in self.modes)

    @property
    def extension_bits(self) -> int:
        """Most bits of the unary number behind the last class."""
        return max(0, self.most_value_bits - self.symbols.longest)

    @property
    def steps(self) -> list[tuple[int, int]]:
        """Shift and factor of each step, each once, the finest first."""
        return list(dict.fromkeys((mode.shift, mode.factor) for mode in self.modes))

    def modes_of(self, step: tuple[int, int]) -> list[int]:
        """Numbers of the modes that have a step."""
        return [k for k, mode in enumerate(self.modes) if (mode.shift, mode.factor) == step]


def save_codec(codec: Codec, path: Path | str) -> None:
    """Write a codec; the same codec gives the same bytes."""
    write_rows(codec.model_dump(mode="json"), Path(path))
