from random import Random
from typing import get_args

import numpy as np
import pytest

from hexcoder.network.rounding import RoundingMode, rounded
from hexcoder.tb.certificate.symbolic import Diagrams, Inexpressible, range_of

FUNCTIONS = {
    **{mode: lambda x, mode=mode: rounded(x, 3, mode) for mode in get_args(RoundingMode)},
    "clip": lambda x: np.clip(x << 1, -9, 30),
    "wrap": lambda x: ((x + 16) & 31) - 16,
    "relu": lambda x: np.maximum(x - 7, 0),
    "limit": lambda x: np.minimum(x, np.where(x == 3, -3, 20)),
    "levels": lambda x: 5 - 3 * np.searchsorted(np.array([-20, -1, 4, 4, 30]), x, side="right"),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_of_a_symbolic_integer_is_that_of_each_integer(name):
    function, diagrams, random = FUNCTIONS[name], Diagrams(), Random(name)
    low = random.randint(-60, 0)
    values = np.arange(low, low + 90)
    word, inside = diagrams.words(low, low + 89)
    found = diagrams.word(function(word))
    assert diagrams.ends(word, inside) == (low, low + 89)
    for value, golden in zip(values.tolist(), function(values).tolist(), strict=True):
        here = np.where(word == value, 1, 0).bits[0]
        assert diagrams.ends(found, here) == (golden, golden)
    assert range_of(function, low, low + 89) == (function(values).min(), function(values).max())


def test_a_function_of_a_wide_integer_takes_few_nodes():
    def rounds(values):
        return np.clip(rounded(values, 11, "half_even"), -2000, 2000)

    assert range_of(rounds, -(1 << 50), 1 << 50) == (-2000, 2000)


def test_a_table_has_no_diagram():
    with pytest.raises(Inexpressible):
        range_of(lambda values: np.arange(9)[values - 3], 3, 7)
