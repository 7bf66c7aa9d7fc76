"""What ``hexcoder sim`` is asked for."""

from dataclasses import dataclass
from pathlib import Path

PASSED = "passed"
"""Outcome of a protocol test."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is proved with what.

    ``columns`` names those of the events' file that are energies. ``work`` keeps compiled
    simulations for the next run; ``waves`` gets waveforms of the protocol tests, where they are
    asked for, ``mismatch_waves`` that of a mismatch. Without a folder ``results`` the protocol
    tests are not run. ``inputs`` are samples of the network's own inputs, ``expected`` another
    tool's answers to them.
    """

    network: Path
    design: Path
    work: Path
    vectors: int
    seed: int
    configurations: int | None
    events: Path | None
    columns: str | None
    waves: Path | None
    mismatch_waves: Path
    results: Path | None
    inputs: Path | None = None
    expected: Path | None = None
