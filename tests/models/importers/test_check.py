"""A model's own tool beside the imported network."""

import importlib.util
import json

import numpy as np
import pytest

from hexcoder.errors import CheckFailed, InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.models.__main__ import main
from hexcoder.models.importers import check
from hexcoder.models.importers.check import random_inputs
from hexcoder.models.importers.files import import_model
from hexcoder.network.builder import GraphBuilder
from hexcoder.network.golden import evaluate
from hexcoder.network.real_values import to_integers, to_reals
from hexcoder.network.schema import RealInput

xgboost = pytest.importorskip("xgboost")


@pytest.fixture
def model(tmp_path):
    """Three classes, trained by XGBoost; its leaves are sums of a few bits."""
    random = np.random.default_rng(1)
    x = random.integers(0, 64, (400, 5)) / 4
    y = (x[:, 0] > 8).astype(int) + (x[:, 1] > x[:, 2])
    settings = {"max_depth": 3, "objective": "multi:softprob", "num_class": 3, "nthread": 1}
    booster = xgboost.train(settings, xgboost.DMatrix(x, label=y), num_boost_round=3)
    path = tmp_path / "model.json"
    booster.save_model(path)
    return path


def _import(model, *more):
    output = model.with_name("network.json")
    return main(["import", str(model), "-o", str(output), "--input-type", "UQ(4,2)", *more])


def test_the_tool_agrees(model, capsys):
    assert _import(model, "--check", "--vectors", "300") == 0
    assert "XGBoost; 300 samples, 0 tensors compared" in capsys.readouterr().out


@pytest.mark.parametrize(
    "objective",
    ["binary:logistic", "binary:logitraw", "reg:squarederror", "reg:absoluteerror", "reg:logistic",
     "count:poisson", "reg:gamma", "reg:tweedie", "multi:softmax"],
)  # fmt: skip
def test_margins_start_where_the_objective_lets_them(objective, tmp_path):
    random = np.random.default_rng(2)
    x = random.integers(0, 64, (300, 4)) / 4
    y = {"binary": x[:, 0] > 3, "multi": (x[:, 0] > 8) * 1 + (x[:, 1] > 4), "count": x[:, 0]}.get(
        objective.split(":")[0], (x[:, 0] + 1) / 18
    )
    settings = {"max_depth": 2, "objective": objective, "nthread": 1}
    settings |= {"num_class": 3} if objective.startswith("multi") else {}
    data = xgboost.DMatrix(x, label=np.floor(y) if objective[:5] == "count" else y)
    path = tmp_path / "model.json"
    xgboost.train(settings, data, num_boost_round=3).save_model(path)
    network = import_model(path, FixedPoint.parse("UQ(4,2)"), None)
    inputs = random_inputs(network, 200, 1)
    _, arrays = check.own_answers(path, network, inputs)
    found = to_reals(network, evaluate(network, to_integers(network, inputs)))
    np.testing.assert_allclose(found, arrays["outputs"], atol=2e-6)


def test_a_difference_fails(model, monkeypatch):
    """Another booster's answers in place of its own."""
    right = check._xgboost

    def wrong(path, network, inputs):
        arrays = right(path, network, inputs)
        arrays["outputs"] = -arrays["outputs"]
        return arrays

    monkeypatch.setattr(check, "_xgboost", wrong)
    with pytest.raises(CheckFailed, match=r"the greatest output of [0-9]+ samples differs"):
        _import(model, "--check")


def test_a_tool_that_is_not_there_is_named(tmp_path):
    if importlib.util.find_spec("qonnx"):
        pytest.skip("qonnx is installed here")
    from hexcoder.models.exporters.qonnx import save_qonnx

    builder = GraphBuilder("small")
    x = builder.input("x", (3,), "SQ(3,2)")
    builder.output(builder.add("linear", "sums", [x], weights=[[1], [2], [-3]]))
    save_qonnx(builder.network(), tmp_path / "m.onnx")
    with pytest.raises(InputError, match="--check needs qonnx: pip install qonnx"):
        main(["import", str(tmp_path / "m.onnx"), "-o", str(tmp_path / "n.json"), "--check"])


def test_a_tool_that_fails_is_one_line(model, monkeypatch):
    def fails(path, network, inputs):
        raise RuntimeError("no such thing\nand more")

    monkeypatch.setattr(check, "_xgboost", fails)
    with pytest.raises(InputError, match=r"XGBoost itself fails on it: no such thing$"):
        _import(model, "--check")


def test_random_inputs_are_all_integers_of_the_input():
    builder = GraphBuilder("scaled")
    real = RealInput(scale=0.3, offset=-2.0)
    x = builder.input("x", (2,), "SQ(3,0)", real)
    builder.output(builder.add("linear", "sums", [x], weights=[[1], [1]]))
    network = builder.network()
    found = to_integers(network, random_inputs(network, 400, 1))
    assert {*np.unique(found).tolist()} == set(range(-4, 4))


def test_json_says_what_was_compared(model, capsys):
    assert _import(model, "--check", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["samples"] == 200
    assert found["argmax_differs"] == 0
