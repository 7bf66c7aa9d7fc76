"""Good files of graphs and of other tools' models, for :mod:`tests.fuzz` to break."""

import functools
import io
import json
import random
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from hexcoder.fixed_point import FixedPoint
from hexcoder.models.importers.files import import_model
from hexcoder.network.golden import evaluate
from hexcoder.network.schema import load_network, network_values


def graph(random_: random.Random) -> bytes:
    """A network.json of version 2."""
    from tests.networks import drawn_graph

    return json.dumps(network_values(drawn_graph(random_, random_.randint(2, 6)))).encode()


def read_graph(good: Path, file: Path) -> object:
    """Load it, and evaluate it."""
    network = load_network(file)
    low, high = network.input_bounds
    return evaluate(network, np.array([low, high]))


def onnx(random_: random.Random) -> bytes:
    """A small quantised model with most operators."""
    from tests.models.importers.test_onnx import Model

    model = Model(random_.randrange(99), ("x", (2, 4, 4)))
    hidden = model.op("Conv", "x", model.weights((2, 2, 2, 2), 0.3), pads=[0, 1, 1, 0])
    hidden = model.quant(model.op("Relu", model.normalised(hidden, 2)), 0.3, 3, signed=0)
    hidden = model.op("MaxPool", hidden, kernel_shape=[2, 2], strides=[2, 2])
    hidden = model.op("Reshape", hidden, model.constant([1, 8]))
    hidden = model.op("MatMul", hidden, model.weights((8, 2), 0.25))
    hidden = model.op("Add", hidden, model.constant([0.5, -0.25]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.onnx"
        model.save(path, hidden)
        return path.read_bytes()


def keras(random_: random.Random) -> bytes:
    """A dense layer of HGQ2."""
    from tests.models.importers import test_hgq as made

    numbers = np.random.default_rng(random_.randrange(99))
    kernel = numbers.normal(0, 2, (3, 2)).astype(np.float32)
    arrays = {"layers/q_dense/vars/0": kernel, "layers/q_dense/vars/1": kernel[0]}
    widths = {"iq": made.Widths(numbers, (1, 3)),
              "kq": made.Widths(numbers, (3, 2), "kbi", "SAT", weight=True),
              "bq": made.Widths(numbers, (2,), "kbi", "SAT", weight=True)}  # fmt: skip
    for key, one in widths.items():
        made._put(arrays, f"layers/q_dense/{key}", one)
    conf = {f"{key}_conf": one.conf for key, one in widths.items()}
    layer = made._layer("QDense", "d", ["x"], units=2, activation="relu", use_bias=True,
                        enable_iq=True, enable_oq=False, **conf)  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.keras"
        made._save(path, [made._input([3]), layer], arrays, "d")
        return path.read_bytes()


def keras_config(random_: random.Random) -> bytes:
    """The configuration inside, alone: broken, it is put into a whole file."""
    with zipfile.ZipFile(io.BytesIO(keras(random_))) as archive:
        return archive.read("config.json")


def read_keras_config(good: Path, file: Path) -> object:
    """A whole .keras file with a broken configuration."""
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(keras(random.Random(1)))) as archive:
        weights = archive.read("model.weights.h5")
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("config.json", file.read_bytes())
        archive.writestr("model.weights.h5", weights)
    path = file.with_suffix(".keras")
    path.write_bytes(content.getvalue())
    return import_model(path)


def quantize_linear(random_: random.Random) -> bytes:
    """A dense layer between pairs of ONNX's own quantisers."""
    from tests.models.importers.test_quantize_linear import Linear

    model = Linear(random_.randrange(99), ("x", (4,)))
    hidden = model.pair("x", 0.21, "uint8", 7, (1, 90))
    hidden = model.op("MatMul", hidden, model.integers((4, 3), [0.1, 0.2, 0.3], axis=1))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.onnx"
        model.save(path, model.pair(hidden, 0.3), opset=21)
        return path.read_bytes()


@functools.cache
def _exported() -> bytes:
    """A small module of torch with weights of few bits, as torch.export writes it."""
    import torch

    from hexcoder.models.importers.floats.exported import exported_module

    module = torch.nn.Sequential(
        torch.nn.Linear(4, 4), torch.nn.MaxPool1d(2), torch.nn.Linear(2, 2)
    )
    for part in module.parameters():
        part.data = torch.round(4 * part.data) / 4
    return exported_module(module, [np.zeros((1, 4, 4))])


def torch_graph(random_: random.Random) -> bytes:
    """The graph inside, alone: broken, it is put into a whole file."""
    with zipfile.ZipFile(io.BytesIO(_exported())) as archive:
        (name,) = (one for one in archive.namelist() if one.endswith("models/model.json"))
        return archive.read(name)


def read_torch_graph(good: Path, file: Path) -> object:
    """A whole .pt2 file with a broken graph."""
    path = file.with_suffix(".pt2")
    with zipfile.ZipFile(io.BytesIO(_exported())) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            is_graph = name.endswith("models/model.json")
            new.writestr(name, file.read_bytes() if is_graph else old.read(name))
    return import_model(path, FixedPoint.parse("SQ(3,3)"))


def conifer(random_: random.Random) -> bytes:
    """Trees of conifer."""
    from tests.models.importers.test_trees import _conifer

    return json.dumps(_conifer(np.random.default_rng(random_.randrange(99)))[0]).encode()


def xgboost(random_: random.Random) -> bytes:
    """Trees of XGBoost."""
    from tests.models.importers.test_trees import _xgboost

    return json.dumps(_xgboost(np.random.default_rng(random_.randrange(99)))[0]).encode()


def importer(suffix: str):
    """Import the broken file under a name that says what it should be."""

    def run(good: Path, file: Path) -> object:
        path = file.with_suffix(suffix)
        path.write_bytes(file.read_bytes())
        return import_model(path, FixedPoint.parse("SQ(3,3)"))

    return run


def lightgbm(random_: random.Random) -> bytes:
    """A booster's text."""
    from tests.models.importers.test_ensembles import _lightgbm

    return _lightgbm(np.random.default_rng(random_.randrange(99)))[0].encode()


def ensemble(random_: random.Random) -> bytes:
    """Trees of ONNX."""
    from tests.models.importers.test_ensembles import _ensemble, _model

    numbers = np.random.default_rng(random_.randrange(99))
    with tempfile.TemporaryDirectory() as folder:
        attributes = _ensemble(numbers, "target", 2, "BRANCH_LT")
        path = _model(Path(folder), "TreeEnsembleRegressor", n_targets=2, **attributes)
        return path.read_bytes()


def alir(random_: random.Random) -> bytes:
    """A program of alkaid."""
    from tests.models.importers.test_alir import PROGRAMS, _program

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "p.json"
        _program(random_.choice(sorted(PROGRAMS)), path)
        return path.read_bytes()
