import subprocess

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hexcoder.digits import signed_digits
from hexcoder.errors import InputError
from hexcoder.gen.sharing.solver import Problem, search_program, solve
from hexcoder.pdk.technology import technology_of

MATRICES = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).integers(
        -(1 << seed % 11), (1 << seed % 11) + 1, (1 + seed % 5, 1 + seed // 5 % 6)
    )
)
"""Inputs by sums, coefficients of up to 11 bits."""


def _problem(matrix, span=255):
    sums = tuple(tuple((row, int(c)) for row, c in enumerate(column) if c) for column in matrix.T)
    return Problem((span,) * len(matrix), sums)


def _matrix(problem, solution):
    """The matrix that a solution computes: forms of its terms over the inputs."""
    inputs = len(problem.spans)
    forms = list(np.eye(inputs, dtype=np.int64))
    for terms in solution.shared:
        assert all(number < len(forms) for number, _ in terms)
        forms.append(sum(coefficient * forms[number] for number, coefficient in terms))
    zero = np.zeros(inputs, dtype=np.int64)
    return np.array([sum((c * forms[n] for n, c in terms), zero) for terms in solution.sums]).T


def _digits(solution):
    return sum(
        len(list(signed_digits(c)))
        for terms in (*solution.shared, *solution.sums)
        for _, c in terms
    )


@settings(max_examples=25)
@given(MATRICES, st.sampled_from([0.0, 0.5]))
def test_a_solution_computes_the_same_sums(matrix, effort):
    problem = _problem(matrix)
    [solution] = solve([problem], technology_of("nangate45"), effort)
    assert np.array_equal(_matrix(problem, solution), matrix)


def test_terms_of_several_sums_are_shared():
    matrix = np.array([[1, 1, 3], [1, 1, 3], [1, 2, 0]])
    problem = _problem(matrix)
    [solution] = solve([problem], technology_of("nangate45"), 0.0)
    assert ((0, 1), (1, 1)) in solution.shared
    assert np.array_equal(_matrix(problem, solution), matrix)


def test_the_search_gets_below_its_greedy_start():
    matrix = np.random.default_rng(1).integers(-31, 32, (24, 8))
    problem = _problem(matrix)
    greedy, searched = (
        solve([problem], technology_of("nangate45"), effort)[0] for effort in (0.0, 0.2)
    )
    assert _digits(searched) < _digits(greedy)


def test_equal_problems_have_equal_solutions():
    problem = _problem(np.random.default_rng(2).integers(-31, 32, (12, 6)))
    assert solve([problem], technology_of("nangate45"), 0.05) == solve(
        [problem], technology_of("nangate45"), 0.05
    )


def test_a_missing_compiler_is_named(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda program: None)
    with pytest.raises(InputError, match=r"program 'g\+\+' is not installed"):
        search_program()


def test_a_cache_that_cannot_be_written_is_named(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(InputError, match="cannot keep the compiled share_search"):
        search_program()


def test_a_cut_problem_is_an_error():
    done = subprocess.run(
        [search_program(), "4.0", "2.0", "0", "1"], input="3 1\n255 255", capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "the problem ends too early" in done.stderr
