"""What the pages name is there."""

import re
from pathlib import Path

import pytest

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
