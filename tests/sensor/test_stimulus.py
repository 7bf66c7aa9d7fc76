import numpy as np

from hexcoder.network.golden import layer_outputs
from hexcoder.network.modules import Stimulus
from hexcoder.sensor.stimulus import Encoder, EncoderCore
from tests.networks import sensor_network

EVENTS = np.random.default_rng(1).integers(0, 3000, (7, 48))


def test_core_vectors_hold_edges_events_and_random_tensors_within_the_type():
    network = sensor_network()
    blocks = list(EncoderCore(network).stimulus(Stimulus(1, 40_000, EVENTS)))
    kinds = [block.kind for block in blocks]
    assert kinds == ["edge", "event", "random", "random", "random"]
    inputs = np.concatenate([block.inputs for block in blocks])
    assert inputs.min() == 0
    assert inputs.max() == 63
    assert sum(len(block.inputs) for block in blocks if block.kind == "random") == 40_000
    assert {tuple(row) for row in np.eye(48, dtype=int) * 63} <= {
        tuple(r) for r in blocks[0].inputs
    }


def test_vectors_are_the_same_for_the_same_seed_and_others_for_another():
    network = sensor_network()
    first, again, other = (
        np.concatenate([b.inputs for b in EncoderCore(network).stimulus(Stimulus(seed, 100))])
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_encoder_vectors_cover_every_power_of_two_and_empty_events():
    blocks = list(Encoder(sensor_network()).stimulus(Stimulus(1, 500, EVENTS)))
    inputs = np.concatenate([block.inputs for block in blocks])
    sums = inputs.sum(axis=1)
    assert (sums == 0).any()
    assert set(range(1, 29)) <= {int(total).bit_length() for total in sums}
    assert inputs.max() == 2**22 - 1


def test_what_is_expected_inside_of_the_encoder_ends_in_what_comes_out():
    network = sensor_network()
    layers = Encoder(network).golden_layers(EVENTS)
    assert list(layers) == ["front_end", "conv", "flatten", "latent", "sum_code"]
    frame = Encoder(network).golden(EVENTS)
    assert np.array_equal(layers["latent"] & 127, frame[:, :-1])
    inner = layer_outputs(network, layers["front_end"])
    assert all(np.array_equal(inner[name], layers[name]) for name in inner)
