"""The floors of the house: a room imports from below alone, and in no circle."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hexcoder.code import ROOMS

ROOT = Path(__file__).parents[1]
FLOORS = "A room imports from the floors below it alone BROKEN"
CIRCLES = "No room has a circle of imports BROKEN"
PLANTED = {
    "upwards": (
        "hexcoder/cache.py",
        "import flow.block\n",
        FLOORS,
    ),
    "sideways": (
        "gen/graph.py",
        "import models.decoder\n",
        FLOORS,
    ),
    "for types alone": (
        "netlist/files.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pdk.description\n",
        FLOORS,
    ),
    "a circle": (
        "flow/layout/repair/tracks.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n"
        "    import flow.layout.repair.rerouting\n",
        CIRCLES,
    ),
}


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> Path:
    """A copy of the sources and of the rules."""
    copy = tmp_path_factory.mktemp("house")
    for room in ROOMS:
        ignored = shutil.ignore_patterns("__pycache__", "*.lib", "*.cpp", "*.hpp")
        shutil.copytree(ROOT / room, copy / room, ignore=ignored)
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


def test_rooms_are_what_the_package_installs():
    text = (ROOT / "pyproject.toml").read_text()
    for room in ROOMS:
        assert text.count(f'"{room}"') >= 4, room


def test_no_room_holds_more_than_a_fifth_of_the_code():
    lines = {
        room: sum(len(path.read_text().splitlines()) for path in (ROOT / room).rglob("*.py"))
        for room in ROOMS
    }
    largest = max(lines, key=lines.__getitem__)
    assert lines[largest] < 0.2 * sum(lines.values()), largest
