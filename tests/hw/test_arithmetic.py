from itertools import product

import pytest
from amaranth.hdl import signed, unsigned
from hypothesis import given
from hypothesis import strategies as st

from hexcoder.fixed_point import FixedPoint
from hexcoder.hw.full_adder import FullAdder
from hexcoder.hw.shape import shape_of, shape_of_range
from tests.hw.circuits import outputs_of


def _range_of(shape):
    if shape.signed:
        return range(-(1 << shape.width - 1), 1 << shape.width - 1)
    return range(1 << shape.width)


def test_a_full_adder_counts_its_ones():
    settings_ = [dict(zip("abc", bits, strict=True)) for bits in product((0, 1), repeat=3)]
    for weight, output in enumerate(("sum", "carry")):
        found = outputs_of(FullAdder(), settings_, output)
        assert found == [sum(bits.values()) >> weight & 1 for bits in settings_]


@given(st.integers(-(2**40), 2**40), st.integers(0, 2**40))
def test_the_shape_of_a_range_is_the_narrowest_that_holds_it(low, span):
    high = low + span
    shape = shape_of_range(low, high)
    assert shape.signed == (low < 0)
    assert low in _range_of(shape)
    assert high in _range_of(shape)
    if shape.width > 1:
        narrower = _range_of(type(shape)(shape.width - 1, shape.signed))
        assert low not in narrower or high not in narrower


def test_an_empty_range_has_no_shape():
    with pytest.raises(ValueError, match="empty range"):
        shape_of_range(1, 0)


@pytest.mark.parametrize(("text", "shape"), [("UQ(1,7)", unsigned(8)), ("SQ(1,5)", signed(6))])
def test_a_type_s_shape_has_its_width_and_sign(text, shape):
    assert shape_of(FixedPoint.parse(text)) == shape
