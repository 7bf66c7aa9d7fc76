"""Packing of events into lanes against words that Python's own integers give."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hexcoder.netlist.lanes import LANES
from hexcoder.netlist.streams import from_streams, to_streams


@st.composite
def cases(draw):
    widths = draw(st.lists(st.integers(1, 64), min_size=1, max_size=9))
    events = draw(st.integers(1, 200))
    steps = draw(st.integers(-(-events // LANES), events))
    seed = draw(st.integers(0, 100))
    numbers = np.random.default_rng(seed).integers(-(1 << 63), 1 << 63, (events, len(widths)))
    return widths, steps, numbers


@given(cases())
def test_every_lane_is_a_stream_of_consecutive_events(case):
    widths, steps, numbers = case
    words = to_streams(numbers, widths, steps)
    assert words.shape == (steps, sum(widths))
    for event, elements in enumerate(numbers.tolist()):
        lane, step = divmod(event, steps)
        pairs = zip(elements, widths, strict=True)
        bits = [value >> bit & 1 for value, width in pairs for bit in range(width)]
        assert [int(word) >> lane & 1 for word in words[step]] == bits
    # Lanes hold nothing but events.
    total = sum(int(word).bit_count() for word in words.ravel())
    masks = [(1 << width) - 1 for width in widths]
    assert total == sum(
        (value & mask).bit_count()
        for elements in numbers.tolist()
        for value, mask in zip(elements, masks, strict=True)
    )


@given(cases())
def test_streams_come_back_as_unsigned_codes(case):
    widths, steps, numbers = case
    back = from_streams(to_streams(numbers, widths, steps), widths, len(numbers))
    for column, width in enumerate(widths):
        wanted = [value % (1 << width) for value in numbers[:, column].tolist()]
        assert [value % (1 << 64) for value in back[:, column].tolist()] == wanted


def test_no_element_is_no_bit():
    words = to_streams(np.zeros((3, 0), int), (), 1)
    assert words.shape == (1, 0)
    assert from_streams(words, (), 3).shape == (3, 0)


def test_a_bit_in_another_lane_is_another_event():
    words = to_streams(np.arange(128)[:, None], (7,), 2)
    words[1, 0] ^= np.uint64(1 << 5)
    back = from_streams(words, (7,), 128)[:, 0]
    assert np.flatnonzero(back != np.arange(128)).tolist() == [5 * 2 + 1]
    assert back[11] == 11 ^ 1
