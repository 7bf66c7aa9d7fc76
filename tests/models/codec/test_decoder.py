import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from hexcoder.errors import InputError
from hexcoder.models.codec.decoder import (
    FEATURES,
    METADATA_KEY,
    CodecDecoder,
    decoded_fractions,
    load_codec_decoder,
    save_codec_decoder,
)
from hexcoder.models.training.losses import ExactLoss
from hexcoder.sensor.codec.golden import decode, encode_frames
from hexcoder.sensor.metrics import earth_movers_distance
from tests.codecs import random_codec, small_events


def test_a_decoder_gives_fractions_and_knows_empty_events(tmp_path):
    torch.manual_seed(0)
    codec, decoder = random_codec(1), CodecDecoder((8, 6))
    received = decode(codec, encode_frames(codec, small_events(30, 2)))
    found = decoded_fractions(codec, decoder, received)
    assert np.allclose(found.sum(axis=1), received.sums > 0)
    assert (found >= 0).all()
    path = tmp_path / "decoder.safetensors"
    save_codec_decoder(decoder, path)
    assert (decoded_fractions(codec, load_codec_decoder(path), received) == found).all()


def test_random_frames_are_decoded_within_range():
    codec, decoder = random_codec(2), CodecDecoder((8,))
    frames = np.random.default_rng(0).integers(0, 2, (200, codec.frame_bits))
    found = decoded_fractions(codec, decoder, decode(codec, frames))
    assert np.isfinite(found).all()
    assert ((found >= 0) & (found <= 1)).all()


def test_no_frames_are_decoded_to_none():
    codec = random_codec(2)
    received = decode(codec, np.zeros((0, codec.frame_bits), np.uint8))
    assert decoded_fractions(codec, CodecDecoder((4,)), received).shape == (0, 48)


@pytest.mark.parametrize(
    ("shape", "tensors", "message"),
    [
        (None, {"a": (1,)}, "not a decoder of a codec"),
        ({"hidden": [4]}, {"layers.0.weight": (9, FEATURES)}, r"must have shape \[4, 150\]"),
        ({"hidden": [10**9]}, {"layers.0.weight": (4, 4)}, "hidden"),
    ],
)
def test_what_is_no_decoder_is_said_in_a_line(tmp_path, shape, tensors, message):
    path = tmp_path / "decoder.safetensors"
    metadata = {} if shape is None else {METADATA_KEY: json.dumps(shape)}
    save_file({name: torch.zeros(size) for name, size in tensors.items()}, path, metadata)
    with pytest.raises(InputError, match=message) as caught:
        load_codec_decoder(path)
    assert "\n" not in str(caught.value)


def test_the_exact_loss_is_the_metric_and_its_gradient_points_downhill():
    random = np.random.default_rng(1)
    true, found = random.random((2, 6, 48)) * (random.random((2, 6, 48)) < 0.3)
    true, found = (x / x.sum(axis=1, keepdims=True) for x in (true, found + 1e-4))
    predicted = torch.tensor(found, requires_grad=True)
    loss = ExactLoss()(torch.tensor(true), predicted)
    assert loss.item() == pytest.approx(earth_movers_distance(true, found).mean())
    loss.backward()
    assert predicted.grad is not None
    moved = found - 1e-4 * predicted.grad.numpy()
    moved = np.maximum(moved, 0)
    less = earth_movers_distance(true, moved / moved.sum(axis=1, keepdims=True)).mean()
    assert less < loss.item()
