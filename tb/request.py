"""What ``python -m tb prove`` is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PASSED = "passed"
"""Outcome of a protocol test."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is proved with what.

    Parameters
    ----------
    work : Path
        Folder for compiled simulations, kept for the next run.
    vectors, seed, configurations
        Of the stimulus of each module.
    waves : Path, optional
        Folder for waveforms of the protocol tests, where they are asked for.
    mismatch_waves : Path
        Folder for the waveform of a mismatch.
    results : Path, optional
        Folder for results of the protocol tests; without one they are not run.
    """

    network: Path
    design: Path
    work: Path
    vectors: int
    seed: int
    configurations: int | None
    events: Path | None
    waves: Path | None
    mismatch_waves: Path
    results: Path | None
