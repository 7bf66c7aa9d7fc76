import heapq
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexcoder.sensor.codec.prefix import (
    canonical_words,
    is_complete,
    limited_lengths,
    reading_table,
)

WEIGHTS = st.lists(st.floats(1e-3, 1e3), min_size=2, max_size=40)


def huffman_cost(weights: list[float]) -> float:
    """Sum of weight times length of Huffman's code, by its merges."""
    heap = list(weights)
    heapq.heapify(heap)
    cost = 0.0
    while len(heap) > 1:
        merged = heapq.heappop(heap) + heapq.heappop(heap)
        cost += merged
        heapq.heappush(heap, merged)
    return cost


@given(WEIGHTS)
def test_without_a_limit_that_matters_lengths_cost_as_much_as_huffman_s(weights):
    lengths = limited_lengths(np.array(weights), 39)
    assert is_complete(lengths)
    assert np.dot(lengths, weights) == pytest.approx(huffman_cost(weights))


@given(WEIGHTS, st.integers(0, 3))
def test_no_word_is_longer_than_the_limit_and_no_exchange_is_better(weights, spare):
    limit = (len(weights) - 1).bit_length() + spare
    lengths = limited_lengths(np.array(weights), limit)
    assert is_complete(lengths)
    assert max(lengths) <= limit
    # A more frequent symbol never has the longer word.
    ordered = sorted(zip(weights, lengths, strict=True))
    assert all(b[1] <= a[1] for a, b in pairwise(ordered) if a[0] < b[0])


def test_the_best_limited_code_of_a_small_example_is_found_by_trying_all():
    weights = np.array([1.0, 1.0, 2.0, 3.0, 9.0])
    every = np.stack(np.meshgrid(*[range(1, 4)] * 5), axis=-1).reshape(-1, 5)
    best = min(float(weights @ row) for row in every if is_complete(row.tolist()))
    assert weights @ limited_lengths(weights, 3) == best


def test_too_many_symbols_for_a_limit_are_refused():
    with pytest.raises(ValueError, match="no code of 5 symbols has words of at most 2 bits"):
        limited_lengths(np.ones(5), 2)


@pytest.mark.parametrize(
    ("lengths", "complete"),
    [([1, 2, 2], True), ([1, 2, 3], False), ([1, 1, 2], False), ([1], False)],
)
def test_completeness_is_kraft_s_sum_of_one(lengths, complete):
    assert is_complete(lengths) is complete


@given(WEIGHTS)
def test_words_are_in_order_and_none_begins_another(weights):
    lengths = limited_lengths(np.array(weights), 12)
    words = [format(w, f"0{n}b") for w, n in zip(canonical_words(lengths), lengths, strict=True)]
    assert sorted(words) == [
        words[k] for k in sorted(range(len(words)), key=lambda k: (lengths[k], k))
    ]
    assert not any(a != b and b.startswith(a) for a in words for b in words)
    symbols, taken = reading_table(lengths, 12)
    for symbol, word in enumerate(words):
        ahead = int(word.ljust(12, "1"), 2)
        assert (symbols[ahead], taken[ahead]) == (symbol, len(word))
