"""Stages: what is out of date runs again, and its files appear whole or not at all."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import metadata, util
from pathlib import Path
from typing import Any

from hexcoder.errors import CheckFailed, InputError

RECORD = "stage.json"
_SOURCE_SUFFIXES = {".py", ".cpp", ".hpp", ".j2", ".tcl", ".toml", ".v", ".css", ".lib"}


def file_digest(path: Path | str) -> str:
    """SHA-256 of a file's bytes."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def code_digest(*packages: str) -> str:
    """SHA-256 over the sources of packages, by relative path and content."""
    digest = hashlib.sha256()
    for package in packages:
        spec = util.find_spec(package)
        assert spec is not None
        assert spec.submodule_search_locations
        root = Path(spec.submodule_search_locations[0])
        for path in sorted(root.rglob("*")):
            if path.suffix in _SOURCE_SUFFIXES and "__pycache__" not in path.parts:
                digest.update(f"{package}/{path.relative_to(root)}".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def versions(*distributions: str) -> dict[str, str]:
    """Versions of installed distributions, for fingerprints and reports."""
    return {name: metadata.version(name) for name in distributions}


def write_json(path: Path, value: Any) -> None:
    """Write JSON with a stable order and a final newline, in one step."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(value, indent=2, sort_keys=False) + "\n")
    partial.replace(path)


def read_json(path: Path) -> Any:
    """Read a JSON file that an earlier stage wrote."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; run the stage that writes it first") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not valid JSON: {error}") from None


@contextmanager
def exclusive(build: Path) -> Iterator[None]:
    """Hold a build folder: two runs in one folder would mix their files."""
    build.mkdir(parents=True, exist_ok=True)
    with open(build / ".lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"{build}: another run is using this folder; wait for it") from None
        yield


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
