"""Events in words, through Amaranth's simulator."""

import random

import pytest
from amaranth.sim import Simulator
from hypothesis import given
from hypothesis import strategies as st

from hexcoder.hw.shuttle.words import WordInput, WordOutput, words_of

BITS = st.integers(1, 40)
WORDS = st.sampled_from([1, 3, 8, 32])


def run(component, bench):
    simulator = Simulator(component)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


def split(event, count, bits):
    return [event >> bits * place & (1 << bits) - 1 for place in range(count)]


@given(BITS, WORDS, st.integers())
def test_events_are_gathered_whatever_the_gaps_and_the_holds(event_bits, word_bits, seed):
    draw = random.Random(seed)
    part = WordInput(event_bits, word_bits)
    events = [draw.getrandbits(event_bits) for _ in range(8)]
    queue = [word for event in events for word in split(event, part.words, word_bits)]
    seen = []

    async def bench(context):
        place = 0
        for _ in range(2000):
            hold, strobe = draw.random() < 0.3, draw.random() < 0.7 and bool(queue)
            context.set(part.hold, hold)
            context.set(part.strobe, strobe)
            context.set(part.word, queue[0] if strobe else draw.getrandbits(word_bits))
            ready = context.get(part.ready)
            assert ready == (not (hold and place == part.words - 1))
            if strobe and ready:
                queue.pop(0)
                place = (place + 1) % part.words
            await context.tick()
            if context.get(part.event_valid):
                seen.append(context.get(part.event))
            else:
                assert context.get(part.event) == 0
            if not queue:
                break

    run(part, bench)
    assert seen == events


def test_start_drops_what_was_gathered():
    part = WordInput(24, 8)
    seen = []

    async def bench(context):
        context.set(part.strobe, 1)
        for word, start in ((1, 0), (2, 0), (3, 1), (4, 0), (5, 0), (6, 0)):
            context.set(part.word, word)
            context.set(part.start, start)
            await context.tick()
            if context.get(part.event_valid):
                seen.append(context.get(part.event))

    run(part, bench)
    assert seen == [0x050403]


@given(BITS, WORDS, st.integers())
def test_answers_are_handed_out_as_they_are_taken(event_bits, word_bits, seed):
    draw = random.Random(seed)
    part = WordOutput(event_bits, word_bits)
    events = [draw.getrandbits(event_bits) for _ in range(6)]
    expected = [
        (word, place == 0)
        for event in events
        for place, word in enumerate(split(event, part.words, word_bits))
    ]
    seen = []

    async def bench(context):
        waiting = list(events)
        while waiting or context.get(part.valid):
            take = draw.random() < 0.6
            is_free = not context.get(part.valid)
            context.set(part.take, take)
            context.set(part.event_valid, is_free and bool(waiting))
            context.set(part.event, waiting.pop(0) if is_free and waiting else 0)
            if take and not is_free:
                seen.append((context.get(part.word), bool(context.get(part.first))))
            await context.tick()

    run(part, bench)
    assert seen == expected


def test_an_answer_takes_the_place_of_words_that_are_left():
    part = WordOutput(16, 8)

    async def bench(context):
        for event in (0x1122, 0x3344):
            context.set(part.event_valid, 1)
            context.set(part.event, event)
            await context.tick()
        context.set(part.event_valid, 0)
        assert (context.get(part.word), context.get(part.first)) == (0x44, 1)

    run(part, bench)


def test_an_event_without_bits_is_refused():
    for bits in ((0, 8), (8, 0)):
        with pytest.raises(ValueError, match="have bits: got"):
            words_of(*bits)
