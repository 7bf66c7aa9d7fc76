"""C++ that is compiled on first use and kept in the user's cache."""

import ctypes
import hashlib
import os
import platform
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hexcoder.cache import cache_folder
from hexcoder.errors import InputError
from hexcoder.tools import require, run_logged, tool_version


def compiled(name: str, sources: Sequence[Path], options: Sequence[str]) -> Path:
    """Path of a program or shared library; compiled unless the cache holds it.

    The file's name covers sources, compiler, its version, options and architecture: machines that
    share a home do not get each other's. Options must not ask for what the machine at hand has
    beyond its architecture (``-march=native``): another one may stop at such an instruction.

    Parameters
    ----------
    name : str
        File name to which the digest is added before its suffix.
    sources : sequence of Path
        The first is compiled; the others are what it includes.
    options : sequence of str
        Of the compiler.

    Raises
    ------
    InputError
        If there is no C++ compiler, it fails, or the cache cannot be written.
    """
    compiler = shutil.which("c++") if shutil.which("g++") is None else None
    compiler = compiler or require("g++", "on Debian: apt-get install g++")
    making = (compiler, tool_version(compiler, "--version"), platform.machine(), *options)
    digest = hashlib.sha256(repr(making).encode())
    for source in sources:
        digest.update(source.read_bytes())
    suffix = Path(name).suffix
    path = cache_folder() / f"{name.removesuffix(suffix)}-{digest.hexdigest()[:16]}{suffix}"
    if path.is_file():
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            # The log of a failure stays; another process may compile the same meanwhile.
            partial, log = Path(folder) / path.name, path.with_suffix(f".{os.getpid()}.log")
            run_logged([compiler, *options, sources[0], "-o", partial], log)
            log.unlink(missing_ok=True)
            # Two processes may get to this line at once: either one's file will do.
            partial.replace(path)
    except OSError as error:
        raise InputError(f"{path.parent}: cannot keep the compiled {name}: {error}") from None
    return path


def shared_library(source: Path) -> ctypes.CDLL:
    """A compiled file of C++ whose functions are called from here."""
    options = ["-O3", "-std=c++20", "-fPIC", "-shared"]
    return ctypes.CDLL(str(compiled(f"{source.stem}.so", [source], options)))


def pointer(array: np.ndarray | None) -> ctypes.c_void_p | None:
    """An array as such a function takes it."""
    return None if array is None else array.ctypes.data_as(ctypes.c_void_p)
