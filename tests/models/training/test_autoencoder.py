import json

import pytest

from hexcoder.config import load_config
from hexcoder.errors import InputError
from hexcoder.models.decoder import load_decoder
from hexcoder.models.evaluation.physics import evaluate_events
from hexcoder.models.training.stage import TRAIN
from hexcoder.network.schema import load_network
from hexcoder.sensor.events import load_events
from hexcoder.steps.runner import run_stage


def _tiny(**training):
    config = load_config("configs/tiny.toml")
    data = config.data.model_copy(update={"count": 300})
    chosen = config.training.model_copy(update={"epochs": 1} | training)
    return config.model_copy(update={"data": data, "training": chosen})


def _keep(folder, tmp_path, name):
    kept = tmp_path / name
    kept.mkdir()
    for file in (folder / "network.json", folder / "train" / "decoder.safetensors"):
        (kept / file.name).write_bytes(file.read_bytes())
    return kept


def test_given_weights_are_used_as_they_are(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    run_stage(TRAIN, _tiny(), first)
    kept = _keep(first, tmp_path, "kept")
    metrics = run_stage(TRAIN, _tiny(weights=str(kept), seed=9), second).metrics
    assert (first / "network.json").read_bytes() == (second / "network.json").read_bytes()
    assert metrics["history"] == []
    assert metrics["torch_against_golden"]["mismatches"] == 0
    again = evaluate_events(
        load_network(kept / "network.json"),
        load_decoder(kept / "decoder.safetensors"),
        load_events(second / "train" / "held_out.csv"),
    )
    assert again.physics.emd_mean == pytest.approx(metrics["physics"]["emd_mean"])


def test_given_weights_of_another_shape_are_refused(tmp_path):
    run_stage(TRAIN, _tiny(), tmp_path / "run")
    kept = _keep(tmp_path / "run", tmp_path, "kept")
    other = _tiny(weights=str(kept))
    network = other.network.model_copy(
        update={"input_type": other.network.input_type.parse("UQ(1,6)")}
    )
    with pytest.raises(InputError, match=r"training\.weights"):
        run_stage(TRAIN, other.model_copy(update={"network": network}), tmp_path / "run")
    with pytest.raises(InputError, match="no such file"):
        run_stage(TRAIN, _tiny(weights=str(tmp_path / "nowhere")), tmp_path / "run")


def test_an_edited_network_is_evaluated_anew_and_not_called_proved(tmp_path):
    trained = run_stage(TRAIN, _tiny(), tmp_path)
    assert trained.metrics["torch_against_golden"]["mismatches"] == 0
    path = tmp_path / "network.json"
    values = json.loads(path.read_text())
    layer = next(layer for layer in values["layers"] if "biases" in layer)
    layer["biases"] = [bias + 1 for bias in layer["biases"]]
    path.write_text(json.dumps(values))
    edited = load_network(path)
    outcome = run_stage(TRAIN, _tiny(), tmp_path)
    assert outcome.ran == ("train.measure", "train.agree")
    assert outcome.metrics["physics"]["emd_mean"] != trained.metrics["physics"]["emd_mean"]
    assert outcome.metrics["torch_against_golden"] is None
    reason = outcome.metrics["not_measured"]["torch_against_golden"]
    assert reason == "network.json is not the network that training wrote"
    assert load_network(path) == edited
