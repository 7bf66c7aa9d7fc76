import numpy as np
import pytest
import torch
from hypothesis import given

from hexcoder.config import load_config
from hexcoder.models.encoder.agreement import compare_with_torch, load_encoder, save_encoder
from hexcoder.models.encoder.quantised import QuantisedEncoder
from hexcoder.models.encoder.untrained import untrained_network
from hexcoder.models.layers.quantisers import quantise_values, quantise_weights
from hexcoder.network.golden import layer_outputs
from tests.networks import WEIGHTED, inputs_of, networks, sensor_network


@given(networks(kinds=WEIGHTED))
def test_torch_equals_the_golden_model_in_every_layer_of_any_network(network):
    inputs = inputs_of(network, 40)
    golden = layer_outputs(network, inputs)
    found = QuantisedEncoder(network).layer_integers(inputs)
    assert all(np.array_equal(golden[name], found[name]) for name in golden)


@given(networks(kinds=WEIGHTED))
def test_freezing_gives_back_the_integers_that_it_was_made_from(network):
    assert QuantisedEncoder(network).freeze() == network


def test_a_changed_weight_is_caught_with_its_layer_named():
    network = sensor_network()
    encoder = QuantisedEncoder(network)
    layers = list(network.layers)
    weights = [row[:] for row in layers[2].weights]
    weights[1][4] ^= 1
    layers[2] = layers[2].model_copy(update={"weights": weights})
    changed = network.model_copy(update={"layers": tuple(layers)})
    events = np.zeros((0, 48), dtype=int)
    assert compare_with_torch(network, encoder, events, 500, 1).passed
    verdict = compare_with_torch(changed, encoder, events, 500, 1)
    assert verdict.mismatches > 0
    assert (verdict.first_mismatch.layer, verdict.first_mismatch.element) == ("latent", 1)


def test_a_changed_type_is_caught_with_its_layer_named():
    network = sensor_network()
    encoder = QuantisedEncoder(network)
    layers = list(network.layers)
    layers[0] = layers[0].model_copy(update={"rounding": "round_half_up"})
    changed = network.model_copy(update={"layers": tuple(layers)})
    verdict = compare_with_torch(changed, encoder, np.zeros((0, 48), dtype=int), 500, 1)
    assert verdict.first_mismatch.layer == "conv"


def test_an_encoder_is_read_back_from_safetensors(tmp_path):
    network = sensor_network()
    encoder = QuantisedEncoder(network)
    save_encoder(encoder, tmp_path / "encoder.safetensors")
    assert load_encoder(tmp_path / "encoder.safetensors", network).freeze() == network


@pytest.mark.parametrize(("value", "gradient"), [(0.3, 1.0), (5.0, 0.0), (-0.1, 0.0)])
def test_gradients_pass_inside_the_range_and_stop_where_a_value_saturates(value, gradient):
    from hexcoder.fixed_point import FixedPoint

    values = torch.tensor([value], requires_grad=True)
    quantise_values(values, FixedPoint.parse("UQ(1,3)"), "floor", "saturate").sum().backward()
    assert values.grad.item() == gradient


def test_weights_round_to_the_nearest_step():
    from hexcoder.fixed_point import FixedPoint

    found = quantise_weights(torch.tensor([0.1, 0.3, -2.0, 0.99]), FixedPoint.parse("SQ(1,2)"))
    assert found.tolist() == [0.0, 0.25, -1.0, 0.75]


def test_the_benchmark_network_has_2288_parameters():
    network = untrained_network(load_config("configs/econ_t_benchmark.toml"), 1)
    assert network.parameters() == 2288
    assert network.output.shape == (16,)
