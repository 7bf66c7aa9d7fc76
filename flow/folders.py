"""Folders for others: written from templates, whole or not at all."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hexcoder.errors import InputError


def require_ours(folder: Path, mark: str) -> None:
    """InputError where a folder holds files, and none is the one that ours have."""
    if folder.exists() and not (folder / mark).is_file() and any(folder.iterdir()):
        raise InputError(f"{folder}: it is there and holds other files; give another folder")


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A folder to write, which takes the place of ``folder`` once the block is left."""
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    yield partial
    shutil.rmtree(folder, ignore_errors=True)
    partial.replace(folder)


class TemplateFolder:
    """Files of a folder, each with what it is.

    Parameters
    ----------
    folder, templates : Path
    names : mapping of str to str
        What stands for ``{key}`` in files' names.

    Attributes
    ----------
    files : list of (str, str)
        Name and meaning of each.
    """

    def __init__(self, folder: Path, templates: Path, names: Mapping[str, str]):
        self.folder, self.names = folder, names
        self.files: list[tuple[str, str]] = []
        self._templates = Environment(
            loader=FileSystemLoader(templates),
            undefined=StrictUndefined,
            keep_trailing_newline=True,
            autoescape=lambda name: bool(name and name.endswith(".xml.j2")),
        )

    def render(self, template: str, values: Mapping[str, object]) -> str:
        """Text of a template."""
        return self._templates.get_template(template).render(values)

    def put(self, name: str, meaning: str, text: str) -> None:
        """Write a file; a script can be run."""
        path = self.folder / name.format(**self.names)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        if path.suffix == ".sh":
            path.chmod(0o755)
        self.files.append((str(path.relative_to(self.folder)), meaning))

    def take(self, source: Path, name: str, meaning: str) -> None:
        """Copy a file; a name that ends with a slash is the folder that it goes to."""
        target = self.folder / name.format(**self.names)
        target = target / source.name if name.endswith("/") else target
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        self.files.append((str(target.relative_to(self.folder)), meaning))
