import numpy as np
import pytest
import torch

from hexcoder.config import Training
from hexcoder.fixed_point import FixedPoint
from hexcoder.models.decoder import Decoder, load_decoder, save_decoder
from hexcoder.models.encoder.quantised import QuantisedEncoder
from hexcoder.models.training.autoencoding import Autoencoding
from hexcoder.models.training.loop import Trainer
from hexcoder.models.training.losses import SinkhornLoss, TelescopeLoss
from hexcoder.sensor.generator import generate_events
from hexcoder.sensor.metrics import earth_movers_distance, telescope_loss
from tests.networks import sensor_network

EVENTS = generate_events(400, seed=3)


def _trainer(folder, epochs=4, **settings):
    torch.manual_seed(1)
    network = sensor_network()
    decoder = Decoder(3, network.output.type, (16,), ("sum",))
    chosen = Training(epochs=epochs, batch_size=64, **settings)
    encoder = QuantisedEncoder(network)
    task = Autoencoding(encoder, decoder, chosen, EVENTS[:300], EVENTS[300:])
    return Trainer(task, chosen, folder)


def test_a_killed_run_continues_to_the_very_same_weights(tmp_path):
    (tmp_path / "whole").mkdir()
    (tmp_path / "killed").mkdir()
    whole = _trainer(tmp_path / "whole")
    whole.run()

    def kill(epoch):
        if epoch.epoch == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _trainer(tmp_path / "killed").run(kill)
    continued = _trainer(tmp_path / "killed")
    seen = []
    continued.run(lambda epoch: seen.append(epoch.epoch))
    assert seen == [2, 3]
    assert continued.history == whole.history
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, continued.model.state_dict()[name]), name


def test_few_events_are_gone_through_more_often(tmp_path):
    # 300 events in batches of 64 are 5 steps an epoch.
    assert _trainer(tmp_path, epochs=4, least_steps=0).epochs == 4
    assert _trainer(tmp_path, epochs=4, least_steps=31).epochs == 7


@pytest.mark.parametrize("loss", ["telescope", "sinkhorn"])
def test_training_lowers_either_loss(tmp_path, loss):
    history = _trainer(tmp_path, epochs=8, loss=loss, learning_rate=1e-2).run()
    assert history[-1].held_out_loss < history[0].held_out_loss


def test_the_seed_decides_the_result(tmp_path):
    losses = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        (tmp_path / name).mkdir()
        losses.append(_trainer(tmp_path / name, epochs=2, seed=seed).run()[-1].training_loss)
    assert losses[0] == losses[1] != losses[2]


def test_augmentation_turns_image_and_target_together(tmp_path):
    task = _trainer(tmp_path).task
    turned = task._turned(task.training, torch.Generator().manual_seed(1))
    ratio = turned.normalised.sum(dim=1) / task.training.normalised.sum(dim=1)
    assert torch.allclose(ratio, torch.ones_like(ratio))
    hottest = task.training.fractions.argmax(dim=1) != turned.fractions.argmax(dim=1)
    assert hottest.any()
    before = (task.training.normalised * task.training.fractions).sum(dim=1)
    assert torch.allclose((turned.normalised * turned.fractions).sum(dim=1), before)


def _fractions(count, seed):
    values = np.random.default_rng(seed).random((count, 48)) ** 4
    return values / values.sum(axis=1, keepdims=True)


def test_the_telescope_loss_equals_the_metric():
    true, predicted = _fractions(20, 1), _fractions(20, 2)
    found = TelescopeLoss()(torch.tensor(true), torch.tensor(predicted)).item()
    assert found == pytest.approx(telescope_loss(true, predicted).mean(), rel=1e-9)


def test_a_sharp_sinkhorn_loss_comes_near_the_earth_movers_distance():
    true, predicted = _fractions(20, 1), _fractions(20, 2)
    loss = SinkhornLoss(blur=0.05, iterations=3000)
    found = loss(torch.tensor(true), torch.tensor(predicted)).item()
    assert found == pytest.approx(earth_movers_distance(true, predicted).mean(), rel=0.02)


def test_the_sinkhorn_gradient_is_that_of_the_regularised_cost():
    true = torch.tensor(_fractions(1, 1))
    logits = torch.tensor(np.random.default_rng(3).normal(size=(1, 48)), requires_grad=True)
    loss = SinkhornLoss(blur=0.5, iterations=400)
    loss(true, torch.softmax(logits, dim=1)).backward()

    def regularised(values):
        # The dual's value: the cost with the entropy that its gradient belongs to.
        predicted = torch.softmax(values, dim=1)
        kernel = torch.exp(-loss.cost / loss.blur)
        v = torch.ones_like(predicted)
        for _ in range(400):
            u = true / (v @ kernel)
            v = predicted / (u @ kernel)
        logs = torch.where(true > 0, true * torch.log(u), 0.0) + predicted * torch.log(v)
        return loss.blur * logs.sum()

    step = 1e-5
    for place in (0, 13, 47):
        shifted = []
        for sign in (1, -1):
            values = logits.detach().clone()
            values[0, place] += sign * step
            shifted.append(regularised(values).item())
        numeric = (shifted[0] - shifted[1]) / (2 * step)
        assert logits.grad[0, place].item() == pytest.approx(numeric, rel=1e-3, abs=1e-6)


def test_a_decoder_is_read_back_from_safetensors(tmp_path):
    decoder = Decoder(3, FixedPoint(False, 0, 2), (8, 8), ("sum",))
    save_decoder(decoder, tmp_path / "decoder.safetensors")
    latents = np.random.default_rng(1).integers(0, 100, (9, 3))
    again = load_decoder(tmp_path / "decoder.safetensors")
    known = np.random.default_rng(2).random((9, 2))
    assert np.array_equal(decoder.decode(latents, known), again.decode(latents, known))
    assert np.allclose(again.decode(latents, known).sum(axis=1), 1)
