"""What the pages name is there."""

import re
from pathlib import Path
from typing import get_args

import pytest

from hexcoder.config import Config, Section
from tests.rooms import ROOMS

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_FILE = re.compile(
    rf"(?<![\w./-])((?:{'|'.join((*ROOMS, 'tests', 'scripts', 'configs', 'docs'))})/[\w/.-]+\w)"
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_a_page_names_exist(page):
    named = set(_FILE.findall(page.read_text(encoding="utf-8")))
    missing = [name for name in sorted(named) if not (ROOT / name).exists()]
    assert missing == []


def test_a_file_that_moved_is_noticed():
    assert _FILE.findall("run `pytest tests/models/test_gone.py` now") == [
        "tests/models/test_gone.py"
    ]


def _keys(section, seen):
    """Names of all keys of a config's section and of those inside of it."""
    for name, field in section.model_fields.items():
        yield name
        for kind in _sections(field.annotation):
            if kind not in seen:
                yield from _keys(kind, seen | {kind})


def _sections(annotation):
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return [annotation]
    return [kind for part in get_args(annotation) for kind in _sections(part)]


def test_the_page_of_configs_has_every_key():
    text = (ROOT / "docs" / "config.md").read_text(encoding="utf-8")
    marked = re.findall(r"`([^`]+)`", text) + re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    named = {part for words in marked for part in re.split(r"\W+", words)}
    keys = set(_keys(Config, {Config}))
    assert len(keys) > 80
    assert sorted(keys - named) == []
