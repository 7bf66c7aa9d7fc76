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
from tests.models.importers.test_onnx import Model, reference


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


def _garnet(tmp_path, **changes):
    """A layer of 6 vertices with 3 features by hand, and its weights beside it."""
    random = np.random.default_rng(6)
    shapes = {"FLR": (3, 4), "S": (3, 2), "Fout": (8, 5)}
    weights = {name: (random.normal(0, 0.7, shape), random.normal(0, 0.7, shape[1]))
               for name, shape in shapes.items()}  # fmt: skip
    config = {
        "name": "g",
        "simplified": True,
        "collapse": "mean",
        "input_format": "xn",
        "output_activation": None,
        "mean_by_nvert": False,
        "quantize_transforms": False,
    }
    layers = [
        {"class_name": "InputLayer", "config": {"name": name, "batch_input_shape": shape}}
        for name, shape in (("x", [None, 6, 3]), ("n", [None, 1]))
    ]
    layers.append({"class_name": "GarNet", "config": config | changes,
                   "inbound_nodes": [[["x", 0, 0, {}], ["n", 0, 0, {}]]]})  # fmt: skip
    model = {"class_name": "Model", "config": {"layers": layers, "output_layers": [["g", 0, 0]]}}
    (tmp_path / "net.json").write_text(json.dumps(model))
    with h5py.File(tmp_path / "net_weights.h5", "w") as file:
        for name, (kernel, bias) in weights.items():
            file[f"g/g/{name}_kernel:0"] = kernel.astype(np.float32)
            file[f"g/g/{name}_bias:0"] = bias.astype(np.float32)
    return weights


@pytest.mark.parametrize("collapse", ["mean", "sum"])
def test_a_layer_weighted_by_distance_is_what_its_definition_says(tmp_path, collapse):
    weights = _garnet(tmp_path, collapse=collapse)
    random = np.random.default_rng(7)
    x, count = random.normal(0, 1, (80, 6, 3)), random.integers(1, 7, (80, 1))
    samples = np.concatenate([x.reshape(80, -1), count], axis=1)
    network, loss = import_float(tmp_path / "net.json", samples, 16)
    assert str(network.inputs_by_name["n"].type) == "UQ(3,0)"
    found = to_reals(network, evaluate(network, to_integers(network, samples)))
    (flr, flr_bias), (near, near_bias), (out, out_bias) = (weights[k] for k in ("FLR", "S", "Fout"))
    expected = np.zeros((80, 5))
    for event in range(80):
        given = x[event, : count[event, 0]]
        weight = np.exp(-((given @ near + near_bias) ** 2))
        gathered = weight.T @ (given @ flr + flr_bias) / 6
        for one in weight:
            expected[event] += (one[:, None] * gathered).ravel() @ out + out_bias
    expected /= 6 if collapse == "mean" else 1
    size = np.abs(expected).max()
    assert np.abs(found - expected).max() < 0.005 * size
    assert loss.largest_error == pytest.approx(np.abs(found - expected).max(), rel=0.05)
    assert all(row.largest_error < 0.02 * max(row.largest, 1) for row in loss.layers)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"simplified": False}, r"layer 'g' \(GarNet\): simplified is False; supported is True"),
        ({"collapse": "max"}, "collapse is max; supported is mean or sum"),
        ({"output_activation": "tanh"}, "output_activation is tanh; supported is None or linear"),
        ({"mean_by_nvert": True}, "mean_by_nvert is True"),
    ],
)
def test_a_layer_weighted_by_distance_that_is_not_read_is_one_line(tmp_path, change, message):
    _garnet(tmp_path, **change)
    with pytest.raises(InputError, match=message):
        import_float(tmp_path / "net.json", np.zeros((3, 19)))


@pytest.mark.parametrize("function", ["Tanh", "Relu", "Sigmoid"])
def test_a_function_may_stand_at_the_end_or_gate_another_tensor(tmp_path, function):
    path = tmp_path / "m.onnx"
    model = Model(14, ("x", (6,)))
    weights = model.constant(model.random.normal(0, 0.5, (6, 4)).astype(np.float32))
    hidden = model.op("MatMul", "x", weights)
    gated = model.op("Mul", hidden, model.op("Sigmoid", hidden))
    model.save(
        path, model.op(function, model.op("MatMul", gated, model.constant(np.ones((4, 3)) / 3)))
    )
    samples = np.random.default_rng(8).normal(0, 1, (40, 6))
    network, loss = import_float(path, samples, 14)
    assert loss.largest_error < 0.01
    kept = network.outputs[0].real.left_out
    assert kept == ("Sigmoid" if function == "Sigmoid" else None)


def test_an_average_over_any_number_is_a_rounded_product(tmp_path):
    path = tmp_path / "m.onnx"
    model = Model(15, ("x", (2, 6, 6)))
    hidden = model.op("AveragePool", "x", kernel_shape=[3, 3], strides=[3, 3])
    hidden = model.op("Flatten", model.op("Relu", hidden))
    model.save(path, model.op("MatMul", hidden, model.constant(np.ones((8, 2)) / 3)))
    samples = np.random.default_rng(9).normal(0, 1, (40, 2, 6, 6))
    _, loss = import_float(path, samples, 14)
    assert loss.largest_error < 0.003


def _attention(path, side=8, tokens=5, heads=2):
    """Multi-head attention, a layer normalisation, a mean over the tokens, and softmax."""
    model = Model(16, ("x", (tokens, side)))

    def drawn(*shape, scale=0.5):
        return model.constant(model.random.normal(0, scale, shape).astype(np.float32))

    def heads_of(x):
        x = model.op("Reshape", x, model.constant([1, tokens, heads, side // heads]))
        return model.op("Transpose", x, perm=[0, 2, 1, 3])

    query, key, value = (
        heads_of(model.op("Add", model.op("MatMul", "x", drawn(side, side)), drawn(side)))
        for _ in range(3)
    )
    scores = model.op("MatMul", query, model.op("Transpose", key, perm=[0, 1, 3, 2]))
    scores = model.op("Softmax", model.op("Div", scores, model.constant(2.0)), axis=-1)
    seen = model.op("Transpose", model.op("MatMul", scores, value), perm=[0, 2, 1, 3])
    seen = model.op("Reshape", seen, model.constant([1, tokens, side]))
    # Weights that the graph turns before it uses them.
    turned = model.op("Transpose", drawn(side, side), perm=[1, 0])
    seen = model.op("Add", model.op("MatMul", seen, turned), "x")
    centred = model.op("Sub", seen, model.op("ReduceMean", seen, axes=[2]))
    variance = model.op("ReduceMean", model.op("Pow", centred, model.constant(2.0)), axes=[2])
    deviation = model.op("Sqrt", model.op("Add", variance, model.constant(1e-5)))
    normal = model.op("Mul", model.op("Div", centred, deviation), drawn(side))
    pooled = model.op("ReduceMean", model.op("Relu", normal), axes=[1], keepdims=0)
    model.save(path, model.op("Softmax", model.op("MatMul", pooled, drawn(side, 3)), axis=-1))


def test_attention_and_layer_normalisation_are_tables_and_products(tmp_path):
    _attention(tmp_path / "m.onnx")
    samples = np.random.default_rng(10).normal(0, 1, (40, 5, 8))
    network, loss = import_float(tmp_path / "m.onnx", samples, 14)
    assert loss.largest_error < 0.02
    assert loss.argmax_agrees == 1.0
    logits = _logits(network, samples)
    expected = reference(tmp_path / "m.onnx", samples)
    found = np.exp(logits - logits.max(axis=1, keepdims=True))
    found /= found.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, atol=0.01)


def _logits(network, samples):
    flat = samples.reshape(len(samples), -1)
    return to_reals(network, evaluate(network, to_integers(network, flat)))


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
