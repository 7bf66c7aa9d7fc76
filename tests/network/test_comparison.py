import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hexcoder.metrics.difference import Difference
from hexcoder.network.comparison import Comparison, compare_layers


def compare(expected, actual, valid=None):
    return compare_layers("a and b", "core", {"y": expected}, {"y": actual}, valid)


@given(st.data(), st.integers(1, 12), st.integers(1, 4))
def test_planted_differences_are_counted_and_the_first_is_named(data, events, elements):
    planted = data.draw(
        st.dictionaries(
            st.tuples(st.integers(0, events - 1), st.integers(0, elements - 1)),
            st.integers(1, 9),
        )
    )
    expected = np.arange(events * elements).reshape(events, elements)
    actual = expected.copy()
    for place, change in planted.items():
        actual[place] += change
    found = compare(expected, actual)
    assert (found.vectors, found.mismatches) == (events, len({event for event, _ in planted}))
    assert found.passed == (not planted)
    if planted:
        event, element = min(planted)
        value = event * elements + element
        first = Difference(
            layer="y",
            element=element,
            event=event,
            expected=value,
            actual=value + planted[event, element],
        )
        assert found.first_mismatch == first
    else:
        assert found.first_mismatch is None


@given(st.lists(st.lists(st.booleans(), min_size=1, max_size=5), min_size=1, max_size=5))
def test_blocks_joined_are_what_the_whole_is(blocks):
    parts = []
    for block in blocks:
        wrong = np.array(block, dtype=np.int64)[:, None]
        parts.append(compare(np.zeros_like(wrong), wrong))
    whole = np.array([value for block in blocks for value in block], dtype=np.int64)[:, None]
    assert Comparison.joined(parts, follow=True) == compare(np.zeros_like(whole), whole).model_copy(
        update={"valid_errors": 0}
    )


def test_the_first_layer_of_the_first_event_that_differs_is_named():
    expected = {"conv": np.zeros((3, 2), int), "latent": np.zeros((3, 1), int)}
    actual = {"conv": np.array([[0, 0], [0, 0], [1, 0]]), "latent": np.array([[0], [4], [0]])}
    found = compare_layers("a and b", "", expected, actual)
    assert found.mismatches == 2
    assert (found.first_mismatch.layer, found.first_mismatch.event) == ("latent", 1)


def test_an_output_that_is_not_valid_differs_though_its_values_agree():
    found = compare(np.ones((4, 2), int), np.ones((4, 2), int), np.array([1, 1, 0, 1], bool))
    assert found.mismatches == 1
    assert found.line() == (
        "a and b: 1 of 4 vectors differ; first: layer 'out_valid', element 0, event 2: "
        "expected 1, got 0"
    )


def test_modules_are_counted_together_and_the_first_that_differs_is_named():
    right, wrong = np.zeros((5, 1), int), np.array([[0], [0], [7]])
    parts = [compare(right, right), compare(wrong * 0, wrong)]
    parts[1] = parts[1].model_copy(update={"module": "encoder"})
    found = Comparison.joined(parts, follow=False)
    assert (found.vectors, found.mismatches) == (8, 1)
    assert found.line() == (
        "a and b: 1 of 8 vectors differ; first: module 'encoder', layer 'y', element 0, event 2: "
        "expected 0, got 7"
    )


def test_errors_of_out_valid_alone_fail_and_are_said():
    found = Comparison(link="a and b", vectors=9, mismatches=0, valid_errors=3)
    assert not found.passed
    assert found.line() == "a and b: 0 of 9 vectors differ; out_valid is wrong in 3 clocks"


def test_json_has_the_keys_that_were_set_and_is_read_back():
    found = compare(np.zeros((2, 1), int), np.array([[0], [5]]))
    text = found.model_dump_json(exclude_unset=True)
    assert '"first_mismatch":{"layer":"y","element":0,"event":1,"expected":0,"actual":5}' in text
    assert "waveform" not in text
    assert Comparison.model_validate_json(text) == found
    assert found.line() == Comparison.model_validate_json(text).line()


def test_more_events_than_were_sent_are_not_said_to_be_some_of_them():
    found = Comparison(link="a and b", vectors=0, mismatches=1)
    assert found.line() == "a and b: 1 events differ or came when none was due"
