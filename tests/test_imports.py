"""Names that modules import from one another exist (pyright cannot say it: Amaranth is untyped)."""

import ast
from functools import cache
from pathlib import Path

from tests.rooms import ROOMS

ROOT = Path(__file__).resolve().parents[1]


def _file_of(module: str) -> Path | None:
    place = ROOT.joinpath(*module.split("."))
    for path in (place / "__init__.py", place.with_suffix(".py")):
        if path.is_file():
            return path
    return None


@cache
def _names(path: Path) -> frozenset[str]:
    """Names that a module's top level binds, in whatever block."""
    names = {"__file__", "__name__", "__path__", "__doc__"}
    pending = list(ast.parse(path.read_text(encoding="utf-8")).body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            names.add(node.name)
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        pending += ast.iter_child_nodes(node)
    return frozenset(names)


def _missing(path: Path) -> list[str]:
    missing = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or not node.module:
            continue
        if node.module.split(".")[0] not in ("hexcoder", "tests"):
            continue
        source = _file_of(node.module)
        for alias in node.names:
            known = source is not None and alias.name in _names(source)
            if not known and _file_of(f"{node.module}.{alias.name}") is None:
                missing.append(f"{path.name}:{node.lineno} {node.module}.{alias.name}")
    return missing


def test_every_name_that_is_imported_from_a_room_is_there():
    files = [file for room in (*ROOMS, "scripts", "tests") for file in (ROOT / room).rglob("*.py")]
    assert len(files) > 300
    assert [missing for file in files for missing in _missing(file)] == []


def test_a_name_that_is_not_there_is_found(tmp_path):
    planted = tmp_path / "planted.py"
    planted.write_text("def f():\n    from hexcoder.network.golden import evaluate, evaluated\n")
    assert _missing(planted) == ["planted.py:2 hexcoder.network.golden.evaluated"]
