"""Keras files of HGQ2's layers, written here, against their arithmetic in numpy."""

import io
import json
import zipfile

import h5py
import numpy as np
import pytest

from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.models.importers.files import import_model
from hexcoder.network.golden import evaluate
from hexcoder.network.real_values import to_integers, to_reals


def _conf(kind, overflow, rounding="RND", is_weight=False):
    return {
        "class_name": "QuantizerConfig",
        "config": {"q_type": kind, "round_mode": rounding, "overflow_mode": overflow,
                   "scaler": None, "is_weight": is_weight},
    }  # fmt: skip


class Widths:
    """A quantiser's arrays, in the order in which Keras saves them, and what it computes."""

    def __init__(self, random, shape, kind="kif", overflow="WRAP", rounding="RND", weight=False):
        self.kind, self.overflow, self.rounding = kind, overflow, rounding
        self.conf = _conf(kind, overflow, rounding, weight)
        self.k = random.integers(0, 2, shape) if not weight else np.ones(shape, int)
        self.i = random.integers(1, 4, shape)
        self.f = random.integers(-1, 4, shape)
        if weight and overflow == "WRAP":
            self.i = self.i + 6
        self.f = np.where(random.random(shape) < 0.15, -self.i - self.k, self.f)

    def arrays(self):
        k, noise = self.k.astype(np.uint8), 0.2
        second = self.f if self.kind == "kif" else self.i + self.f
        if self.overflow == "WRAP":
            return [second + noise, k, self.i.astype(float)]
        first = self.i if self.kind == "kif" else second
        last = self.f if self.kind == "kif" else self.i
        return [first - noise, last + noise, k]

    def __call__(self, x):
        step = 2.0**-self.f
        whole = np.floor(x / step + 0.5) if self.rounding == "RND" else np.floor(x / step)
        width = 2.0 ** (self.i + self.f)
        low, high = -self.k * width, width - 1
        if self.overflow == "WRAP":
            whole = (whole - low) % (high - low + 1) + low
        elif self.overflow == "SAT":
            whole = np.clip(whole, low, high)
        return np.where(self.k + self.i + self.f > 0, whole * step, 0.0)


def _layer(kind, name, sources, **config):
    args = [{"class_name": "__keras_tensor__", "config": {"keras_history": [s, 0, 0]}}
            for s in sources]  # fmt: skip
    return {"class_name": kind, "name": name, "config": {"name": name, **config},
            "inbound_nodes": [{"args": args, "kwargs": {}}]}  # fmt: skip


def _save(path, layers, arrays, output):
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        for key, value in arrays.items():
            file[key] = value
    config = {"class_name": "Functional",
              "config": {"layers": layers, "output_layers": [output, 0, 0]}}  # fmt: skip
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", content.getvalue())


def _put(arrays, prefix, widths):
    for number, value in enumerate(widths.arrays()):
        arrays[f"{prefix}/quantizer/vars/{number}"] = value


def _input(shape):
    return {"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [None, *shape]}}


@pytest.mark.parametrize("overflow", ["WRAP", "SAT"])
def test_dense_layers_with_widths_of_each_element_are_exact(tmp_path, overflow):
    random = np.random.default_rng(1)
    kernels = [random.normal(0, 2, shape).astype(np.float32) for shape in ((5, 6), (6, 3))]
    biases = [random.normal(0, 2, n).astype(np.float32) for n in (6, 3)]
    arrays, layers, quantisers = {}, [_input([5])], []
    for number, (kernel, bias) in enumerate(zip(kernels, biases, strict=True)):
        folder = "layers/q_dense" + (f"_{number}" if number else "")
        iq = Widths(random, (1, kernel.shape[0]), overflow=overflow)
        kq = Widths(random, kernel.shape, "kbi", overflow, weight=True)
        bq = Widths(random, bias.shape, "kbi", "SAT", weight=True)
        quantisers.append((iq, kq, bq))
        for key, one in (("iq", iq), ("kq", kq), ("bq", bq)):
            _put(arrays, f"{folder}/{key}", one)
        arrays |= {f"{folder}/vars/0": kernel, f"{folder}/vars/1": bias}
        layers.append(
            _layer("QDense", f"d{number}", ["x" if not number else "d0"], units=kernel.shape[1],
                   activation="linear" if number else "relu", use_bias=True, enable_iq=True,
                   enable_oq=False, iq_conf=iq.conf, kq_conf=kq.conf, bq_conf=bq.conf)
        )  # fmt: skip
    path = tmp_path / "m.keras"
    _save(path, layers, arrays, "d1")
    network = import_model(path)
    x = random.normal(0, 3, (60, 5))
    value = x
    for number, (iq, kq, bq) in enumerate(quantisers):
        value = iq(value) @ kq(kernels[number].astype(float)) + bq(biases[number].astype(float))
        value = value if number else np.maximum(value, 0)
    found = to_reals(network, evaluate(network, to_integers(network, x)))
    assert found.tolist() == value.tolist()


def test_an_einsum_with_batch_normalisation_and_a_merge_is_exact(tmp_path):
    random = np.random.default_rng(2)
    kernel = random.normal(0, 1, (4, 4)).astype(np.float32)
    bias, gamma, mean = (random.normal(0, 1, 4).astype(np.float32) for _ in range(3))
    variance = random.uniform(0.5, 2, 4).astype(np.float32)
    iq = Widths(random, (1, 3, 4))
    kq, bq = (Widths(random, s, "kbi", "SAT", weight=True) for s in ((4, 4), (4,)))
    first, second = (Widths(random, (1, 3, 4), overflow="SAT") for _ in range(2))
    arrays = {f"layers/q_einsum_dense_batchnorm/vars/{k}": v for k, v in enumerate(
        (kernel, bias, gamma, np.float32(0), np.uint32(0), mean, variance))}  # fmt: skip
    for key, one in (("iq", iq), ("kq", kq), ("bq", bq)):
        _put(arrays, f"layers/q_einsum_dense_batchnorm/{key}", one)
    _put(arrays, "layers/q_add/iq/quantizers/quantizer", first)
    _put(arrays, "layers/q_add/iq/quantizers/quantizer_1", second)
    layers = [
        _input([3, 4]),
        _layer("QEinsumDenseBatchnorm", "e", ["x"], equation="...c,cC->...C", bias_axes="C",
               activation="relu", enable_iq=True, enable_oq=False, iq_conf=iq.conf,
               kq_conf=kq.conf, bq_conf=bq.conf),
        _layer("Permute", "p", ["e"], dims=[1, 2]),
        _layer("QAdd", "a", ["e", "p"], enable_iq=True, enable_oq=False,
               iq_confs=[first.conf, second.conf]),
        _layer("Flatten", "f", ["a"]),
    ]  # fmt: skip
    path = tmp_path / "m.keras"
    _save(path, layers, arrays, "f")
    network = import_model(path)
    x = random.normal(0, 3, (40, 3, 4))
    scaler = (gamma / np.sqrt(variance + np.float32(1e-7))).astype(np.float32)
    fused = (kernel * scaler[None]).astype(np.float32).astype(float)
    added = (bias + (-mean * scaler).astype(np.float32)).astype(np.float32).astype(float)
    value = np.maximum(iq(x) @ kq(fused) + bq(added), 0)
    value = (first(value) + second(value)).reshape(40, -1)
    found = to_reals(network, evaluate(network, to_integers(network, x)))
    assert found.tolist() == value.tolist()


def test_a_layer_or_file_that_is_not_read_is_one_line(tmp_path):
    path = tmp_path / "m.keras"
    _save(path, [_input([4]), _layer("Lambda", "bad", ["x"], function="rm -rf")], {"a": 1.0}, "bad")
    with pytest.raises(InputError, match=r"layer 'bad' .Lambda.: a layer that is not read; known"):
        import_model(path)
    _save(path, [_input([None]), _layer("Flatten", "f", ["x"])], {"a": 1.0}, "f")
    with pytest.raises(InputError, match=r"its shape \[None\] must be numbers"):
        import_model(path)
    dense = _layer("QDense", "d", ["x"], iq_conf=_conf("flt", "SAT"))
    _save(path, [_input([4]), dense], {"a": 1.0}, "d")
    with pytest.raises(InputError, match="quantiser 'iq' is of kind 'flt'"):
        import_model(path)
    path.write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(InputError, match=r"not a .keras file, or cut off"):
        import_model(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(InputError, match=r"has no model.weights.h5"):
        import_model(path)


def _answers(path, x):
    network = import_model(path)
    return to_reals(network, evaluate(network, to_integers(network, x)))


@pytest.mark.parametrize("overflow", ["WRAP", "SAT"])
def test_layers_of_tables_that_read_the_input_in_many_ways_are_exact(tmp_path, overflow):
    random = np.random.default_rng(5)
    inputs, outputs, hidden = 4, 3, 2
    iq = Widths(random, (1, inputs, outputs), overflow=overflow)
    toq = Widths(random, (1, inputs, outputs), overflow="SAT")
    # Multiples of 1/4: the sums are exact in float32.
    first, bias = (random.integers(-4, 5, (inputs, outputs, *more)) / 4
                   for more in ((1, hidden), (hidden,)))  # fmt: skip
    last, offset = (random.integers(-4, 5, (inputs, outputs, *more)) / 4
                    for more in ((hidden,), ()))  # fmt: skip
    folder = "layers/q_dense_t"
    arrays = {f"{folder}/module/layers/einsum_dense/vars/0": first.astype(np.float32),
              f"{folder}/module/layers/einsum_dense/vars/1": bias.astype(np.float32),
              f"{folder}/module/layers/einsum_dense_1/vars/0": last.astype(np.float32),
              f"{folder}/module/layers/einsum_dense_1/vars/1": offset.astype(np.float32),
              }  # fmt: skip
    _put(arrays, f"{folder}/iq", iq)
    _put(arrays, f"{folder}/toq", toq)
    keys = {"n_out": outputs, "n_hl": 1, "d_hl": hidden, "use_bias": True, "enable_iq": True,
            "subnn_activation": {"class_name": "function", "config": "relu"},
            "activation": "relu", "iq_conf": iq.conf, "toq_conf": toq.conf}  # fmt: skip
    path = tmp_path / "m.keras"
    _save(path, [_input([inputs]), _layer("QDenseT", "t", ["x"], **keys)], arrays, "t")
    x = random.normal(0, 3, (300, inputs))
    copies = iq(np.repeat(x[:, :, None], outputs, axis=2))
    inner = np.maximum(copies[..., None] * first[:, :, 0] + bias, 0)
    value = toq((inner * last).sum(axis=3) + offset)
    assert _answers(path, x).tolist() == np.maximum(value.sum(axis=1), 0).tolist()


def test_windows_sums_and_batch_normalisation_are_exact(tmp_path):
    random = np.random.default_rng(6)
    kernel = random.normal(0, 1, (3, 2, 4)).astype(np.float32)
    bias, gamma, beta, mean = (random.normal(0, 1, 4).astype(np.float32) for _ in range(4))
    variance = random.uniform(0.5, 2, 4).astype(np.float32)
    shapes = {"iq": (1, 8, 2), "kq": kernel.shape, "bq": (4,)}
    conv = {key: Widths(random, shape, overflow="SAT", weight=key != "iq")
            for key, shape in shapes.items()}  # fmt: skip
    norm = {key: Widths(random, shape, overflow="SAT", weight=key != "iq")
            for key, shape in {"iq": (1, 4, 4), "kq": (4,), "bq": (4,)}.items()}  # fmt: skip
    arrays = {"layers/q_conv1d/vars/0": kernel, "layers/q_conv1d/vars/1": bias}
    arrays |= {f"layers/q_batch_normalization/vars/{k}": v
               for k, v in enumerate((gamma, beta, mean, variance))}  # fmt: skip
    for folder, those in (("q_conv1d", conv), ("q_batch_normalization", norm)):
        for key, one in those.items():
            _put(arrays, f"layers/{folder}/{key}", one)

    def confs(those):
        return {f"{key}_conf": one.conf for key, one in those.items()} | {"enable_iq": True}

    layers = [
        _input([8, 2]),
        _layer("QConv1D", "c", ["x"], kernel_size=[3], strides=[2], padding="same",
               dilation_rate=[1], groups=1, activation="relu", use_bias=True, **confs(conv)),
        _layer("QBatchNormalization", "n", ["c"], axis=-1, epsilon=1e-3, center=True, scale=True,
               **confs(norm)),
        _layer("MaxPooling1D", "m", ["n"], pool_size=[2], strides=[2], padding="valid"),
        _layer("QAveragePooling1D", "a", ["m"], pool_size=[2], enable_iq=False),
        _layer("Concatenate", "j", ["a", "a"], axis=-1),
        _layer("QSum", "s", ["j"], axes=[1], scale=0.5, enable_iq=False),
        _layer("GlobalMaxPooling1D", "g", ["m"]),
        _layer("Concatenate", "all", ["s", "g"], axis=-1),
    ]  # fmt: skip
    path = tmp_path / "m.keras"
    _save(path, layers, arrays, "all")
    x = random.normal(0, 2, (60, 8, 2))
    # Eight places by twos with three taps: one zero is added, behind.
    padded = np.pad(conv["iq"](x), ((0, 0), (0, 1), (0, 0)))
    taps = np.stack([padded[:, k : k + 7 : 2] for k in range(3)], axis=2)
    weights = conv["kq"](kernel.astype(float))
    value = np.einsum("npkc,kco->npo", taps, weights) + conv["bq"](bias.astype(float))
    scale = (gamma / np.sqrt(variance + np.float32(1e-3))).astype(np.float32)
    offset = (beta - mean * scale).astype(np.float32)
    value = norm["iq"](np.maximum(value, 0)) * norm["kq"](scale.astype(float))
    value = value + norm["bq"](offset.astype(float))
    most = value.reshape(60, 2, 2, 4).max(axis=2)
    mean_of_two = most.reshape(60, 1, 2, 4).mean(axis=2)
    summed = 0.5 * np.concatenate([mean_of_two, mean_of_two], axis=2).sum(axis=1)
    wanted = np.concatenate([summed, most.max(axis=1)], axis=1)
    assert _answers(path, x).tolist() == wanted.tolist()


@pytest.mark.parametrize("rounding", ["RND", "TRN"])
@pytest.mark.parametrize("overflow", ["WRAP", "SAT"])
def test_an_input_that_two_layers_quantise_comes_in_once(tmp_path, rounding, overflow):
    random = np.random.default_rng(7)
    first, second = (Widths(random, (1, 5), overflow=overflow, rounding=rounding)
                     for _ in range(2))  # fmt: skip
    arrays = {}
    _put(arrays, "layers/q_add/iq/quantizers/quantizer", first)
    _put(arrays, "layers/q_add/iq/quantizers/quantizer_1", second)
    layer = _layer("QAdd", "a", ["x", "x"], enable_iq=True, enable_oq=False,
                   iq_confs=[first.conf, second.conf])  # fmt: skip
    path = tmp_path / "m.keras"
    _save(path, [_input([5]), layer], arrays, "a")
    x = random.normal(0, 4, (400, 5))
    assert import_model(path).input_elements == 5
    assert _answers(path, x).tolist() == (first(x) + second(x)).tolist()


def test_a_mean_of_three_is_refused(tmp_path):
    layers = [_input([6, 1]), _layer("AveragePooling1D", "p", ["x"], pool_size=[3])]
    path = tmp_path / "m.keras"
    _save(path, layers, {}, "p")
    with pytest.raises(InputError, match=r"layer 'p'.*it multiplies by 0\.333"):
        import_model(path, FixedPoint.parse("SQ(3,2)"))
