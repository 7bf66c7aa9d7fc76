"""What a stage keeps of its steps, in steps.json: how each was made, and what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from hexcoder.files import write_json
from hexcoder.steps.reads import Place, file_digest

RECORDS = "steps.json"


class StepRecord(BaseModel):
    """What is kept of a step that ran."""

    model_config = ConfigDict(extra="forbid")

    fingerprint: str
    files: dict[str, str] = {}
    metrics: dict[str, Any] = {}
    not_measured: str | None = None
    failed: str | None = None
    settled: bool = False
    """It failed, and would fail again: not for want of a tool or by its crash."""
    reads: dict[str, str | None] = {}
    """Digests of the files that it read, by their names below the build folder."""
    tools: dict[str, str | None] = {}
    """Versions of packages and programs; None where absent."""

    def is_of(self, fingerprint: str, place: Place) -> bool:
        """Whether it was made from this state, and its files are still as it left them."""
        if self.fingerprint != fingerprint or (self.failed is not None and not self.settled):
            return False
        for name, digest in self.files.items():
            path = place.path(f"{place.stage}/{name}")
            # What was handed over is the user's to change.
            if not path.is_file() or (name not in place.hands_over and file_digest(path) != digest):
                return False
        return True


class Records(BaseModel):
    """Records of a stage's steps, in their order; empty where a folder has none that can be read.

    Attributes
    ----------
    running : (str, str), optional
        Step that ran when the run was killed, and its fingerprint.
    metrics : str, optional
        Digest of metrics.json, as it was written.
    failures : list of str
        Steps that failed and limits that were not kept, a line each.
    """

    model_config = ConfigDict(extra="forbid")

    format: Literal[1] = 1
    running: tuple[str, str] | None = None
    metrics: str | None = None
    failures: list[str] = []
    steps: dict[str, StepRecord] = {}

    @classmethod
    def read(cls, folder: Path) -> Records:
        """Of a file that anything may have happened to."""
        try:
            return cls.model_validate_json((folder / RECORDS).read_bytes())
        except (OSError, ValueError):
            return cls()

    def write(self, folder: Path) -> None:
        """Write them whole."""
        write_json(folder / RECORDS, self.model_dump(mode="json"))

    def reads(self, stage: str) -> dict[str, str]:
        """Digest of each file outside of the stage that a step read."""
        return {
            name: digest
            for record in self.steps.values()
            for name, digest in record.reads.items()
            if digest is not None and not name.startswith(f"{stage}/")
        }

    @property
    def tools(self) -> dict[str, str | None]:
        """Versions of packages and programs; None where absent."""
        return {k: v for record in self.steps.values() for k, v in record.tools.items()}
