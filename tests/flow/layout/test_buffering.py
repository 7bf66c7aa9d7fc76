"""Which loads of an overloaded net go behind which buffer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexcoder.flow.layout.place.buffering import Load, buffered, load_of, split, taken

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


@given(LOADS, LOADS, st.floats(20, 300), st.floats(20, 300))
def test_a_placed_buffer_is_taken_where_both_limits_hold(loads, buffers, limit, most):
    driver = Load("d", "q", 500, 500, 0.0)
    found = taken([driver], loads, (limit, most), buffers, PER_UM)
    for number, buffer in enumerate(buffers[:8]):
        whole = load_of([driver, buffer], PER_UM) <= 0.9 * limit
        whole &= load_of([buffer._replace(farads=0), *loads], PER_UM) <= 0.9 * most
        assert found is not None or not whole or len(buffers) > 8, number
    if found is None:
        return
    buffer = buffers[found.buffer]
    rest = [load for load in loads if load not in found.loads]
    assert found.loads
    assert set(found.loads) <= set(loads)
    assert load_of([driver, *rest, buffer], PER_UM) <= limit
    assert load_of([buffer._replace(farads=0), *found.loads], PER_UM) <= most


def test_a_buffer_takes_the_loads_on_its_side():
    driver = Load("d", "q", 0, 0, 0.0)
    loads = [Load("near", "i", -50, 0, 5.0), Load("far", "i", 300, 0, 5.0)]
    buffer = Load("", "i", 150, 0, 5.0)
    found = taken([driver], loads, (70.0, 60.0), [buffer], PER_UM)
    assert found == (0, [loads[1]])
    assert taken([driver], loads, (20.0, 60.0), [buffer], PER_UM) is None
    # A net of an output port alone.
    assert taken([driver, loads[1]], [], (20.0, 60.0), [buffer], PER_UM) is None
