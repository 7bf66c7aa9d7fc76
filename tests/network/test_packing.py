import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hexcoder.network.packing import pack, signed_fields, unpack

WIDTHS = st.lists(st.integers(1, 62), min_size=1, max_size=40)


def _random(widths, count, seed):
    high = 1 << np.array(widths, dtype=np.int64)
    return np.random.default_rng(seed).integers(0, high, (count, len(widths)))


@given(WIDTHS, st.integers(0, 1000))
def test_field_k_stands_above_the_fields_before_it(widths, seed):
    values = _random(widths, 3, seed)
    for row, words in zip(values, pack(values, widths), strict=True):
        port, low = 0, 0
        for value, width in zip(row.tolist(), widths, strict=True):
            port |= value << low
            low += width
        assert int.from_bytes(words.astype("<u4").tobytes(), "little") == port


@given(WIDTHS, st.integers(0, 1000))
def test_unpack_undoes_pack(widths, seed):
    values = _random(widths, 5, seed)
    assert np.array_equal(unpack(pack(values, widths), widths), values)


@given(st.integers(1, 20), st.lists(st.integers(-500_000, 500_000), min_size=1, max_size=9))
def test_negative_values_come_back_from_two_s_complement(width, numbers):
    low, high = -(1 << width - 1), (1 << width - 1) - 1
    values = np.clip(np.array([numbers]), low, high)
    widths = [width] * len(numbers)
    raw = unpack(pack(values, widths), widths)
    assert np.array_equal(signed_fields(raw, width, True), values)
