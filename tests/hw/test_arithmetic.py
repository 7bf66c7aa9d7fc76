import numpy as np
import pytest
from amaranth.hdl import Module, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from hypothesis import given, settings
from hypothesis import strategies as st

from hexcoder.fixed_point import FixedPoint
from hw.adder import ShiftedAdder
from hw.quantise import Quantise, relu
from hw.shape import shape_of, shape_of_range
from tests.hw.circuits import outputs_of
from tests.networks import fixed_point_types

SHAPES = st.builds(
    lambda is_signed, width: signed(width) if is_signed else unsigned(width),
    st.booleans(),
    st.integers(1, 5),
)


def _range_of(shape):
    if shape.signed:
        return range(-(1 << shape.width - 1), 1 << shape.width - 1)
    return range(1 << shape.width)


@settings(max_examples=30)
@given(SHAPES, SHAPES, st.integers(0, 7), st.integers(0, 7), st.booleans())
def test_a_shifted_adder_is_exact_for_every_pair_of_operands(
    left, right, left_shift, right_shift, subtract
):
    pairs = [(a, b) for a in _range_of(left) for b in _range_of(right)]
    sign = -1 if subtract else 1
    expected = [(a << left_shift) + sign * (b << right_shift) for a, b in pairs]
    result = shape_of_range(min(expected), max(expected))
    adder = ShiftedAdder(left, right, left_shift, right_shift, subtract, result)
    found = outputs_of(adder, ({"left": a, "right": b} for a, b in pairs))
    assert found == expected


def test_a_negative_shift_is_refused():
    with pytest.raises(ValueError, match="not negative: got -1 and 0"):
        ShiftedAdder(unsigned(2), unsigned(2), -1, 0, False, unsigned(4))


@settings(max_examples=60)
@given(
    st.integers(-40, 40),
    st.integers(0, 80),
    st.integers(-3, 8),
    fixed_point_types(largest=7),
    st.booleans(),
)
def test_quantise_equals_clip_or_wrap_for_every_value_of_its_range(
    low, span, drop, target, saturate
):
    values = np.arange(low, low + span + 1)
    dropped = values >> drop if drop >= 0 else values << -drop
    if saturate:
        expected = np.clip(dropped, target.minimum, target.maximum)
    else:
        expected = (dropped - target.minimum) % (1 << target.width) + target.minimum
    component = Quantise(low, low + span, drop, target, saturate)
    assert outputs_of(component, ({"i": int(v)} for v in values)) == expected.tolist()


class _Relu(wiring.Component):
    def __init__(self, shape):
        super().__init__({"i": In(shape), "o": Out(unsigned(shape.width))})

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.o.eq(relu(self.i))
        return m


@pytest.mark.parametrize("shape", [signed(1), signed(5), unsigned(4)])
def test_relu_is_the_larger_of_the_value_and_zero(shape):
    values = list(_range_of(shape))
    found = outputs_of(_Relu(shape), ({"i": value} for value in values))
    assert found == [max(value, 0) for value in values]


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
