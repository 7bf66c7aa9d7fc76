"""ONNX's own quantisers, against onnx's reference, and onnxruntime where it is there."""

import ml_dtypes
import numpy as np
import pytest
from onnx import numpy_helper

from hexcoder.errors import InputError
from hexcoder.models.importers.files import import_model
from hexcoder.network.golden import evaluate
from hexcoder.network.real_values import to_integers, to_reals
from tests.models.importers.test_onnx import Model, reference

TYPES = {"int8": np.int8, "uint8": np.uint8, "int4": ml_dtypes.int4, "uint4": ml_dtypes.uint4}


class Linear(Model):
    """With pairs of QuantizeLinear and DequantizeLinear."""

    def typed(self, values, kind):
        name = f"c{len(self.constants)}"
        array = np.asarray(values).astype(TYPES.get(kind, kind))
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def pair(self, x, scale, kind="int8", zero=0, clip=None, **attributes):
        given = [self.constant(np.float32(scale)), self.typed(zero, kind)]
        x = self.op("QuantizeLinear", x, *given, **attributes)
        if clip:
            x = self.op("Clip", x, *[self.typed(one, kind) for one in clip])
        return self.op("DequantizeLinear", x, *given, **attributes)

    def integers(self, shape, scale, kind="int8", reach=7, **attributes):
        """Weights as Brevitas writes them: integers, and their scale."""
        drawn = self.typed(self.random.integers(-reach, reach + 1, shape), kind)
        if kind == "int8":
            drawn = self.op("Clip", drawn, self.typed(-reach, kind), self.typed(reach, kind))
        return self.op("DequantizeLinear", drawn, self.constant(np.float32(scale)), **attributes)


def _network_and_reals(path, shape, count=60, reach=4.0):
    """Random reals, ties of the first quantiser among them."""
    random = np.random.default_rng(3)
    x = (random.integers(-32, 33, (count, *shape)) / 32 * reach).astype(np.float32)
    network = import_model(path)
    return network, x, to_reals(network, evaluate(network, to_integers(network, x)))


def _runtime(path, x):
    """onnxruntime's answers, each operator as it stands."""
    runtime = pytest.importorskip("onnxruntime")
    options = runtime.SessionOptions()
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return np.array([np.ravel(session.run(None, {name: row[None]})[0]) for row in x])


def _dense(path, kind="int8", zero=0, clip=None, weights="int8"):
    model = Linear(1, ("x", (5,)))
    hidden = model.pair("x", 0.0625, kind, zero, clip)
    scale = [0.02, 0.031, 0.04, 0.017, 0.05, 0.026]
    hidden = model.op("MatMul", hidden, model.integers((5, 6), scale, weights, axis=1))
    hidden = model.op("Add", hidden, model.constant(model.random.normal(0, 0.2, 6)))
    hidden = model.pair(model.op("Relu", hidden), 0.011, "uint8", 0, (0, 15))
    out = model.op("MatMul", hidden, model.integers((6, 3), 0.125, weights))
    model.save(path, model.pair(out, 0.25, kind, zero, clip), opset=21)


@pytest.mark.parametrize(
    ("kind", "zero", "clip"),
    [("int8", 0, None), ("int8", 0, (-8, 7)), ("uint8", 101, None), ("int8", -17, (-100, 3)),
     ("uint8", 128, (1, 255)), ("int4", 0, None), ("uint4", 7, None), ("int16", 0, (-8, 7))],
)  # fmt: skip
def test_quantisers_of_every_type_round_half_to_even_and_saturate(tmp_path, kind, zero, clip):
    path = tmp_path / "m.onnx"
    _dense(path, kind, zero, clip, "int4" if kind.endswith("4") else "int8")
    _, x, found = _network_and_reals(path, (5,))
    np.testing.assert_allclose(found, reference(path, x), rtol=1e-5, atol=1e-6)


def test_a_quantised_network_with_a_residual_is_that_of_onnxruntime(tmp_path):
    path = tmp_path / "m.onnx"
    model = Linear(2, ("x", (3, 6, 6)))
    hidden = model.pair("x", 0.0731, "uint8", 120)
    scale = model.random.uniform(0.01, 0.05, 4)
    weights = model.integers((4, 3, 3, 3), scale, axis=0)
    bias = model.typed(model.random.integers(-200, 200, 4), "int32")
    bias = model.op(
        "DequantizeLinear", bias, model.constant(np.float32(scale) * np.float32(0.0731)), axis=0
    )
    hidden = model.pair(model.op("Conv", hidden, weights, bias, pads=[1] * 4), 0.061, "uint8", 3)
    side = model.op("Conv", hidden, model.integers((4, 4, 1, 1), 0.04))
    both = model.op("Add", model.pair(side, 0.061, "int8", 5), hidden)
    both = model.op("Relu", model.pair(both, 0.08))
    both = model.op("MaxPool", both, kernel_shape=[2, 2], strides=[2, 2])
    both = model.op("Flatten", both)
    model.save(path, model.op("MatMul", both, model.integers((36, 3), 0.03)), opset=21)
    network, x, found = _network_and_reals(path, (3, 6, 6), count=12, reach=12.0)
    np.testing.assert_allclose(found, reference(path, x), rtol=1e-4, atol=1e-5)
    assert str(network.input.type) == "SQ(9,0)"
    np.testing.assert_allclose(found, _runtime(path, x), rtol=1e-4, atol=1e-5)


def test_integers_may_move_before_they_are_real_again(tmp_path):
    path = tmp_path / "m.onnx"
    model = Linear(3, ("x", (2, 3)))
    given = [model.constant(np.float32(0.3)), model.typed(3, "int8")]
    hidden = model.op("QuantizeLinear", "x", *given)
    hidden = model.op("Transpose", hidden, perm=[0, 2, 1])
    hidden = model.op("DequantizeLinear", hidden, *given)
    model.save(path, model.op("MatMul", hidden, model.integers((2, 4), 0.2)), opset=21)
    _, x, found = _network_and_reals(path, (2, 3))
    np.testing.assert_allclose(found, reference(path, x), rtol=1e-5, atol=1e-6)


def _altered(path, change):
    model = Linear(4, ("x", (4,)))
    change(model)
    model.save(path, f"t{len(model.nodes) - 1}", opset=21)


def _unlike(model):
    given = [model.constant(np.float32(0.5)), model.typed(0, "int8")]
    other = model.constant(np.float32(0.25))
    model.op("DequantizeLinear", model.op("QuantizeLinear", "x", *given), other, given[1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_unlike, "DequantizeLinear_0: its scale or zero point is not that of QuantizeLinear_0"),
        (lambda m: m.pair("x", 0.5, ml_dtypes.float8_e4m3fn), "quantises to float8_e4m3fn; integ"),
        (lambda m: m.pair("x", [0.5, 0.25], axis=7), r"scales \[2\] along axis 7"),
        (lambda m: m.op("DequantizeLinear", "x", m.constant(np.float32(1))), "neither a constant"),
        (
            lambda m: m.op("Relu", m.op("QuantizeLinear", "x", m.constant(np.float32(1)))),
            "Relu_0: it reads the integers of QuantizeLinear_0; only Clip",
        ),
        (lambda m: m.pair("x", 0.5, clip=(5, 3)), "Clip_0: no integer lies from 5.0 to 3.0"),
        (lambda m: m.pair("x", -0.5), "QuantizeLinear_0: a scale is not positive"),
    ],
)
def test_what_it_cannot_be_is_one_line(tmp_path, change, message):
    _altered(tmp_path / "m.onnx", change)
    with pytest.raises(InputError, match=message) as raised:
        import_model(tmp_path / "m.onnx")
    assert "\n" not in str(raised.value)


def test_the_range_of_the_first_quantiser_is_kept(tmp_path):
    """Bounds of the model, not of the type that holds them."""
    path = tmp_path / "m.onnx"
    model = Linear(5, ("x", (2,)))
    model.save(path, model.op("Neg", model.pair("x", 1.0, "uint8", 100)), opset=21)
    network = import_model(path)
    found = to_reals(network, evaluate(network, to_integers(network, np.array([[-300.0, 300.0]]))))
    assert found.tolist() == [[100.0, -155.0]]
