"""Shared terms of a matrix of constants, found by the compiled search beside this file.

Sums y = x @ matrix are rewritten with shared terms: a pattern a +- 2**s b that many sums hold is
added up once. Patterns are counted over every minimal signed-digit form of each coefficient (the
two-term subexpressions of Hartley, IEEE Trans. CAS II 43, 1996), in sums and in the definitions
of terms alike, and weighed in the area of full and half adders that the bits of the operands
need. After a greedy start the search undoes a few terms at a time, draws patterns in their places
at random, each kept if it gains, and mostly takes back what turned out worse (ruin and recreate,
Schrimpf et al. 2000, with simulated annealing).
"""

import os
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from hexcoder.compiled import compiled
from hexcoder.errors import InputError
from hexcoder.processes import child
from hexcoder.technology import Technology

_SOURCES = ("main.cpp", "anneal.hpp", "greedy.hpp", "sums.hpp", "digits.hpp")
_OPTIONS = ("-O3", "-std=c++17")

Terms = tuple[tuple[int, int], ...]
"""Operands of a sum: number and coefficient of each."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Sums of constants times inputs.

    Parameters
    ----------
    spans : tuple of int
        Greatest minus least value of each input.
    sums : tuple of Terms
        Inputs and coefficients of each sum.
    """

    spans: tuple[int, ...]
    sums: tuple[Terms, ...]

    def text(self) -> str:
        """The problem as the search reads it."""
        lines = [f"{len(self.spans)} {len(self.sums)}", " ".join(map(str, self.spans))]
        for terms in self.sums:
            numbers = [len(terms), *(number for term in terms for number in term)]
            lines.append(" ".join(map(str, numbers)))
        return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Solution:
    """The same sums with shared terms.

    Parameters
    ----------
    shared : tuple of Terms
        Term k has the number inputs + k; each reads only smaller numbers.
    sums : tuple of Terms
    """

    shared: tuple[Terms, ...]
    sums: tuple[Terms, ...]


def search_program() -> Path:
    """Path of the compiled search; compiled on first use and kept in the user's cache.

    Raises
    ------
    InputError
        If there is no C++ compiler, or it fails.
    """
    folder = Path(__file__).parent
    return compiled("share_search", [folder / name for name in _SOURCES], _OPTIONS)


def _rows(lines: list[str]) -> tuple[Terms, ...]:
    rows = []
    for line in lines:
        numbers = [int(word) for word in line.split()][1:]
        rows.append(tuple(zip(numbers[::2], numbers[1::2], strict=True)))
    return tuple(rows)


def solve(
    problems: Sequence[Problem],
    technology: Technology,
    effort: float = 1.0,
    seed: int = 1,
    progress: Callable[[int, float], None] = lambda problem, part: None,
) -> list[Solution]:
    """Find shared terms, all problems at once, as many at a time as there are cores.

    Parameters
    ----------
    problems : sequence of Problem
    technology : Technology
        Gives the areas of a full and a half adder.
    effort : float
        Length of the search after its greedy start, in units of a default run (up to minutes a
        problem); 0 for that start alone. Its work is counted, not timed.
    seed : int
    progress : callable
        Told the part of its budget that a problem has spent.

    Returns
    -------
    list of Solution
        The same for equal arguments.
    """
    program = search_program()

    def one(number: int) -> Solution:
        command = [
            str(program),
            str(technology.full_adder_um2),
            str(technology.half_adder_um2),
            str(effort),
            str(seed),
        ]
        return _run(command, problems[number], lambda part: progress(number, part))

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return list(pool.map(one, range(len(problems))))


def _run(command: list[str], problem: Problem, progress: Callable[[float], None]) -> Solution:
    with tempfile.TemporaryFile("w+") as given, tempfile.TemporaryFile("w+") as found:
        given.write(problem.text())
        given.seek(0)
        with child(
            command, stdin=given, stdout=found, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr is not None
            last = ""
            for line in process.stderr:
                last = line.strip()
                if line.startswith("progress"):
                    progress(float(line.split()[1]))
            process.wait()
        if process.returncode:
            raise InputError(f"the search for shared terms ended with {process.returncode}: {last}")
        found.seek(0)
        count, *lines = found.read().splitlines()
    return Solution(_rows(lines[: int(count)]), _rows(lines[int(count) :]))
