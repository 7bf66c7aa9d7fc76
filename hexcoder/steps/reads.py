"""What a step reads; the state of all of it is the step's fingerprint."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel

from hexcoder.errors import InputError
from hexcoder.tools import tool_version


@dataclass(frozen=True)
class Place:
    """Where a stage works.

    Attributes
    ----------
    config : object
        What :class:`Key` looks its settings up in: a config, or what has sections like one.
    build : Path
        Folder of all stages, build/<config>.
    stage : str
    folder : Path
        What the stage writes; a temporary one until it is whole.
    hands_over : tuple of str
        Files of the stage that lie one level up once it is whole.
    """

    config: Any
    build: Path
    stage: str
    folder: Path
    hands_over: tuple[str, ...] = ()

    def path(self, name: str) -> Path:
        """Find a file by its name below the build folder: 'rtl/encoder.v'."""
        stage, _, rest = name.partition("/")
        if stage != self.stage or not rest:
            return self.build / name
        inside = self.folder / rest
        return self.build / rest if rest in self.hands_over and not inside.exists() else inside


class Read(Protocol):
    """Something that a step's result depends on."""

    def state(self, place: Place) -> object:
        """Its present state, as a JSON value."""
        ...


@dataclass(frozen=True)
class File:
    """A file below the build folder, by its content.

    Attributes
    ----------
    name : str
        'stage/file', or 'file' for what lies beside the stages.
    optional : bool
        It may be absent.
    maker : str
        What writes it, for the message where it is absent.
    """

    name: str
    optional: bool = False
    maker: str = ""

    def is_lacking(self, place: Place) -> bool:
        """Whether the stage itself should have made it, and has not."""
        ours = self.name.startswith(f"{place.stage}/")
        return ours and not self.optional and not place.path(self.name).is_file()

    def state(self, place: Place) -> object:
        """Digest of the content; None where the file is absent."""
        path = place.path(self.name)
        if path.is_file():
            return {self.name: file_digest(path)}
        if self.optional:
            return {self.name: None}
        hint = f"; {self.maker} writes it" if self.maker else ""
        raise InputError(f"{path}: no such file{hint}")


@dataclass(frozen=True)
class Key:
    """A section or a value of the config, by its dotted name."""

    name: str

    def state(self, place: Place) -> object:
        """The value."""
        value = place.config
        for part in self.name.split("."):
            value = getattr(value, part)
        return {self.name: value.model_dump(mode="json") if isinstance(value, BaseModel) else value}


@dataclass(frozen=True)
class Package:
    """An installed distribution, by its version; None where it is absent."""

    name: str

    def state(self, place: Place) -> object:
        """The version."""
        return {self.name: package_version(self.name)}


@dataclass(frozen=True)
class Tool:
    """A program from outside, by what it says of its version.

    Attributes
    ----------
    program : str
    how_to_get : str
        For the reason why a number is not measured, where it is absent.
    version_option : str
    """

    program: str
    how_to_get: str
    version_option: str = "--version"

    @property
    def version(self) -> str | None:
        """First line that it says of its version; None where it is absent."""
        return tool_version(self.program, self.version_option)

    @property
    def missing(self) -> str | None:
        """Why it cannot be run, in a line; None where it can."""
        if self.version is None:
            return f"program '{self.program}' is not installed; {self.how_to_get}"
        return None

    def state(self, place: Place) -> object:
        """The version."""
        return {self.program: self.version}


@dataclass(frozen=True)
class Given:
    """Anything else: a name, and a function from the place to a JSON value."""

    name: str
    value: Callable[[Place], object]

    def state(self, place: Place) -> object:
        """What the function says."""
        return {self.name: self.value(place)}


def package_version(name: str) -> str | None:
    """Version of an installed distribution; None where there is none."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def file_digest(path: Path | str) -> str:
    """SHA-256 of a file's bytes."""
    status = os.stat(path)
    return _digest(str(path), status.st_ino, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=4096)
def _digest(path: str, inode: int, size: int, changed_ns: int) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def versions(*distributions: str) -> dict[str, str]:
    """Versions of installed distributions, for fingerprints and reports."""
    return {name: metadata.version(name) for name in distributions}
