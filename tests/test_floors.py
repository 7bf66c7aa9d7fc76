"""The floors of the house: a room imports from below alone, and in no circle."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rooms import ROOMS

ROOT = Path(__file__).parents[1]
FLOORS = "A room imports from the floors below it alone BROKEN"
NAMES = "A room is imported by its full name, hexcoder.ROOM BROKEN"
CIRCLES = "No room has a circle of imports BROKEN"
PLANTED = {
    "upwards": (
        "hexcoder/cache.py",
        "import hexcoder.flow.block\n",
        FLOORS,
    ),
    "sideways": (
        "gen/graph.py",
        "import hexcoder.models.decoder\n",
        FLOORS,
    ),
    "for types alone": (
        "netlist/files.py",
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import hexcoder.pdk.description\n",
        FLOORS,
    ),
    "by its short name": ("hw/delay.py", "import flow.block\n", NAMES),
    "a circle": (
        "flow/layout/repair/tracks.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n"
        "    import hexcoder.flow.layout.repair.rerouting\n",
        CIRCLES,
    ),
}


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> Path:
    """A copy of the sources and of the rules."""
    copy = tmp_path_factory.mktemp("house")
    for room in ROOMS:
        ignored = shutil.ignore_patterns("__pycache__", "*.lib", "*.cpp", "*.hpp")
        shutil.copytree(ROOT / room, copy / room, symlinks=True, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


def _lint(house: Path) -> tuple[int, str]:
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[0] = '.'; {command}", "--no-cache"],
        cwd=house, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED)
def test_a_planted_import_is_refused(house, planted):
    name, lines, broken = planted
    path = house / name
    text = path.read_text()
    path.write_text(text.replace("from __future__ import annotations\n", "", 1) + lines)
    try:
        status, output = _lint(house)
    finally:
        path.write_text(text)
    assert status == 1
    assert broken in output


def test_the_house_keeps_its_floors(house):
    status, output = _lint(house)
    assert status == 0, output


def test_every_room_is_part_of_the_package():
    for room in ROOMS[1:]:
        assert (ROOT / "hexcoder" / room).resolve() == ROOT / room


def test_no_room_holds_more_than_a_fifth_of_the_code():
    lines = {
        room: sum(len(path.read_text().splitlines()) for path in (ROOT / room).rglob("*.py"))
        for room in ROOMS
    }
    largest = max(lines, key=lines.__getitem__)
    assert lines[largest] < 0.2 * sum(lines.values()), largest
