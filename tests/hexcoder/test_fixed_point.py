import pytest
from hypothesis import given

from hexcoder.fixed_point import FixedPoint
from tests.networks import fixed_point_types


@pytest.mark.parametrize(
    ("text", "width", "minimum", "maximum", "step"),
    [
        ("UQ(1,7)", 8, 0, 255, 1 / 128),
        ("SQ(1,5)", 6, -32, 31, 1 / 32),
        ("SQ(4,0)", 4, -8, 7, 1.0),
        ("UQ(0,3)", 3, 0, 7, 1 / 8),
        ("UQ(5,-2)", 3, 0, 7, 4.0),
        ("SQ(-1,4)", 3, -4, 3, 1 / 16),
    ],
)
def test_range_and_step_follow_the_notation(text, width, minimum, maximum, step):
    type_ = FixedPoint.parse(text)
    assert (type_.width, type_.minimum, type_.maximum, type_.step) == (
        width,
        minimum,
        maximum,
        step,
    )


@given(fixed_point_types())
def test_notation_is_read_back_as_the_same_type(type_):
    assert FixedPoint.parse(str(type_)) == type_


@pytest.mark.parametrize("text", ["Q(1,7)", "UQ(1;7)", "UQ(1,7", "u8", "", "SQ(1.5,2)"])
def test_what_is_no_type_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match="for example SQ"):
        FixedPoint.parse(text)


@pytest.mark.parametrize("text", ["UQ(0,0)", "SQ(1,-1)", "UQ(30,3)"])
def test_types_without_bits_or_with_too_many_are_refused(text):
    with pytest.raises(ValueError, match="1 to 32 bits"):
        FixedPoint.parse(text)
