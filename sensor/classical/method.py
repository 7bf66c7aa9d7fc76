"""A classical method as network.json holds it, its golden model, and what a receiver makes of it.

The methods are those of the ECON-T (CMS-TDR-019, section 9.2); the frame's layout is ours
(docs/classical.md).
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from hexcoder.config import Name, Section
from hexcoder.network.schema import write_rows
from hexcoder.sensor.front_end import (
    ENERGY_BITS,
    SUM_CODE_BITS,
    float_code,
    float_value,
    sum_code,
)
from hexcoder.sensor.geometry import TRIGGER_CELLS, coarse_groups

FORMAT = "hexcoder-classical"
CELL_CODE = (4, 3)
"""Exponent and mantissa bits of a kept trigger cell's energy."""
CELL_CODE_BITS = sum(CELL_CODE)
SUM_CODE = (5, 4)
PLACE_BITS = 2
"""Which of four trigger cells is the largest."""


class Classical(Section):
    """A fixed algorithm."""

    format: Literal["hexcoder-classical"] = FORMAT
    version: Literal[1] = 1
    name: Name
    method: Literal["best_choice", "threshold", "super_trigger_cells"]
    kept: int | None = Field(
        default=None, ge=1, le=TRIGGER_CELLS, description="most trigger cells that are sent"
    )
    threshold_adc: int | None = Field(
        default=None, ge=0, lt=1 << ENERGY_BITS, description="least energy that is sent"
    )

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Classical:
        needed = {
            "best_choice": {"kept"},
            "threshold": {"kept", "threshold_adc"},
            "super_trigger_cells": set(),
        }[self.method]
        for key in ("kept", "threshold_adc"):
            if (getattr(self, key) is None) == (key in needed):
                what = "needs" if key in needed else "has no"
                raise ValueError(f"method '{self.method}' {what} '{key}'")
        return self

    @property
    def frame_bits(self) -> int:
        """Bits of a frame."""
        if self.method == "super_trigger_cells":
            return len(coarse_groups()) * (SUM_CODE_BITS + PLACE_BITS)
        return SUM_CODE_BITS + TRIGGER_CELLS + CELL_CODE_BITS * (self.kept or 0)


def save_classical(method: Classical, path: Path | str) -> None:
    """Write a method; the same one gives the same bytes."""
    write_rows(method.model_dump(mode="json", exclude_none=True), Path(path))


def kept_cells(method: Classical, energies: np.ndarray) -> np.ndarray:
    """Which trigger cells are sent: bool (n, 48), at most ``kept`` of an event.

    Best choice compares codes, of equal ones those of lower cells come first; a threshold compares
    energies, and what is over the number is left out from the highest cell.
    """
    kept = method.kept or 0
    if method.method == "threshold":
        flags = energies >= (method.threshold_adc or 0)
        return flags & (flags.cumsum(axis=1) <= kept)
    codes = float_code(energies, *CELL_CODE)
    largest = np.argsort(-codes, axis=1, kind="stable")[:, :kept]
    flags = np.zeros(energies.shape, dtype=bool)
    np.put_along_axis(flags, largest, True, axis=1)
    return flags


def _bits(values: np.ndarray, width: int) -> np.ndarray:
    """Values (n, k) as bits (n, k * width), the highest first."""
    places = np.arange(width)[::-1]
    return (values[:, :, None] >> places & 1).reshape(len(values), values.shape[1] * width)


def _numbers(bits: np.ndarray, width: int) -> np.ndarray:
    """The reverse of :func:`_bits`."""
    fields = bits.reshape(len(bits), bits.shape[1] // width, width)
    return fields.astype(np.int64) @ (1 << np.arange(width)[::-1])


def frames_of(method: Classical, energies: np.ndarray) -> np.ndarray:
    """Frames of events, int (n, 48) in ADC counts: uint8 (n, frame_bits), the first sent first."""
    energies = np.asarray(energies, dtype=np.int64)
    if method.method == "super_trigger_cells":
        groups = energies[:, coarse_groups()]
        fields = (sum_code(groups.sum(axis=2)) << PLACE_BITS) | groups.argmax(axis=2)
        return _bits(fields, SUM_CODE_BITS + PLACE_BITS).astype(np.uint8)
    flags = kept_cells(method, energies)
    codes = np.where(flags, float_code(energies, *CELL_CODE), 0)
    # A stable sort of the flags moves what is kept to the front, in the order of the cells.
    front = np.argsort(~flags, axis=1, kind="stable")[:, : method.kept]
    parts = [
        _bits(sum_code(energies.sum(axis=1))[:, None], SUM_CODE_BITS),
        flags,
        _bits(np.take_along_axis(codes, front, axis=1), CELL_CODE_BITS),
    ]
    return np.concatenate(parts, axis=1).astype(np.uint8)


def energies_of(method: Classical, frames: np.ndarray) -> np.ndarray:
    """What a receiver makes of frames, bits (n, frame_bits): energies, float64 (n, 48).

    A code stands for the middle of what it may mean. Any bits have an answer: of flags without a
    code the energy is zero.
    """
    frames = np.asarray(frames)
    energies = np.zeros((len(frames), TRIGGER_CELLS))
    if method.method == "super_trigger_cells":
        fields = _numbers(frames, SUM_CODE_BITS + PLACE_BITS)
        places = fields & ((1 << PLACE_BITS) - 1)
        groups = coarse_groups()
        cells = groups[np.arange(len(groups)), places]
        np.put_along_axis(energies, cells, float_value(fields >> PLACE_BITS, *SUM_CODE), axis=1)
        return energies
    flags = frames[:, SUM_CODE_BITS : SUM_CODE_BITS + TRIGGER_CELLS].astype(bool)
    codes = _numbers(frames[:, SUM_CODE_BITS + TRIGGER_CELLS :], CELL_CODE_BITS)
    sent = np.concatenate([float_value(codes, *CELL_CODE), np.zeros((len(frames), 1))], axis=1)
    place = np.minimum(flags.cumsum(axis=1) - 1, sent.shape[1] - 1)
    return np.where(flags, np.take_along_axis(sent, np.maximum(place, 0), axis=1), 0.0)
