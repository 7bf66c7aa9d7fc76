"""ONNX and QONNX models, against onnx's own reference with quantisers written from their page."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.models.importers.files import import_model
from hexcoder.models.importers.samples import compare_samples
from hexcoder.network.golden import evaluate
from hexcoder.network.real_values import to_integers, to_reals
from tests.models.quantisers import DOMAIN, OPERATORS

GRID = 64


class Model:
    """Collects operators of a model."""

    def __init__(self, seed, *inputs):
        self.random = np.random.default_rng(seed)
        self.nodes, self.constants = [], []
        self.inputs = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, *shape])
            for name, shape in inputs
        ]

    def constant(self, values):
        name = f"c{len(self.constants)}"
        array = np.asarray(values, np.float32 if np.asarray(values).dtype.kind == "f" else np.int64)
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def op(self, kind, *inputs, domain="", **attributes):
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], domain=domain, **attributes))
        return name

    def quant(self, x, scale, bits, signed=1, **attributes):
        given = [self.constant(np.float32(v)) for v in (scale, 0.0, bits)]
        return self.op("Quant", x, *given, domain=DOMAIN, signed=signed, **attributes)

    def weights(self, shape, scale, bits=4):
        drawn = self.constant(self.random.normal(0, 2.5 * np.mean(scale), shape).astype(np.float32))
        return self.quant(drawn, scale, bits, narrow=1)

    def normalised(self, x, channels):
        random = self.random
        given = [
            self.constant(one.astype(np.float32))
            for one in (
                random.uniform(-1.5, 1.5, channels),
                random.normal(0, 1, channels),
                random.normal(0, 1, channels),
                random.uniform(0.5, 2, channels),
            )
        ]
        return self.op("BatchNormalization", x, *given, epsilon=1e-5)

    def save(self, path, *outputs, opset=15):
        infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
        graph = helper.make_graph(self.nodes, "g", self.inputs, infos, self.constants)
        opsets = [helper.make_opsetid("", opset), helper.make_opsetid(DOMAIN, 1)]
        onnx.save(helper.make_model(graph, opset_imports=opsets), path)


def reference(path, *inputs):
    evaluator = ReferenceEvaluator(str(path), new_ops=OPERATORS)
    names = [one.name for one in onnx.load(path).graph.input]
    rows = []
    for row in zip(*inputs, strict=True):
        given = {n: x[None].astype(np.float32) for n, x in zip(names, row, strict=True)}
        found = evaluator.run(None, given)
        rows.append(np.concatenate([np.asarray(one).ravel() for one in found]))
    return np.array(rows)


def agrees(path, *shapes, type_="SQ(3,6)", count=40):
    """The imported network equals the reference on random inputs of a type's grid."""
    grid = FixedPoint.parse(type_)
    random = np.random.default_rng(7)
    inputs = [
        random.integers(grid.minimum, grid.maximum + 1, (count, *shape)) * grid.step
        for shape in shapes
    ]
    network = import_model(path, grid)
    flat = np.concatenate([one.reshape(count, -1) for one in inputs], axis=1)
    found = to_reals(network, evaluate(network, to_integers(network, flat)))
    np.testing.assert_allclose(found, reference(path, *inputs), rtol=1e-4, atol=1e-5)
    return network


@pytest.mark.parametrize("scale", [0.25, 0.213, np.array([[0.25, 0.5, 0.125, 1, 0.25, 0.5]]),
                                   np.array([[0.21, 0.4, 0.133, 0.7, 0.3, 0.52]])])  # fmt: skip
@pytest.mark.parametrize("activation", [0.5, 0.37])
def test_a_dense_layer_with_any_scales_is_exact(tmp_path, scale, activation):
    model = Model(1, ("x", (5,)))
    hidden = model.op("MatMul", "x", model.weights((5, 6), scale))
    hidden = model.op("Relu", model.normalised(hidden, 6))
    hidden = model.quant(hidden, activation, 4, signed=0)
    out = model.op("MatMul", hidden, model.weights((6, 3), 0.19))
    model.save(tmp_path / "m.onnx", model.op("Add", out, model.constant([0.1, 0.2, 0.3])))
    network = agrees(tmp_path / "m.onnx", (5,))
    assert "threshold" in {node.kind for node in network.nodes}


@pytest.mark.parametrize("mode", ["ROUND", "FLOOR", "CEIL"])
def test_powers_of_two_stay_arithmetic(tmp_path, mode):
    model = Model(2, ("x", (4,)))
    hidden = model.op("MatMul", "x", model.weights((4, 5), 0.125))
    hidden = model.op("Add", hidden, model.quant(model.constant(np.ones(5) * 0.4), 0.0625, 6))
    hidden = model.quant(model.op("Relu", hidden), 0.25, 3, signed=0, rounding_mode=mode)
    model.save(tmp_path / "m.onnx", hidden)
    network = agrees(tmp_path / "m.onnx", (4,))
    assert [node.kind for node in network.nodes] == ["linear", "constant", "add", "requantise"]


def test_a_small_convolutional_network_is_exact(tmp_path):
    model = Model(3, ("x", (2, 6, 6)))
    scale = np.array([0.3, 0.21, 0.4, 0.25]).reshape(4, 1, 1, 1)
    hidden = model.op("Conv", "x", model.weights((4, 2, 3, 3), scale), pads=[1, 0, 1, 2])
    hidden = model.quant(model.normalised(hidden, 4), 0.31, 3)
    hidden = model.op("MaxPool", hidden, kernel_shape=[2, 2], strides=[2, 2])
    hidden = model.op("Conv", hidden, model.weights((4, 2, 2, 2), 0.22), group=2, strides=[1, 2])
    hidden = model.op("AveragePool", model.quant(hidden, 0.27, 4), kernel_shape=[2, 1])
    hidden = model.op("Flatten", model.quant(hidden, 0.2, 4))
    model.save(tmp_path / "m.onnx", model.op("MatMul", hidden, model.weights((4, 3), 0.2)))
    agrees(tmp_path / "m.onnx", (2, 6, 6), type_="SQ(2,3)", count=20)


def test_branches_that_meet_are_exact(tmp_path):
    model = Model(4, ("x", (4, 5)), ("y", (4, 5)))
    x, y = (model.quant(name, 0.23, 5) for name in "xy")
    left = model.quant(model.op("MatMul", x, model.weights((5, 5), 0.2)), 0.23, 5)
    both = model.op("Add", left, x)
    both = model.op("Concat", model.quant(both, 0.23, 6), y, axis=2)
    both = model.op("Transpose", both, perm=[0, 2, 1])
    both = model.op("Slice", both, model.constant([1]), model.constant([9]), model.constant([1]))
    square = model.op("MatMul", both, model.op("Transpose", both, perm=[0, 2, 1]))
    model.save(tmp_path / "m.onnx", square, model.op("Mul", x, y))
    model_path = tmp_path / "m.onnx"
    network = import_model(model_path)
    random = np.random.default_rng(1)
    x, y = (random.normal(0, 1.5, (20, 4, 5)).astype(np.float32) for _ in "xy")
    flat = np.concatenate([x.reshape(20, -1), y.reshape(20, -1)], axis=1)
    found = to_reals(network, evaluate(network, to_integers(network, flat)))
    np.testing.assert_allclose(found, reference(model_path, x, y), rtol=1e-4, atol=1e-5)
    assert list(network.inputs_by_name) == ["x", "y"]


@pytest.mark.parametrize("function", ["Sigmoid", "Tanh", "Abs", "HardSwish", "Exp"])
def test_a_function_in_front_of_a_quantiser_is_thresholds_or_a_table(tmp_path, function):
    model = Model(5, ("x", (4,)))
    hidden = model.op("MatMul", "x", model.weights((4, 3), 0.2))
    hidden = model.op(function, model.op("Mul", hidden, model.constant([0.3])))
    model.save(tmp_path / "m.onnx", model.quant(hidden, 0.1137, 6))
    network = agrees(tmp_path / "m.onnx", (4,), type_="SQ(2,3)")
    # Of these Abs alone turns round by more than a level.
    assert network.nodes[-1].kind == ("table" if function == "Abs" else "threshold")


def test_binary_and_threshold_networks_are_exact(tmp_path):
    model = Model(6, ("x", (6,)))
    weights = model.op("BipolarQuant", model.constant(model.random.normal(0, 1, (6, 4))),
                       model.constant(1.0), domain=DOMAIN)  # fmt: skip
    hidden = model.op("MatMul", "x", weights)
    hidden = model.op(
        "BipolarQuant", model.normalised(hidden, 4), model.constant(0.5), domain=DOMAIN
    )
    thresholds = model.constant(np.sort(model.random.normal(0, 1, (4, 3)), axis=1))
    hidden = model.op("MultiThreshold", hidden, thresholds, domain=DOMAIN, out_scale=2.0,
                      out_bias=-3.0)  # fmt: skip
    model.save(tmp_path / "m.onnx", hidden)
    agrees(tmp_path / "m.onnx", (6,))


def test_one_signed_bit_is_bipolar(tmp_path):
    model = Model(12, ("x", (6,)))
    hidden = model.op("MatMul", "x", model.weights((6, 4), 0.5, bits=1))
    model.save(tmp_path / "m.onnx", model.quant(model.normalised(hidden, 4), 0.25, 1))
    agrees(tmp_path / "m.onnx", (6,))


def test_relu_in_front_of_a_product_is_exact(tmp_path):
    model = Model(13, ("x", (5,)))
    hidden = model.op("Relu", model.quant("x", 0.21, 5))
    left = model.op("MatMul", hidden, model.weights((5, 3), 0.2))
    right = model.op("MatMul", hidden, model.weights((5, 3), 0.2))
    model.save(tmp_path / "m.onnx", model.op("Add", left, right))
    network = agrees(tmp_path / "m.onnx", (5,))
    assert [node.kind for node in network.nodes].count("requantise") == 1


def test_a_bias_of_whole_steps_and_relu_are_exact_where_branches_meet(tmp_path):
    model = Model(14, ("x", (6,)))
    hidden = model.quant("x", 0.21, 6)
    bias = model.quant(model.constant(model.random.normal(0, 1, 4)), 0.042, 8)
    left = model.op("Add", model.op("MatMul", hidden, model.weights((6, 4), 0.2)), bias)
    right = model.op("MatMul", hidden, model.weights((6, 4), 0.1))
    both = model.op("Add", model.op("Relu", left), right)
    model.save(tmp_path / "m.onnx", model.quant(both, 0.37, 6))
    agrees(tmp_path / "m.onnx", (6,))


def test_branches_whose_scales_differ_by_a_power_of_two_are_joined(tmp_path):
    model = Model(15, ("x", (6,)))
    hidden = model.quant("x", 0.21, 6)
    left = model.quant(model.op("MatMul", hidden, model.weights((6, 4), 0.2)), 0.33, 6)
    right = model.quant(model.op("MatMul", hidden, model.weights((6, 4), 0.2)), 0.33 / 8, 6)
    both = model.op("Concat", left, right, axis=1)
    model.save(tmp_path / "m.onnx", model.op("MatMul", both, model.weights((8, 3), 0.2)))
    agrees(tmp_path / "m.onnx", (6,))


def test_the_first_quantiser_s_integers_are_the_network_s_input(tmp_path):
    model = Model(7, ("x", (1, 3)))
    hidden = model.op("Sub", model.op("Mul", "x", model.constant(2.0)), model.constant(1.0))
    hidden = model.op("Reshape", model.quant(hidden, 0.3, 4), model.constant([1, 3]))
    model.save(tmp_path / "m.onnx", model.op("MatMul", hidden, model.weights((3, 2), 0.5)))
    network = import_model(tmp_path / "m.onnx")
    assert str(network.input.type) == "SQ(4,0)"
    x = np.random.default_rng(0).uniform(-1, 2, (30, 1, 3)).astype(np.float32)
    found = to_reals(network, evaluate(network, to_integers(network, x)))
    np.testing.assert_allclose(found, reference(tmp_path / "m.onnx", x), rtol=1e-4, atol=1e-5)


def _broken(tmp_path, change):
    model = Model(8, ("x", (4,)))
    change(model)
    path = tmp_path / "m.onnx"
    model.save(path, f"t{len(model.nodes) - 1}")
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda m: m.op("LSTM", "x"),
            "operator LSTM_0: operator 'LSTM' is not supported; .*MatMul",
        ),
        (
            lambda m: m.op("MatMul", "x", m.constant(m.random.normal(0, 1, (4, 2)))),
            "operator MatMul_0: its constant is not quantised",
        ),
        (
            lambda m: m.op("MatMul", m.op("Sigmoid", "x"), m.weights((4, 2), 0.5)),
            "operator MatMul_0: its input is not quantised: .* Sigmoid",
        ),
        (
            lambda m: m.op("Mul", m.op("Softmax", m.op("Sigmoid", "x")), m.constant([2.0])),
            "output 't2': behind the last exact sum stands Sigmoid",
        ),
        (lambda m: m.quant("x", -1.0, 4), "operator Quant_0: a scale is not positive"),
        (lambda m: m.quant("x", 0.5, 70), "operator Quant_0: 70.0 bits"),
        (lambda m: m.op("Add", "x", "nowhere"), "nothing makes its input 'nowhere'"),
        (
            lambda m: m.op("Concat", m.quant("x", 0.3, 4), m.quant("x", 0.2, 4), axis=1),
            "operator Concat_0: its inputs have the scales 0.3, 0.2",
        ),
        (
            lambda m: m.op("Reshape", "x", m.constant([1, 3])),
            r"a tensor of \[1, 4\] cannot have the shape \[1, 3\]",
        ),
    ],
)
def test_what_is_not_exact_is_refused_with_its_place(tmp_path, change, message):
    path = _broken(tmp_path, change)
    with pytest.raises(InputError, match=message) as raised:
        import_model(path, FixedPoint.parse("SQ(3,3)"))
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_none_is_refused(tmp_path):
    good = Model(9, ("x", (4,)))
    good.op("Relu", "x")
    good.save(tmp_path / "good.onnx", "t0")
    data = (tmp_path / "good.onnx").read_bytes()
    for name, content in (("none", b"\x00\xff" * 50), ("cut", data[: len(data) // 2]), ("no", b"")):
        path = tmp_path / f"{name}.onnx"
        path.write_bytes(content)
        with pytest.raises(InputError, match=f"{name}.onnx: not an ONNX file"):
            import_model(path)
    with pytest.raises(InputError, match="no such file"):
        import_model(tmp_path / "missing.onnx")
    with pytest.raises(InputError, match=r"its type with --input-type, such as"):
        import_model(tmp_path / "good.onnx")


def test_an_input_without_a_fixed_shape_is_refused(tmp_path):
    model = Model(10, ("x", (4,)))
    model.op("Relu", "x")
    model.inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", "side"])]
    model.save(tmp_path / "m.onnx", "t0")
    with pytest.raises(InputError, match=r"'x' has the shape \['n', 'side'\]"):
        import_model(tmp_path / "m.onnx", FixedPoint.parse("SQ(3,3)"))


def test_a_difference_to_the_samples_is_found(tmp_path):
    model = Model(11, ("x", (4,)))
    model.save(tmp_path / "m.onnx", model.op("MatMul", "x", model.weights((4, 3), 0.5)))
    inputs = np.random.default_rng(0).integers(-8, 8, (10, 4)) / 4
    network = import_model(tmp_path / "m.onnx", samples=inputs)
    assert str(network.input.type) == "SQ(2,2)"
    outputs = reference(tmp_path / "m.onnx", inputs)
    arrays = {"inputs": inputs, "outputs": outputs, "act/MatMul_0": outputs}
    assert compare_samples(network, arrays).passed
    wrong = outputs.copy()
    wrong[3, 1] += 0.5
    found = compare_samples(network, {**arrays, "act/MatMul_0": wrong})
    assert [one.differ for one in found.tensors] == [1, 0]
    assert not found.passed
