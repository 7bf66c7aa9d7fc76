import json

import pytest

from hexcoder.config import load_config
from hexcoder.errors import InputError
from models.evaluation.physics import evaluate_files
from models.training.stage import train
from network.schema import load_network


def _tiny(**training):
    config = load_config("configs/tiny.toml")
    data = config.data.model_copy(update={"count": 300})
    chosen = config.training.model_copy(update={"epochs": 1} | training)
    return config.model_copy(update={"data": data, "training": chosen})


def _keep(folder, tmp_path, name):
    kept = tmp_path / name
    kept.mkdir()
    for file in ("network.json", "decoder.safetensors"):
        (kept / file).write_bytes((folder / file).read_bytes())
    return kept


def test_given_weights_are_used_as_they_are(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    train(_tiny(), first)
    kept = _keep(first, tmp_path, "kept")
    train(_tiny(weights=str(kept), seed=9), second)
    assert (first / "network.json").read_bytes() == (second / "network.json").read_bytes()
    metrics = json.loads((second / "metrics.json").read_text())
    assert metrics["history"] == []
    assert metrics["torch_against_golden"]["mismatches"] == 0
    again = evaluate_files(
        load_network(kept / "network.json"), kept / "decoder.safetensors", second / "held_out.csv"
    )
    assert again.emd_mean == pytest.approx(metrics["physics"]["emd_mean"])


def test_given_weights_of_another_shape_are_refused(tmp_path):
    (tmp_path / "run").mkdir()
    train(_tiny(), tmp_path / "run")
    kept = _keep(tmp_path / "run", tmp_path, "kept")
    other = _tiny(weights=str(kept))
    network = other.network.model_copy(
        update={"input_type": other.network.input_type.parse("UQ(1,6)")}
    )
    with pytest.raises(InputError, match=r"training\.weights"):
        train(other.model_copy(update={"network": network}), tmp_path / "run")
    with pytest.raises(InputError, match="no such file"):
        train(_tiny(weights=str(tmp_path / "nowhere")), tmp_path / "run")
