"""Bits that arrive wrong."""

import numpy as np
import pytest

from hexcoder.config import Coded
from hexcoder.models.codec.tables import count_codec
from hexcoder.models.evaluation.physics import Flips, evaluate_events
from hexcoder.sensor.generator import generate_events

EVENTS = generate_events(300, seed=5)


@pytest.mark.parametrize("bits", [0, 1, 3])
def test_so_many_bits_behind_the_head_are_flipped_in_each_frame(bits):
    frames = np.random.default_rng(1).integers(0, 2, (50, 40)).astype(np.uint8)
    found = Flips(bits, 2).of(frames, 9)
    assert ((found != frames).sum(axis=1) == bits).all()
    assert (found[:, :9] == frames[:, :9]).all()
    assert (found == Flips(bits, 2).of(frames, 9)).all()
    if bits:
        assert (found != Flips(bits, 3).of(frames, 9)).any()


def test_a_wrong_bit_costs_a_code_much_and_none_costs_nothing():
    codec = count_codec("code", Coded(kind="coded"), EVENTS)
    right, wrong = (
        evaluate_events(codec, None, EVENTS[:80], flips=Flips(bits)).physics for bits in (0, 1)
    )
    assert right == evaluate_events(codec, None, EVENTS[:80]).physics
    assert right.emd_mean is not None
    assert wrong.emd_mean is not None
    assert wrong.emd_mean > 5 * right.emd_mean
