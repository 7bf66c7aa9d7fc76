import os
import subprocess
import sys
from pathlib import Path

import pytest

from hexcoder import tools
from hexcoder.compiled import compiled
from hexcoder.errors import InputError

REAL = os.environ["PATH"]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    yield tmp_path / "cache" / "hexcoder"
    tools.tool_version.cache_clear()


def _source(folder: Path, answer: str = "VALUE") -> list[Path]:
    (folder / "value.hpp").write_text("#define VALUE 7\n")
    (folder / "main.cpp").write_text(f'#include "value.hpp"\nint main() {{ return {answer}; }}\n')
    return [folder / "main.cpp", folder / "value.hpp"]


def test_a_program_is_compiled_once_and_kept(tmp_path, cache):
    sources = _source(tmp_path)
    program = compiled("answer", sources, ["-O1"])
    assert subprocess.run([program], check=False).returncode == 7
    before = program.stat().st_mtime_ns
    assert compiled("answer", sources, ["-O1"]) == program
    assert program.stat().st_mtime_ns == before
    assert [path.name for path in cache.iterdir()] == [program.name]


def test_what_it_is_made_of_names_the_file(tmp_path, monkeypatch):
    sources = _source(tmp_path)
    first = compiled("answer", sources, ["-O1"])
    other_options = compiled("answer", sources, ["-O2"])
    sources[1].write_text("#define VALUE 8\n")
    other_header = compiled("answer", sources, ["-O1"])
    assert subprocess.run([other_header], check=False).returncode == 8
    monkeypatch.setattr("platform.machine", lambda: "pdp11")
    other_machine = compiled("answer", sources, ["-O1"])
    assert len({first, other_options, other_header, other_machine}) == 4


def test_another_version_of_the_compiler_compiles_again(tmp_path, monkeypatch):
    sources = _source(tmp_path)
    shim = tmp_path / "bin" / "g++"
    shim.parent.mkdir()
    monkeypatch.setenv("PATH", f"{shim.parent}:{REAL}")
    programs = set()
    for version in ("g++ 12.2.0", "g++ 13.1.0"):
        shim.write_text(
            f'#!/bin/sh\n[ "$1" = --version ] && echo "{version}" && exit\n'
            f'PATH={REAL} exec g++ "$@"\n'
        )
        shim.chmod(0o755)
        tools.tool_version.cache_clear()
        programs.add(compiled("answer", sources, ["-O1"]))
    assert len(programs) == 2


def test_the_suffix_stays_at_the_end(tmp_path):
    library = compiled("answer.so", _source(tmp_path), ["-shared", "-fPIC"])
    assert library.name.startswith("answer-")
    assert library.suffix == ".so"


def test_a_failing_compiler_is_one_line_with_its_log(tmp_path, cache):
    with pytest.raises(InputError, match=r"failed with status 1: .*nonsense.*\.log\)") as error:
        compiled("answer", _source(tmp_path, "nonsense"), ["-O1"])
    assert "\n" not in str(error.value)
    assert "nonsense" in next(cache.glob("*.log")).read_text()


def test_a_cache_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(InputError, match="cannot keep the compiled answer"):
        compiled("answer", _source(tmp_path), ["-O1"])


def test_a_missing_compiler_says_how_to_get_it(tmp_path, monkeypatch):
    sources = _source(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"apt-get install g\+\+"):
        compiled("answer", sources, ["-O1"])


def test_several_processes_may_compile_the_same_at_once(tmp_path, cache):
    sources = [str(path) for path in _source(tmp_path)]
    code = (
        "import sys; from pathlib import Path; from hexcoder.compiled import compiled; "
        "print(compiled('answer', [Path(a) for a in sys.argv[1:]], ['-O1']))"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code, *sources], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    programs = {process.communicate()[0] for process in running}
    assert [process.returncode for process in running] == [0] * 4
    assert len(programs) == 1
    assert len(list(cache.iterdir())) == 1
