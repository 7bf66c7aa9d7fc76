from itertools import product

import numpy as np
import pytest
from amaranth.hdl import Module, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from hypothesis import given, settings
from hypothesis import strategies as st

from hexcoder.fixed_point import FixedPoint
from hw.full_adder import FullAdder
from hw.quantise import Quantise, relu
from hw.shape import shape_of, shape_of_range
from tests.hw.circuits import outputs_of
from tests.networks import fixed_point_types


def _range_of(shape):
    if shape.signed:
        return range(-(1 << shape.width - 1), 1 << shape.width - 1)
    return range(1 << shape.width)


def test_a_full_adder_counts_its_ones():
    settings_ = [dict(zip("abc", bits, strict=True)) for bits in product((0, 1), repeat=3)]
    for weight, output in enumerate(("sum", "carry")):
        found = outputs_of(FullAdder(), settings_, output)
        assert found == [sum(bits.values()) >> weight & 1 for bits in settings_]


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
