"""Stages: what is out of date runs again, and its files appear whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from hexcoder.errors import CheckFailed
from hexcoder.files import write_json
from hexcoder.steps.runner import exclusive

RECORD = "stage.json"


def versions(*distributions: str) -> dict[str, str]:
    """Versions of installed distributions, for fingerprints and reports."""
    return {name: metadata.version(name) for name in distributions}


@dataclass(frozen=True)
class Stage:
    """One step from files to files.

    Parameters
    ----------
    name : str
        Folder of its results under the build folder, and its name in messages.
    build : Path
        build/<config>.
    reads : mapping
        Whatever the result depends on, as JSON values: digests of files and of code, sections of
        the config, versions of packages.
    also_writes : sequence of str
        Files which the action leaves in its folder and which belong one level up.
    resumable : bool
        Keep an interrupted run's folder, so that the action can continue in it.
    """

    name: str
    build: Path
    reads: Mapping[str, Any]
    also_writes: Sequence[str] = ()
    resumable: bool = False
    folder: Path = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", self.build / self.name)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of everything that the result depends on."""
        return hashlib.sha256(
            json.dumps(self.reads, sort_keys=True, default=str).encode()
        ).hexdigest()

    def _record(self, folder: Path) -> dict[str, Any]:
        try:
            return json.loads((folder / RECORD).read_text())
        except (OSError, ValueError):
            return {}

    def is_current(self) -> bool:
        """Whether the last result was made from just these inputs and is still there."""
        record = self._record(self.folder)
        files = [self.folder / name for name in record.get("files", [])]
        files += [self.build / name for name in self.also_writes]
        return record.get("fingerprint") == self.fingerprint and all(f.exists() for f in files)

    def run(self, action: Callable[[Path], str | None]) -> bool:
        """Run ``action`` in a temporary folder unless the last result is current.

        ``action`` gets the folder to write into. It returns None, or, where a check failed, one
        line that says so: then its files are kept all the same.

        Returns
        -------
        bool
            True if the action ran, False if the result was current.

        Raises
        ------
        CheckFailed
            With the line that the action returned, now or when this result was made.
        """
        with exclusive(self.build):
            current = self.is_current()
            if not current:
                self._make(action)
        failure = self._record(self.folder).get("failed")
        if failure:
            raise CheckFailed(failure)
        return not current

    def _make(self, action: Callable[[Path], str | None]) -> None:
        partial = self.build / f".{self.name}.partial"
        if not (self.resumable and self._record(partial).get("fingerprint") == self.fingerprint):
            shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True, exist_ok=True)
        write_json(partial / RECORD, {"fingerprint": self.fingerprint})
        failed = action(partial)
        files = sorted(
            str(path.relative_to(partial)) for path in partial.rglob("*") if path.is_file()
        )
        kept = [name for name in files if name not in self.also_writes]
        record = {"fingerprint": self.fingerprint, "files": kept, "failed": failed}
        write_json(partial / RECORD, record | {"reads": self.reads})
        self._move_in(partial)

    def _move_in(self, partial: Path) -> None:
        for name in self.also_writes:
            if (partial / name).exists():
                os.replace(partial / name, self.build / name)
        retired = self.build / f".{self.name}.retired"
        shutil.rmtree(retired, ignore_errors=True)
        if self.folder.exists():
            self.folder.rename(retired)
        partial.rename(self.folder)
        shutil.rmtree(retired, ignore_errors=True)
