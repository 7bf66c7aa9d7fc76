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


_LINK = re.compile(r"\]\(([^)#:\s]*)(?:#([^)\s]*))?\)")
_FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)


def _anchors(page):
    """Names by which a page's headings are linked to."""
    heads = re.findall(r"^#+ (.*)$", _FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


def _broken_links(page, text):
    for name, anchor in _LINK.findall(_FENCE.sub("", text)):
        target = page.parent / name if name else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            yield f"{name}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_a_page_lead_somewhere(page):
    assert list(_broken_links(page, page.read_text(encoding="utf-8"))) == []


def test_broken_links_are_noticed():
    text = "[a](docs/gone.md), [b](docs/formats.md#gone), [c](#gone), [d](docs/formats.md#ports)"
    broken = list(_broken_links(ROOT / "README.md", text))
    assert broken == ["docs/gone.md#", "docs/formats.md#gone", "#gone"]


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
