"""Networks with answers: from a config or a module to integers that answer."""

import json

import numpy as np
import pytest
import torch
from torch import nn as torch_nn

import hexcoder
from hexcoder import nn
from hexcoder.config import Config
from hexcoder.errors import InputError
from hexcoder.models.__main__ import main
from hexcoder.models.data.generators import NAMES, generate_task
from hexcoder.models.data.labelled import read_labelled, save_samples, split_labelled
from hexcoder.models.evaluation.answers import answer, figures_of
from hexcoder.models.training.agree import agree
from hexcoder.models.training.task import fit_task

DENSE = [
    {"kind": "dense", "outputs": 6, "output_type": "UQ(3,3)"},
    {"kind": "dense", "outputs": 2, "output_type": "SQ(4,3)", "activation": "none"},
]


def _config(network, data=None, **training):
    return Config.model_validate(
        {
            "name": "small",
            "data": {"count": 600} | (data or {}),
            "network": {"input_type": "SQ(3,4)"} | network,
            "training": {"epochs": 3, "batch_size": 64, "learning_rate": 0.01} | training,
            "quantisation": {"weight_type": "SQ(2,4)", "learned": ["weights", "activations"]},
        }
    )


CONFIGS = {
    "segments": _config(
        {"kind": "classifier", "input_shape": [12, 3], "architecture": "interaction_network"},
        {"generator": "segments"},
    ),
    "showers": _config(
        {"kind": "classifier", "input_shape": [16, 4], "architecture": "garnet"},
        {"generator": "showers"},
    ),
    "collisions": _config(
        {"kind": "anomaly", "input_shape": [57], "architecture": "variational"},
        {"generator": "collisions"},
    ),
    "muons": _config(
        {"kind": "regressor", "input_shape": [8], "layers": [
            {"kind": "dense", "outputs": 5, "output_type": "UQ(3,3)"},
            {"kind": "dense", "outputs": 1, "output_type": "SQ(3,5)", "activation": "none"},
        ]},
        {"generator": "muons"},
        pruning={"sparsity": 0.3},
    ),
    "flavour": _config(
        {"kind": "classifier", "input_shape": [10, 4], "layers": [
            {"kind": "conv1d", "filters": 3, "kernel": [3], "stride": [2],
             "output_type": "UQ(3,3)"},
            {"kind": "flatten"},
            *DENSE,
        ]},
        {"generator": "flavour"},
        adder_cost=0.05, average=0.9,
    ),
    "digits": _config(
        {"kind": "classifier", "input_shape": [12, 12, 1], "standardise": False, "layers": [
            {"kind": "conv2d", "filters": 2, "kernel": [3, 3], "stride": [2, 2],
             "output_type": "UQ(2,2)"},
            {"kind": "max_pool", "window": [2, 2]},
            {"kind": "flatten"},
            {"kind": "dense", "outputs": 8, "weight_type": "binary", "activation": "binary"},
            {"kind": "dense", "outputs": 10, "weight_type": "ternary", "activation": "none",
             "output_type": "SQ(6,0)"},
        ]},
        {"generator": "digits"},
    ),
    "tables of muons": _config(
        {"kind": "regressor", "input_shape": [8], "layers": [
            {"kind": "thermometer", "bits": 5},
            {"kind": "tables", "outputs": 30, "fan_in": 3},
            {"kind": "tables", "outputs": 20, "candidates": 8},
            {"kind": "group_sum", "groups": 1, "fraction_bits": 2, "centred": True},
        ]},
        {"generator": "muons"},
        adder_cost=1.0, learning_rate=0.03,
    ),
    "tables of float codes": _config(
        {"kind": "regressor", "input_shape": [8], "layers": [
            {"kind": "float_code", "exponent_bits": 2, "mantissa_bits": 2},
            {"kind": "tables", "outputs": 20, "fan_in": 3},
            {"kind": "group_sum", "groups": 1, "fraction_bits": 2, "centred": True},
        ]},
        {"generator": "muons"},
        adder_cost=1.0, learning_rate=0.03,
    ),
    "tables behind sums": _config(
        {"kind": "classifier", "input_shape": [10], "layers": [
            {"kind": "dense", "outputs": 5, "output_type": "SQ(3,3)", "activation": "none"},
            {"kind": "thermometer", "bits": 3},
            {"kind": "tables", "outputs": 12},
            {"kind": "dense", "outputs": 2, "output_type": "SQ(4,3)", "activation": "none"},
        ]},
        {"generator": "clusters"},
        learning_rate=0.03, average=0.5,
    ),
}  # fmt: skip


@pytest.mark.parametrize("task", CONFIGS)
def test_every_kind_trains_and_is_exact(task, tmp_path, monkeypatch):
    monkeypatch.setattr("hexcoder.models.training.agree.VECTORS", 2000)
    config = CONFIGS[task]
    network, sample, kept_back, history = fit_task(config, tmp_path, lambda one: one.run())
    assert len(history) == 3
    assert history[-1][0] < history[0][0]
    assert len(sample) + len(kept_back) == 600
    save_samples(tmp_path / "samples.npz", kept_back.inputs, kept_back.answers)
    found = agree(config, tmp_path / "network.json", tmp_path).torch_against_golden
    assert found.mismatches == 0
    assert found.vectors > 2000
    figures = figures_of(config.network.kind, answer(network, kept_back.inputs), kept_back.answers)
    assert figures.samples == len(kept_back)


def test_a_killed_training_goes_on_to_the_same_network(tmp_path):
    config = CONFIGS["flavour"]
    (tmp_path / "whole").mkdir()
    (tmp_path / "killed").mkdir()
    whole, *_ = fit_task(config, tmp_path / "whole", lambda one: one.run())

    def stop(epoch):
        if epoch.epoch == 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_task(config, tmp_path / "killed", lambda one: one.run(stop))
    again, *_ = fit_task(config, tmp_path / "killed", lambda one: one.run())
    assert again == whole


def test_trees_are_trained_on_what_the_hardware_sees(tmp_path):
    xgboost = pytest.importorskip("xgboost")
    config = _config(
        {"kind": "trees", "input_shape": [10], "input_type": "UQ(6,2)", "trees": 4, "depth": 3,
         "leaf_fraction_bits": 5},
        {"generator": "clusters"},
    )  # fmt: skip
    network, sample, kept_back, _ = fit_task(config, tmp_path, lambda one: None)
    rounded = np.rint(sample.inputs / 0.25).clip(0, 255) * 0.25
    booster = xgboost.train(
        {"max_depth": 3, "learning_rate": 0.3, "seed": 1, "tree_method": "hist",
         "objective": "binary:logistic", "nthread": 1},
        xgboost.DMatrix(rounded, label=sample.answers), num_boost_round=4,
    )  # fmt: skip
    held = np.rint(kept_back.inputs / 0.25).clip(0, 255) * 0.25
    margin = booster.predict(xgboost.DMatrix(held), output_margin=True)
    # Four leaves, each rounded to a 32nd.
    assert np.abs(answer(network, kept_back.inputs)[:, 0] - margin).max() <= 4 / 64 + 1 / 32


def test_figures_by_hand():
    classes = figures_of("classifier", np.array([[1.0, 0], [0, 2], [3, 1]]), np.array([0, 1, 1]))
    assert classes.accuracy == pytest.approx(2 / 3)
    bits = figures_of("classifier", np.array([[-1.0], [2], [3], [-2]]), np.array([0, 1, 0, 0]))
    assert bits.accuracy == 0.75
    # The true one scores above two of three.
    assert bits.area_under_curve == pytest.approx(2 / 3)
    same = figures_of("anomaly", np.ones((4, 1)), np.array([0, 1, 0, 1]))
    assert same.area_under_curve == 0.5
    line = figures_of("regressor", np.array([[1.0], [3.0]]), np.array([[0.0], [4.0]]))
    assert (line.rms_error, line.explained_variance) == (1.0, 0.75)


def test_a_generator_draws_the_same_twice():
    assert len(NAMES) == 10
    for name in NAMES:
        first, again = (generate_task(name, 40, 7) for _ in range(2))
        np.testing.assert_array_equal(first[0], again[0])
        np.testing.assert_array_equal(first[1], again[1])
        assert np.isfinite(first[0]).all()
        assert len(first[0]) == len(first[1]) == 40


class Two(torch_nn.Module):
    def __init__(self):
        super().__init__()
        self.left, self.right = (nn.Dense(2, 3, "UQ(3,3)") for _ in range(2))
        self.out = nn.Dense(3, 2, "SQ(4,3)", activation="none")

    def forward(self, a, b):
        return self.out(self.left(a) + self.right(b))


def test_a_module_of_ones_own_learns_from_python():
    torch.manual_seed(1)
    x = np.random.default_rng(0).normal(0, 1, (600, 4))
    y = (x[:, 0] + x[:, 2] > x[:, 1]).astype(int)
    inputs = {"a": ((2,), "SQ(3,4)"), "b": ((2,), "SQ(3,4)")}
    module, losses = Two(), []
    network = hexcoder.train_model(
        module, inputs, x, y, name="two", epochs=12, learning_rate=0.02, batch_size=32,
        progress=lambda epoch: losses.append(epoch.training_loss),
    )  # fmt: skip
    assert hexcoder.score(network, x, y).accuracy > 0.9
    assert len(losses) == 12
    assert hexcoder.freeze(module, inputs, "two") == network


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y": np.zeros(5)}, "600 inputs, 5 answers"),
        ({"y": np.full(600, 7)}, "classes go from 7 to 7"),
        ({"y": np.zeros(600)}, "must be integers"),
        ({"inputs": {"a": (2, "SQ(3,4)")}}, "inputs: "),
        ({"inputs": {"a": ((2,), "Q7")}}, "'Q7' is not a type"),
        ({"inputs": {"a": ((2,), "SQ(3,4)")}}, "model Two: "),
        ({"epochs": 0}, "settings of training: key 'epochs'"),
        ({"x": np.full((600, 4), np.nan)}, "not finite"),
        ({"x": np.zeros((600, 3))}, "network two takes|inputs have shape"),
    ],
)
def test_what_does_not_fit_is_one_line(changes, message):
    given = {
        "inputs": {"a": ((2,), "SQ(3,4)"), "b": ((2,), "SQ(3,4)")},
        "x": np.zeros((600, 4)),
        "y": np.zeros(600, dtype=int),
        "name": "two",
    } | changes
    with pytest.raises(InputError, match=message):
        hexcoder.train_model(Two(), **given)


@pytest.mark.parametrize("form", ["npz", "csv", "parquet"])
def test_samples_of_ones_own(form, tmp_path):
    x, y = np.arange(24.0).reshape(8, 3) / 4, np.arange(8) % 2
    path = tmp_path / f"samples.{form}"
    if form == "npz":
        np.savez(path, x=x, y=y)
    elif form == "csv":
        rows = ["a,b,c,y", *(f"{','.join(map(str, r))},{t}" for r, t in zip(x, y, strict=True))]
        path.write_text("\n".join(rows))
    else:
        pa = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        parquet.write_table(pa.table({"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "y": y}), path)
    found = read_labelled(path, "y")
    np.testing.assert_array_equal(found.inputs, x)
    np.testing.assert_array_equal(found.answers, y)
    with pytest.raises(InputError, match="'z'"):
        read_labelled(path, "z")
    config = _config(
        {"kind": "classifier", "input_shape": [3], "layers": DENSE}, {"events": str(path)}
    )
    assert [len(part) for part in split_labelled(config)] == [6, 2]


BAD = {
    "data.generator": ({"kind": "classifier", "input_shape": [3], "layers": DENSE}, {}),
    "give 'layers' or 'architecture'": ({"kind": "classifier", "input_shape": [3]}, {}),
    "'output_type' is missing": (
        {"kind": "classifier", "input_shape": [3], "layers": [{"kind": "dense", "outputs": 2}]},
        {},
    ),
    "network.input_shape": (
        {"kind": "classifier", "input_shape": [3], "layers": DENSE}, {"generator": "muons"},
    ),
    "conv1d takes 2 axes": (
        {"kind": "classifier", "input_shape": [8], "layers": [
            {"kind": "conv1d", "filters": 2, "kernel": [2], "output_type": "UQ(2,2)"}]},
        {"generator": "muons"},
    ),
    "a thermometer stands behind the input, or": (
        {"kind": "classifier", "input_shape": [8, 1], "layers": [
            {"kind": "sum_pool", "window": [2]}, {"kind": "thermometer", "bits": 2}]},
        {"generator": "muons"},
    ),
    "a float code stands behind the input": (
        {"kind": "classifier", "input_shape": [8], "layers": [
            {"kind": "dense", "outputs": 2, "output_type": "UQ(2,2)"},
            {"kind": "float_code", "exponent_bits": 2, "mantissa_bits": 2}]},
        {"generator": "muons"},
    ),
    "read bits, UQ(1,0); they get SQ(3,4)": (
        {"kind": "regressor", "input_shape": [8], "layers": [{"kind": "tables", "outputs": 2}]},
        {"generator": "muons"},
    ),
    "16 bits in 3 groups: these are not of equal size": (
        {"kind": "regressor", "input_shape": [8], "layers": [
            {"kind": "thermometer", "bits": 2}, {"kind": "group_sum", "groups": 3}]},
        {"generator": "muons"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("message", BAD)
def test_a_wrong_config_is_one_line(message, tmp_path):
    import tomli_w

    network, data = BAD[message]
    path = tmp_path / "bad.toml"
    values = {"name": "bad", "network": {"input_type": "SQ(3,4)"} | network}
    path.write_text(tomli_w.dumps(values | ({"data": data} if data else {})))
    with pytest.raises(InputError) as raised:
        main(["train", "--config", str(path), "--build", str(tmp_path / "build")])
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_the_metrics_say_how_well_it_answers(tmp_path):
    import tomli_w

    path = tmp_path / "mine.toml"
    values = CONFIGS["muons"].model_dump(mode="json", exclude_none=True, exclude_unset=True)
    path.write_text(tomli_w.dumps(values))
    assert main(["train", "--config", str(path), "--build", str(tmp_path / "build")]) == 0
    found = json.loads((tmp_path / "build" / "train" / "metrics.json").read_text())
    assert found["task"]["samples"] == 120
    assert 0 < found["task"]["rms_error"] < 3
    assert found["torch_against_golden"]["mismatches"] == 0
    assert found["physics"] is None


@pytest.mark.parametrize(
    ("kind", "answers", "message"),
    [
        ("classifier", np.full(20, 9), "classes go from 9 to 9"),
        ("trees", np.full(20, 9), "give all of 0 to the last"),
        ("trees", np.zeros(20, int), "at least two"),
        ("anomaly", np.ones(20, int), "no sample has the answer 0"),
        ("anomaly", np.linspace(0, 1, 20), "answers must be 0"),
        ("classifier", np.array(3), "'y' is a number"),
    ],
)
def test_answers_that_do_not_suit_are_one_line(kind, answers, message, tmp_path):
    pytest.importorskip("xgboost")
    path = tmp_path / "samples.npz"
    np.savez(path, x=np.random.default_rng(1).normal(0, 1, (20, 3)), y=answers)
    shape = {"layers": DENSE} if kind == "classifier" else {}
    shape |= {"architecture": "variational"} if kind == "anomaly" else {}
    config = _config({"kind": kind, "input_shape": [3], **shape}, {"events": str(path)})
    with pytest.raises(InputError, match=message) as raised:
        fit_task(config, tmp_path, lambda one: one.run())
    assert "samples.npz" in str(raised.value)


def _run(trainer):
    trainer.run()


def test_tables_learn_what_a_network_of_sums_answers(tmp_path):
    """A third of the answers are wrong, none of the teacher's: it knows the rule."""
    random = np.random.default_rng(1)
    x = random.integers(-8, 8, (600, 3)) / 4
    rule = (x[:, 0] + x[:, 1] > 0).astype(int)
    y = np.where(random.random(600) < 0.33, 1 - rule, rule)
    np.savez(tmp_path / "x.npz", x=x, y=y)
    teacher = {
        "format": "hexcoder-network", "version": 2, "name": "rule",
        "inputs": [{"name": "x", "shape": [3], "type": "SQ(2,2)"}],
        "nodes": [{"kind": "linear", "name": "sums", "inputs": ["x"], "biases": [1, 0],
                   "weights": [[-1, 1], [-1, 1], [0, 0]]}],
        "outputs": [{"node": "sums"}],
    }  # fmt: skip
    (tmp_path / "network.json").write_text(json.dumps(teacher))
    layers = [
        {"kind": "thermometer", "bits": 5},
        {"kind": "tables", "outputs": 40, "fan_in": 4},
        {"kind": "group_sum", "groups": 2},
    ]
    network = {
        "kind": "classifier", "input_shape": [3], "input_type": "SQ(2,2)", "standardise": False,
        "layers": layers,
    }  # fmt: skip
    found = {}
    for name, more in (
        ("plain", {}),
        ("taught", {"teacher": {"folder": str(tmp_path), "weight": 1.0}}),
    ):
        folder = tmp_path / name
        folder.mkdir()
        data = {"events": str(tmp_path / "x.npz")}
        made = fit_task(_config(network, data, **{"epochs": 40, "learning_rate": 0.03}, **more),
                        folder, _run)[0]  # fmt: skip
        found[name] = (answer(made, x).argmax(axis=1) == rule).mean()
    assert found["taught"] > 0.9, found
    assert found["taught"] > found["plain"] + 0.02


def test_a_teacher_that_does_not_fit_is_one_line(tmp_path):
    layers = [{"kind": "dense", "outputs": 3, "output_type": "SQ(6,4)", "activation": "none"}]
    network = {"kind": "regressor", "input_shape": [8], "layers": layers}
    data = {"generator": "muons"}
    path = tmp_path / "x.npz"
    np.savez(path, x=np.zeros((40, 8)), y=np.zeros((40, 3)))
    fit_task(_config(network, {"events": str(path)}, epochs=1), tmp_path, _run)
    student = {"kind": "regressor", "input_shape": [8], "layers": [layers[0] | {"outputs": 1}]}
    config = _config(student, data, teacher={"folder": str(tmp_path)})
    with pytest.raises(InputError, match=r"elements of its outputs are \[3\], the network's own"):
        fit_task(config, tmp_path, _run)
    config = _config(CONFIGS["collisions"].network.model_dump(), {"generator": "collisions"},
                     teacher={"folder": str(tmp_path)})  # fmt: skip
    with pytest.raises(InputError, match="kind 'anomaly' takes no teacher"):
        fit_task(config, tmp_path, _run)
