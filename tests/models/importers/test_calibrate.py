"""Float models: types from ranges, and what they cost."""

import json

import h5py
import numpy as np
import pytest

from hexcoder.errors import InputError
from hexcoder.models.__main__ import main
from hexcoder.models.importers.files import import_model
from hexcoder.models.importers.floats.read import import_float
from hexcoder.network.golden import evaluate
from hexcoder.network.real_values import to_integers, to_reals
from tests.models.importers.test_onnx import Model


def _float_model(path):
    model = Model(1, ("x", (2, 6, 6)))
    random = model.random

    def drawn(*shape):
        return model.constant(random.normal(0, 0.4, shape).astype(np.float32))

    hidden = model.op("Conv", "x", drawn(3, 2, 3, 3), drawn(3), pads=[1, 1, 1, 1])
    hidden = model.op("Relu", model.normalised(hidden, 3))
    hidden = model.op("MaxPool", hidden, kernel_shape=[2, 2], strides=[2, 2])
    hidden = model.op("Flatten", model.op("Tanh", hidden))
    hidden = model.op("Gemm", hidden, drawn(27, 4), drawn(4))
    model.save(path, model.op("Softmax", hidden, axis=1))


def test_more_bits_cost_less_and_the_loss_is_that_of_the_network(tmp_path):
    path = tmp_path / "m.onnx"
    _float_model(path)
    samples = np.random.default_rng(2).normal(0, 1, (30, 2, 6, 6))
    losses = []
    for bits in (6, 10, 16):
        network, loss = import_float(path, samples, bits)
        losses.append(loss.mean_absolute_error)
        assert all(type_.type.width <= 62 for type_ in network.outputs_by_name.values())
    assert losses[0] > 4 * losses[1] > 8 * losses[2]
    # At 16 bits the table of tanh, of 10 bits, is what is left.
    assert losses[2] < 0.003
    assert loss.argmax_agrees == 1.0
    found = to_reals(network, evaluate(network, to_integers(network, samples)))
    assert found.shape == (30, 4)
    assert {row.tensor for row in loss.layers} >= {"Conv_0_bias", "Gemm_0_bias"}


def _keras_2(tmp_path):
    """A model by hand: dense with relu, and its weights beside it."""
    random = np.random.default_rng(3)
    weights = {"d1": (random.normal(0, 1, (4, 5)), random.normal(0, 1, 5)),
               "d2": (random.normal(0, 1, (5, 3)), random.normal(0, 1, 3))}  # fmt: skip
    given = {"name": "in", "batch_input_shape": [None, 4]}
    layers = [{"class_name": "InputLayer", "config": given, "inbound_nodes": []}]
    for name, source, activation in (("d1", "in", "relu"), ("d2", "d1", "softmax")):
        layers.append({"class_name": "Dense",
                       "config": {"name": name, "activation": activation, "use_bias": True},
                       "inbound_nodes": [[[source, 0, 0, {}]]]})  # fmt: skip
    config = {"class_name": "Model", "config": {"layers": layers, "output_layers": [["d2", 0, 0]]}}
    (tmp_path / "net.json").write_text(json.dumps(config))
    with h5py.File(tmp_path / "net_weights.h5", "w") as file:
        for name, (kernel, bias) in weights.items():
            file[f"{name}/{name}/kernel:0"] = kernel.astype(np.float32)
            file[f"{name}/{name}/bias:0"] = bias.astype(np.float32)
    return weights


def test_a_model_of_keras_2_is_calibrated_from_the_command_line(tmp_path, capsys):
    weights = _keras_2(tmp_path)
    samples = np.random.default_rng(4).normal(0, 1, (50, 4)).astype(np.float32)
    np.savez(tmp_path / "samples.npz", inputs=samples)
    arguments = ["import", tmp_path / "net.json", "-o", tmp_path / "network.json", "--calibrate",
                 tmp_path / "samples.npz", "--bits", "14", "--json"]  # fmt: skip
    main(list(map(str, arguments)))
    loss = json.loads(capsys.readouterr().out)
    assert loss["bits"] == 14
    assert loss["largest_error"] < 0.02
    from hexcoder.network.schema import load_network

    network = load_network(tmp_path / "network.json")
    hidden = np.maximum(samples @ weights["d1"][0] + weights["d1"][1], 0)
    expected = hidden @ weights["d2"][0] + weights["d2"][1]
    found = to_reals(network, evaluate(network, to_integers(network, samples)))
    assert np.abs(found - expected).max() == pytest.approx(loss["largest_error"], abs=1e-3)


def test_what_cannot_be_calibrated_is_one_line(tmp_path):
    path = tmp_path / "m.onnx"
    _float_model(path)
    with pytest.raises(InputError, match=r"samples of 5 elements; the model takes 72"):
        import_float(path, np.zeros((3, 5)))
    with pytest.raises(InputError, match="not finite"):
        import_float(path, np.full((3, 72), np.nan))
    model = Model(5, ("x", (4,)))
    model.save(path, model.quant("x", 0.5, 4))
    with pytest.raises(InputError, match="it has quantisers already"):
        import_float(path, np.zeros((3, 4)))
    _keras_2(tmp_path)
    (tmp_path / "net_weights.h5").unlink()
    with pytest.raises(InputError, match=r"no weights: .*give it with --weights"):
        import_float(tmp_path / "net.json", np.zeros((3, 4)))


def test_binary_and_ternary_layers_of_keras_are_exact(tmp_path):
    random = np.random.default_rng(5)
    kernels = [random.uniform(-1, 1, shape).astype(np.float32) for shape in ((4, 6), (6, 3))]
    numbers = random.uniform(0.5, 1.5, (4, 6)).astype(np.float32)
    numbers[1:3] -= 1
    layers = [
        ("TernaryDense", {"name": "d1", "batch_input_shape": [None, 4], "use_bias": False}),
        ("BatchNormalization", {"name": "b1", "epsilon": 1e-3}),
        ("Activation", {"name": "a1", "activation": "ternary_tanh"}),
        ("BinaryDense", {"name": "d2", "use_bias": False}),
        ("Activation", {"name": "a2", "activation": "binary_tanh"}),
    ]
    config = [{"class_name": kind, "config": keys} for kind, keys in layers]
    text = json.dumps({"class_name": "Sequential", "config": config})
    (tmp_path / "net.json").write_text(text)
    with h5py.File(tmp_path / "net_weights.h5", "w") as file:
        for name, kernel in zip(("d1", "d2"), kernels, strict=True):
            file[f"{name}/{name}/kernel:0"] = kernel
        keys = ("gamma", "beta", "moving_mean", "moving_variance")
        for key, values in zip(keys, numbers, strict=True):
            file[f"b1/b1/{key}:0"] = values
    samples = random.integers(-64, 64, (300, 4)) / 16
    network = import_model(tmp_path / "net.json", samples=samples)
    found = to_reals(network, evaluate(network, to_integers(network, samples)))
    ternary = np.where(kernels[0] > 0.5, 1, np.where(kernels[0] <= -0.5, -1, 0))
    gamma, beta, mean, variance = numbers.astype(np.float64)
    hidden = (samples @ ternary - mean) * gamma / np.sqrt(variance + 1e-3) + beta
    steps = np.where(hidden > 0.5, 1, np.where(hidden <= -0.5, -1, 0))
    expected = np.where(steps @ np.where(kernels[1] >= 0, 1, -1) >= 0, 1, -1)
    np.testing.assert_array_equal(found, expected)
    wrong = text.replace('"name": "d1"', '"name": "d1", "H": 0.3')
    (tmp_path / "net.json").write_text(wrong)
    with pytest.raises(InputError, match=r"H is 0\.3"):
        import_model(tmp_path / "net.json", samples=samples)
