import pytest

from hexcoder import code


def _forget() -> None:
    caches = (code.sources, code._source, code._folder, code._imported, code._files_beside)
    for cached in caches:
        cached.cache_clear()


@pytest.fixture
def digest(tmp_path, monkeypatch):
    """Digest of module 'drawn.top' of a package in ``tmp_path``, as a new process would see it."""
    package = tmp_path / "drawn"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "top.py").write_text(
        "def f():\n    from drawn.low import (\n        A,\n        B,\n    )\n    import numpy\n"
        'DRIVER = Path(__file__).with_name("driver.cpp")\nWORKER = "drawn.worker"\n'
    )
    for name in ("worker.py", "report.py"):
        (package / name).write_text("VALUE = 1\n")
    (package / "driver.cpp").write_text('#include "lanes.hpp"\n')
    (package / "lanes.hpp").write_text("int lanes;\n")
    kinds = package / "kinds"
    kinds.mkdir()
    (kinds / "__init__.py").write_text("KINDS = list(pkgutil.iter_modules(__path__))\n")
    (kinds / "dense.py").write_text("VALUE = 1\n")
    (package / "low.py").write_text("from drawn.kinds import KINDS\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(code, "PACKAGE", "drawn")

    def measured() -> str:
        _forget()
        return code.code_digest("drawn.top")

    yield measured
    monkeypatch.undo()
    _forget()


@pytest.mark.parametrize(
    "name", ["top.py", "low.py", "worker.py", "driver.cpp", "lanes.hpp", "kinds/dense.py"]
)
def test_code_that_a_module_uses_changes_its_digest(digest, tmp_path, name):
    before = digest()
    with open(tmp_path / "drawn" / name, "a") as stream:
        stream.write("\n")
    assert digest() != before


def test_code_that_a_module_does_not_use_leaves_its_digest(digest, tmp_path):
    before = digest()
    (tmp_path / "drawn" / "report.py").write_text("VALUE = 2\n")
    assert digest() == before


def test_a_stage_does_not_depend_on_what_reports_on_it():
    names = {path.parts[-2:] for path in code.sources("hexcoder.flow.asic.stage")}
    assert ("asic", "power.py") in names
    assert not any(room == "report" for room, _ in names)


def test_a_module_that_is_not_there_is_named():
    with pytest.raises(ValueError, match=r"'hexcoder.flow.nowhere' is no module that can be"):
        code.code_digest("hexcoder.flow.nowhere")
