"""Which loads of an overloaded net go behind which buffer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexcoder.flow.layout.place.buffering import Load, buffered, load_of, split

PER_UM = 0.25
LOADS = st.lists(
    st.tuples(st.floats(0, 1000), st.floats(0, 1000), st.floats(0, 10)), min_size=1, max_size=30
).map(lambda rows: [Load(f"u{n}", "i", *row) for n, row in enumerate(rows)])


@given(LOADS, st.floats(5, 300))
def test_groups_hold_every_load_once_and_keep_the_limit(loads, limit):
    groups = split(loads, limit, PER_UM)
    assert sorted(load for group in groups for load in group) == sorted(loads)
    for group in groups:
        assert len(group) == 1 or load_of(group, PER_UM) <= limit


def test_loads_that_are_near_to_each_other_share_a_buffer():
    left = [Load(f"l{n}", "i", n, 0, 5.0) for n in range(4)]
    right = [Load(f"r{n}", "i", 900 + n, 0, 5.0) for n in range(4)]
    found = buffered("n", [*left, *right], 20.0, 100.0, PER_UM)
    assert found is not None
    names = [sorted(instance for instance, _ in group) for group in found.groups]
    assert names == [["l0", "l1", "l2", "l3"], ["r0", "r1", "r2", "r3"]]
    assert found.port == -1


def test_the_group_of_a_port_is_known():
    loads = [Load("u", "i", 0, 0, 5.0), Load("", "", 900, 0, 0.0)]
    found = buffered("y(3)", loads, 20.0, 100.0, PER_UM)
    assert found == ("y(3)", [[("u", "i")], []], 1)


@pytest.mark.parametrize(("count", "groups"), [(1, None), (2, 2), (5, 2)])
def test_a_driver_as_strong_as_a_buffer_is_split_or_left(count, groups):
    loads = [Load(f"u{n}", "i", n, 0, 150.0 / count) for n in range(count)]
    found = buffered("n", loads, 120.0, 100.0 if count > 1 else 200.0, PER_UM)
    if count == 1:
        found = buffered("n", loads, 120.0, 120.0, PER_UM)
    assert (found and len(found.groups)) == groups
