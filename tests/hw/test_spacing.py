from hypothesis import given
from hypothesis import strategies as st

from hexcoder.hw.spacing import Spacing, Waiting
from tests.hw.circuits import outputs_of

intervals = st.integers(1, 5)


def _taken(valid, interval):
    """Clocks of the events that are let through."""
    taken = []
    for clock, is_event in enumerate(valid):
        if is_event and (not taken or clock - taken[-1] >= interval):
            taken.append(clock)
    return taken


@given(st.lists(st.booleans(), max_size=30), intervals)
def test_events_pass_where_they_come_no_sooner_than_the_interval(valid, interval):
    found = outputs_of(Spacing(interval), [{"i": v} for v in valid], clocked=True)
    assert [clock for clock, passes in enumerate(found) if passes] == _taken(valid, interval)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 15)), max_size=30), intervals, st.data())
def test_what_comes_with_an_event_is_there_the_clocks_later(inputs, interval, data):
    clocks = data.draw(st.integers(1, 7))
    taken = _taken([is_event for is_event, _ in inputs], interval)
    settings = [{"valid": clock in taken, "i": value} for clock, (_, value) in enumerate(inputs)]
    found = outputs_of(
        Waiting(4, clocks, interval), settings + [{"valid": 0}] * clocks, clocked=True
    )
    assert [found[clock + clocks] for clock in taken] == [inputs[clock][1] for clock in taken]
