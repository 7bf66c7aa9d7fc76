import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hexcoder.config import Pruning, Teacher, Training
from hexcoder.digits import digit_count
from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.models.decoder import Decoder, save_decoder
from hexcoder.models.encoder.agreement import save_encoder
from hexcoder.models.encoder.hardware_cost import adder_bits
from hexcoder.models.encoder.quantised import Precision, QuantisedEncoder
from hexcoder.models.layers.pruning import sparsity_at
from hexcoder.models.layers.quantisers import (
    digit_table,
    few_digit_weights,
    learned_values,
    learned_weights,
)
from hexcoder.models.training.autoencoding import Autoencoding
from hexcoder.models.training.loop import Trainer
from hexcoder.models.training.teacher import load_teacher
from hexcoder.network.golden import layer_outputs
from hexcoder.network.schema import save_network
from hexcoder.sensor.generator import generate_events
from tests.networks import WEIGHTED, inputs_of, networks, sensor_network

EVENTS = generate_events(300, seed=3)


def _disturbed(network, seed):
    """An encoder whose learned widths lie anywhere, also beyond their bounds."""
    encoder = QuantisedEncoder(network, Precision(True, True, True))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in encoder.named_parameters():
            if name.endswith("_bits"):
                value += 4 * torch.randn(value.shape, generator=generator) - 2
    return encoder


@given(networks(kinds=WEIGHTED), st.integers(0, 1000))
def test_learned_widths_mean_the_same_in_torch_and_in_the_frozen_network(network, seed):
    encoder = _disturbed(network, seed)
    frozen = encoder.freeze()
    inputs = inputs_of(network, 20, seed)
    expected = layer_outputs(frozen, inputs)
    for name, found in encoder.layer_integers(inputs).items():
        assert np.array_equal(found, expected[name]), name


def test_a_learned_width_rounds_to_its_own_step_and_has_the_slope_of_its_error():
    type_ = FixedPoint.parse("SQ(1,5)")
    values = torch.tensor([0.30, 0.30, -0.99, 0.20])
    bits = torch.tensor([5.0, 2.4, 1.0, -1.0], requires_grad=True)
    rounded = learned_weights(values, bits, type_)
    assert rounded.tolist() == pytest.approx([10 / 32, 0.25, -1.0, 0.0])
    rounded.sum().backward()
    assert bits.grad.tolist() == pytest.approx((np.log(2) * (values - rounded.detach())).tolist())


def test_no_learned_width_leaves_the_type():
    type_ = FixedPoint.parse("SQ(1,5)")
    values = torch.linspace(-2, 2, 401).repeat(8, 1)
    bits = torch.arange(-2.0, 6.0)[:, None].expand_as(values)
    integers = learned_weights(values, bits, type_) / type_.step
    assert torch.equal(integers, integers.round())
    assert type_.minimum <= integers.min() <= integers.max() <= type_.maximum


def test_saturated_channels_pass_no_gradient_to_their_width():
    target = FixedPoint.parse("UQ(1,5)")
    bits = torch.tensor([2.0, 2.0], requires_grad=True)
    out = learned_values(torch.tensor([[0.6, 9.0]]), bits, target, "floor", "saturate")
    assert out.tolist() == [[0.5, 1.75]]
    out.sum().backward()
    assert bits.grad[0] == pytest.approx(np.log(2) * 0.1, rel=1e-5)
    assert bits.grad[1] == 0


@pytest.mark.parametrize("digits", [1, 2])
def test_few_digit_weights_are_the_nearest_with_so_many_digits(digits):
    type_ = FixedPoint.parse("SQ(1,6)")
    allowed = [v for v in range(-64, 64) if digit_count(np.array([v]))[0] <= digits]
    values = torch.linspace(-1.2, 1.2, 97)
    found = few_digit_weights(values, digit_table(type_, digits)) * 64
    for value, chosen in zip((values * 64).tolist(), found.tolist(), strict=True):
        assert abs(chosen - value) == pytest.approx(min(abs(a - value) for a in allowed))


def _trainer(folder, precision=None, added=None, **settings):
    torch.manual_seed(1)
    network = sensor_network()
    chosen = Training(**({"epochs": 6, "batch_size": 64, "learning_rate": 1e-2} | settings))
    folder.mkdir(exist_ok=True)
    task = Autoencoding(
        QuantisedEncoder(network, precision),
        Decoder(3, network.output.type, (16,), ("sum",)),
        chosen,
        EVENTS[:200],
        EVENTS[200:],
        added,
    )
    return Trainer(task, chosen, folder)


def test_a_cost_in_adder_bits_buys_a_smaller_network(tmp_path):
    free = _trainer(tmp_path / "free", Precision(True, True), epochs=40)
    paid = _trainer(tmp_path / "paid", Precision(True, True), adder_cost=3.0, epochs=40)
    free.run()
    paid.run()
    assert adder_bits(paid.model.encoder.freeze()) < 0.7 * adder_bits(free.model.encoder.freeze())
    assert paid.history[-1].adder_kilobits < free.history[-1].adder_kilobits


@pytest.mark.parametrize("method", ["magnitude", "gradient"])
def test_pruning_reaches_its_share_of_zeros_and_keeps_them(tmp_path, method):
    pruning = Pruning(method=method, sparsity=0.5, start=0.0, end=0.5)
    trainer = _trainer(tmp_path, pruning=pruning)
    trainer.run()
    for layer in trainer.model.encoder.arithmetic_layers():
        assert (layer.mask == 0).float().mean() == pytest.approx(0.5, abs=0.5 / layer.mask.numel())
    for layer in trainer.model.encoder.freeze().layers:
        if layer.kind != "flatten":
            assert (layer.weight_array() == 0).mean() >= 0.5 - 1 / layer.weight_array().size
    assert [sparsity_at(pruning, p) for p in (0.0, 0.5, 1.0)] == [0.0, 0.5, 0.5]


def test_everything_at_once_resumes_to_the_very_same_weights(tmp_path):
    settings = {
        "average": 0.9,
        "adder_cost": 1.0,
        "flip_rate": 0.01,
        "sinkhorn_final_blur": 0.2,
        "pruning": Pruning(method="gradient", sparsity=0.3),
        "epochs": 4,
    }
    everything = Precision(True, True, True)
    whole = _trainer(tmp_path / "whole", everything, EVENTS[:50], **settings)
    whole.run()

    def kill(epoch):
        if epoch.epoch == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _trainer(tmp_path / "killed", everything, EVENTS[:50], **settings).run(kill)
    continued = _trainer(tmp_path / "killed", everything, EVENTS[:50], **settings)
    continued.run()
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, continued.model.state_dict()[name]), name


def test_the_average_is_what_is_kept(tmp_path):
    trainer = _trainer(tmp_path, average=0.5, epochs=1, batch_size=1000)
    before = {name: value.clone() for name, value in trainer.model.named_parameters()}
    seen = {}

    def look(_):
        seen.update({name: value.clone() for name, value in trainer.model.named_parameters()})

    trainer.run(look)
    for name, value in trainer.model.named_parameters():
        assert torch.allclose(value, (before[name] + seen[name]) / 2, atol=1e-6), name


def test_added_events_take_their_share_of_a_batch(tmp_path):
    trainer = _trainer(tmp_path, added=EVENTS[:50], generated_share=0.75)
    generator = torch.Generator().manual_seed(1)
    batch = trainer.task.batch(torch.arange(trainer.task.own_rows), generator)
    assert (trainer.task.own_rows, len(batch)) == (16, 64)


def test_a_teacher_is_a_second_target(tmp_path):
    folder = tmp_path / "teacher"
    (folder / "train").mkdir(parents=True)
    network = sensor_network()
    save_network(network, folder / "network.json")
    save_encoder(QuantisedEncoder(network), folder / "train" / "encoder.safetensors")
    save_decoder(
        Decoder(3, network.output.type, (16,), ("sum",)), folder / "train" / "decoder.safetensors"
    )
    settings = Teacher(folder=str(folder), weight=1.0)
    teacher = load_teacher(settings, network, ("sum",))
    trainer = _trainer(tmp_path / "student", teacher=settings)
    task = trainer.task
    task.teacher = teacher
    taught = teacher(task.training)
    loss = task.loss(trainer.model, task.training, 0.0)
    direct = task.of_fractions(taught, trainer.model(task.training), 0.0)
    assert loss.item() == pytest.approx(direct.item())
    coarser = network.input.model_copy(update={"type": FixedPoint.parse("UQ(1,6)")})
    for student, conditions in (
        (network.model_copy(update={"input": coarser}), ("sum",)),
        (network, ()),
    ):
        with pytest.raises(InputError, match=r"training\.teacher\.folder"):
            load_teacher(settings, student, conditions)
