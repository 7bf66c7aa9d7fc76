"""Events to frames and back, from Python."""

from pathlib import Path

import numpy as np
import pytest

import hexcoder
from hexcoder.sensor.generator import generate_events
from tests.networks import sensor_network

WEIGHTS = Path(__file__).parents[2] / "configs" / "weights" / "econ_t"
CODEC = hexcoder.load_encoder(WEIGHTS / "network.json")
EVENTS = generate_events(20, seed=1)


def test_events_go_to_frames_and_come_back():
    frames = hexcoder.encode(CODEC, EVENTS)
    assert frames.shape == (20, 153)
    true = EVENTS / EVENTS.sum(axis=1, keepdims=True)
    for decoder in (None, WEIGHTS / "decoder.safetensors"):
        found = hexcoder.decode(CODEC, frames, decoder)
        assert np.allclose(found.sum(axis=1), 1)
        assert np.abs(found - true).sum(axis=1).mean() < 0.1


def test_a_network_s_frames_have_the_latents_and_the_sum():
    network = sensor_network()
    found = hexcoder.encode(network, EVENTS)
    assert found.shape == (20, int(np.prod(network.output.shape)) + 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: hexcoder.decode(CODEC, np.zeros((2, 152), int)), r"give \(n, 153\)"),
        (lambda: hexcoder.decode(CODEC, np.full((2, 153), 2)), "hold more than bits"),
        (lambda: hexcoder.decode(CODEC, np.full((2, 153), 0.5)), "hold more than bits"),
        (lambda: hexcoder.encode(CODEC, np.zeros((2, 47), int)), r"give integers \(n, 48\)"),
        (lambda: hexcoder.encode(CODEC, np.zeros((2, 48))), r"give integers \(n, 48\)"),
        (lambda: hexcoder.encode(CODEC, np.full((2, 48), 1 << 22)), "go beyond 22 bits"),
        (lambda: hexcoder.encode(CODEC, np.full((2, 48), -1)), "go beyond 22 bits"),
    ],
)
def test_what_is_no_frame_or_no_event_is_said_in_a_line(call, message):
    with pytest.raises(hexcoder.InputError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
