"""Which sources a module is made of: its own, and those of all that it imports from ours."""

import functools
import hashlib
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

PACKAGE = "hexcoder"

_IMPORT = re.compile(
    r"^\s*(?:from\s+(?P<base>[\w.]+)\s+import\s+(?P<names>\([^)]*\)|[^\n]+)"
    r"|import\s+(?P<modules>[\w., ]+))",
    re.MULTILINE,
)
_TEXT = re.compile(r'"([\w./-]+)"')
_INCLUDE = re.compile(r'^#include "([\w./-]+)"', re.MULTILINE)


def code_digest(*modules: str) -> str:
    """SHA-256 over the sources of modules and of all that they import from our rooms.

    What a module names in quotes counts too, where it stands beside it (C++, Verilog, templates),
    or is a module of ours (a worker that runs as a process of its own). So do all modules of a
    package that looks for them in its ``__path__``.
    """
    digest = hashlib.sha256()
    for path in sorted({path for name in modules for path in sources(name)}):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


@functools.cache
def sources(module: str) -> frozenset[Path]:
    """Files that a module is made of."""
    files: set[Path] = set()
    seen: set[str] = set()
    pending = [module]
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        path = _origin(name) if name == module else _source(name)
        if path is not None:
            files |= {path, *_files_beside(path)}
            pending += _imported(path)
            if path.name == "__init__.py" and "__path__" in path.read_text(encoding="utf-8"):
                # A package that finds its modules by their being there.
                pending += [f"{name}.{file.stem}" for file in path.parent.glob("*.py")]
    return frozenset(files)


def _origin(module: str) -> Path:
    """Source of the module that is asked for, which need not be ours."""
    path = _source(module)
    if path is not None:
        return path
    try:
        spec = find_spec(module)
    except ModuleNotFoundError:
        spec = None
    if spec is None or spec.origin is None:
        raise ValueError(f"'{module}' is no module that can be imported")
    return Path(spec.origin)


@functools.cache
def _source(module: str) -> Path | None:
    """Source of a module of ours, without importing it."""
    package, *inner = module.split(".")
    if package != PACKAGE:
        return None
    place = _folder(package).joinpath(*inner)
    for source in (place / "__init__.py", place.with_suffix(".py")):
        if source.is_file():
            return source
    return None


@functools.cache
def _folder(package: str) -> Path:
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


@functools.cache
def _imported(path: Path) -> tuple[str, ...]:
    """Names that may be modules of ours."""
    return tuple(_names(path.read_text(encoding="utf-8")))


def _names(text: str) -> Iterator[str]:
    for match in _IMPORT.finditer(text):
        if match["modules"]:
            yield from (part.split()[0] for part in match["modules"].split(",") if part.strip())
        else:
            # An imported name may itself be a module.
            yield match["base"]
            for name in re.findall(r"\w+", match["names"]):
                yield f"{match['base']}.{name}"
    for match in _TEXT.finditer(text):
        if match[1].startswith(f"{PACKAGE}."):
            yield match[1]


@functools.cache
def _files_beside(path: Path) -> frozenset[Path]:
    found: set[Path] = set()
    pending = [path]
    while pending:
        here = pending.pop()
        pattern = _INCLUDE if here.suffix in (".cpp", ".hpp") else _TEXT
        for match in pattern.finditer(here.read_text(encoding="utf-8")):
            place = here.parent / match[1]
            if here.parent not in place.parents or (place / "__init__.py").is_file():
                continue
            inside = sorted(place.iterdir()) if place.is_dir() else [place]
            for file in inside:
                if file.is_file() and file.suffix not in ("", ".py", ".lib") and file not in found:
                    found.add(file)
                    if file.suffix in (".cpp", ".hpp"):
                        pending.append(file)
    return frozenset(found)
