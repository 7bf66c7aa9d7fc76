from itertools import pairwise

import numpy as np
import pytest

from hexcoder.config import Coded
from hexcoder.models.codec.tables import count_codec, hilbert_paths
from hexcoder.sensor.baselines import best_choice, best_choice_for_bits
from hexcoder.sensor.codec.golden import decode, encode, encode_frames, plain_fractions
from hexcoder.sensor.generator import generate_events
from hexcoder.sensor.geometry import distances
from hexcoder.sensor.metrics import earth_movers_distance

EVENTS, OTHERS = generate_events(1500, seed=3), generate_events(150, seed=4)
SHAPES = {
    "cells": Coded(kind="coded"),
    "pairs": Coded(
        kind="coded", frame_bits=89, cells=2, direct=4, longest=6, word_bits=15, residue_bits=6
    ),
    "groups": Coded(
        kind="coded", frame_bits=57, cells=4, direct=2, longest=3, word_bits=16, residue_bits=8
    ),
}


def mean_emd(true, found):
    return float(np.nanmean(earth_movers_distance(true, found)))


def test_paths_go_from_neighbour_to_neighbour_through_each_quadrant():
    paths = hilbert_paths()
    assert sorted(cell for path in paths for cell in path) == list(range(48))
    for path in paths:
        assert len({cell // 16 for cell in path}) == 1
        steps = [distances()[a, b] for a, b in pairwise(path)]
        assert max(steps) < 2.1


@pytest.mark.parametrize(("name", "most"), [("cells", 0.055), ("pairs", 0.27), ("groups", 0.72)])
def test_a_counted_code_keeps_more_than_best_choice_at_equal_bits(name, most):
    codec = count_codec(name, SHAPES[name], EVENTS)
    received = decode(codec, encode_frames(codec, OTHERS))
    found = mean_emd(OTHERS, plain_fractions(codec, received))
    assert found < most
    if codec.frame_bits > 64:
        kept = best_choice(OTHERS, best_choice_for_bits(codec.frame_bits))
        assert found < 0.3 * mean_emd(OTHERS, kept)
    assert len(codec.modes) <= 16
    assert (encode(codec, OTHERS).used <= codec.payload_bits).mean() > 0.99


def test_the_same_events_give_the_same_code_and_limits_are_kept():
    shape = SHAPES["cells"].model_copy(update={"modes": 5, "steps": 3, "step_tables": 2})
    first = count_codec("one", shape, EVENTS[:600])
    assert first == count_codec("one", shape, EVENTS[:600])
    assert len(first.modes) <= 5
    assert len(first.steps) <= 3
    by_step = [(mode.shift, mode.factor) for mode in first.modes]
    assert max(by_step.count(step) for step in by_step) <= 2
    assert max(max(table) for table in first.tables) <= shape.word_bits


def test_a_frame_that_no_event_fits_is_refused():
    shape = SHAPES["cells"].model_copy(update={"frame_bits": 32})
    with pytest.raises(ValueError, match="no event fits a frame of 32 bits"):
        count_codec("none", shape, np.full((50, 48), 9))
