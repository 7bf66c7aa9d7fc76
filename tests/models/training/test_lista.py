"""The decoder that recovers events through the encoder's own matrix."""

import numpy as np
import pytest
import torch

from hexcoder.config import Config, load_config
from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.models.decoder import ListaDecoder, load_decoder, save_decoder
from hexcoder.models.training.autoencoder import new_autoencoder
from hexcoder.models.training.autoencoding import Autoencoding
from hexcoder.models.training.loop import Trainer
from hexcoder.network.golden import evaluate
from hexcoder.sensor.front_end import normalise, sensor_image_order
from hexcoder.sensor.generator import generate_events

EVENTS = generate_events(200, seed=3)


def _config(layers: list[dict], **decoder) -> Config:
    values = load_config("configs/tiny.toml").model_dump(mode="json", exclude_none=True)
    values["network"]["layers"] = layers
    values["network"]["decoder"] = {"kind": "lista", "hidden": [12, 12], **decoder}
    return Config.model_validate(values)


FLATTEN = {"kind": "flatten", "name": "flatten"}
DENSE = {
    "kind": "dense", "name": "latent", "outputs": 6, "activation": "none",
    "output_type": "SQ(1,8)",
}  # fmt: skip
CONVOLUTION = {
    "kind": "conv2d", "name": "image", "filters": 2, "kernel": [2, 2], "stride": [2, 2],
    "padding": "valid", "activation": "none", "output_type": "SQ(2,8)",
}  # fmt: skip


@pytest.mark.parametrize("layers", [[FLATTEN, DENSE], [CONVOLUTION, FLATTEN]])
def test_the_decoder_knows_what_the_encoder_does(layers, tmp_path):
    config = _config(layers)
    encoder, decoder = new_autoencoder(config)
    assert isinstance(decoder, ListaDecoder)
    settings = config.training.model_copy(update={"epochs": 2, "average": 0.5})
    task = Autoencoding(encoder, decoder, settings, EVENTS[:150], EVENTS[150:])
    trainer = Trainer(task, settings, tmp_path)
    history = trainer.run()
    assert history[1].training_loss < history[0].training_loss
    network = encoder.freeze()
    order = sensor_image_order(network)
    assert order is not None
    latents = evaluate(network, normalise(EVENTS, network.input.type, order))
    step, type_ = network.output.type.step, network.input.type
    energies = normalise(EVENTS, type_, np.arange(48)) * type_.step
    # Latents are the matrix times the energies, but for their rounding and what saturates.
    linear = energies @ decoder.matrix.numpy().T + decoder.offset.numpy()
    inside = np.abs(latents) < 0.9 * network.output.type.maximum
    assert inside.mean() > 0.5
    assert np.abs(linear - latents * step)[inside].max() <= step


def test_it_is_read_back_with_the_matrix(tmp_path):
    torch.manual_seed(2)
    decoder = ListaDecoder(3, FixedPoint(True, 1, 4), (7, 5), ("sum",))
    decoder.knows(torch.randn(3, 48), torch.randn(3))
    path = tmp_path / "decoder.safetensors"
    save_decoder(decoder, path)
    again = load_decoder(path)
    latents = np.random.default_rng(1).integers(-16, 16, (9, 3))
    known = np.random.default_rng(2).random((9, 2))
    found = again.decode(latents, known)
    assert isinstance(again, ListaDecoder)
    assert np.array_equal(decoder.decode(latents, known), found)
    assert np.allclose(found.sum(axis=1), 1)
    assert found.min() >= 0


def test_an_encoder_that_is_not_linear_is_refused():
    relu = DENSE | {"activation": "relu", "output_type": "UQ(1,8)"}
    with pytest.raises(InputError, match=r"'network\.decoder\.kind' = 'lista'.*use 'mlp'"):
        new_autoencoder(_config([FLATTEN, relu]))
    with pytest.raises(InputError, match="'lista'"):
        new_autoencoder(_config([CONVOLUTION | {"name": "first"}, FLATTEN, DENSE]))
