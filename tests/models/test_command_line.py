import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hexcoder.models.decoder import Decoder, load_decoder, save_decoder
from hexcoder.models.encoder.agreement import save_encoder
from hexcoder.models.encoder.quantised import QuantisedEncoder
from hexcoder.models.evaluation.physics import reconstruct
from hexcoder.network.schema import load_network, save_network
from hexcoder.sensor.baselines import quadrant_super_trigger_cells
from hexcoder.sensor.classical.method import Classical, save_classical
from hexcoder.sensor.events import load_events, write_events
from hexcoder.sensor.generator import generate_events
from hexcoder.sensor.metrics import earth_movers_distance
from tests.commands import run_room
from tests.networks import sensor_network


def _models(*arguments):
    return run_room("models", *arguments)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A network with a decoder and its float weights beside it, and a file of events."""
    folder = tmp_path_factory.mktemp("trained")
    network = sensor_network()
    save_network(network, folder / "network.json")
    (folder / "train").mkdir()
    save_decoder(Decoder(3, network.output.type, (8,)), folder / "train/decoder.safetensors")
    save_encoder(QuantisedEncoder(network), folder / "train/encoder.safetensors")
    events = generate_events(60, seed=2)
    events[7] = 0
    write_events(folder / "events.csv", events)
    return folder


def test_evaluate_prints_the_physics_as_json(trained):
    done = _models(
        "evaluate", trained / "network.json", "--events", trained / "events.csv", "--json"
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["events_counted"], result["events_left_out"]) == (59, 1)
    assert result["bits_per_event"] == 9 + 3 * 7
    assert 0 < result["emd_median"] < 13
    assert set(result) >= {"emd_mean", "emd_standard_deviation", "telescope_loss"}


def test_evaluate_reads_headerless_files_with_further_columns(trained, tmp_path):
    events = load_events(trained / "events.csv")
    rows = [",".join([*map(str, row), "12.5", "3"]) for row in events.tolist()]
    (tmp_path / "plain.csv").write_text("\n".join(rows) + "\n")
    results = [
        json.loads(_models("evaluate", trained / "network.json", "--events", path, "--json").stdout)
        for path in (trained / "events.csv", tmp_path / "plain.csv")
    ]
    assert results[0] == results[1]


def test_baselines_are_evaluated_on_the_same_events(trained):
    done = _models(
        "evaluate", trained / "network.json", "--events", trained / "events.csv", "--json",
        "--baselines",
    )  # fmt: skip
    rows = {row["name"]: row for row in json.loads(done.stdout)["baselines"]}
    events = load_events(trained / "events.csv")
    kept = np.where(events >= 47, events, 0)
    expected = np.nanmean(earth_movers_distance(events, kept))
    assert rows["threshold 47 ADC"]["emd_mean"] == pytest.approx(expected)


def test_check_holds_torch_against_the_golden_model(trained, tmp_path):
    assert _models("check", trained / "network.json", "--vectors", 500).returncode == 0
    value = json.loads((trained / "network.json").read_text())
    value["layers"][2]["weights"][0][0] ^= 1
    (tmp_path / "network.json").write_text(json.dumps(value))
    done = _models(
        "check", tmp_path / "network.json", "--vectors", 500,
        "--encoder", trained / "train/encoder.safetensors",
    )  # fmt: skip
    assert done.returncode == 1
    assert "layer 'latent', element 0" in done.stderr


def test_what_torch_has_no_part_in_is_said_and_ends_well(trained, tmp_path):
    """So that `hexcoder verify` goes on to the links that there are."""
    save_classical(Classical(name="four", method="super_trigger_cells"), tmp_path / "four.json")
    folder = tmp_path / "trees"
    (folder / "train").mkdir(parents=True)
    shutil.copy(trained / "network.json", folder)
    network = folder / "network.json"
    assert "encoder.safetensors: no such file" in _models("check", network).stderr
    (folder / "train/metrics.json").write_text("{}")
    for path in (tmp_path / "four.json", network):
        done = _models("check", path)
        assert done.returncode == 0, done.stderr
        assert f"{path}: no encoder in torch to check" in done.stdout


def test_generated_events_can_be_read_back(tmp_path):
    """In a process of its own, as a user runs it."""
    words = ["generate", "--count", 50, "--seed", 4, "-o", tmp_path / "events.csv"]
    done = subprocess.run(
        [sys.executable, "-m", "models", *map(str, words)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert np.array_equal(load_events(tmp_path / "events.csv"), generate_events(50, seed=4))


def test_a_code_says_its_modes_and_how_full_frames_are(tmp_path):
    path = tmp_path / "events.csv"
    done = _models("generate", "--count", 300, "--pile-up", 4, "-o", path)
    assert "4 times the pile-up" in done.stdout
    network = "configs/weights/econ_t/network.json"
    found = json.loads(_models("evaluate", network, "--events", path, "--json").stdout)
    code = found["code"]
    assert sum(mode["share"] for mode in code["modes"]) == pytest.approx(1)
    assert 100 < code["mean_fill_bits"] < code["payload_bits"]
    words = _models("evaluate", network, "--events", path).stdout
    assert f"{code['mean_fill_bits']:.1f} of 140 payload bits used" in words
    assert f"{code['events_cut']} events fit no mode" in words


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "events.csv"),
        ("1,2,3\n", "events.csv"),
        (",".join(["1"] * 48) + "\n" + ",".join(["1"] * 47 + ["-4"]) + "\n", "-4"),
        (",".join(["1"] * 47 + ["many"]) + "\n", "many"),
        (",".join(f"CALQ_{k}" for k in range(48)) + "\n", "events.csv"),
        (",".join(f"CALQ_{k}" for k in range(47)) + "\n1\n", "CALQ_47"),
    ],
)
def test_bad_events_end_with_status_2_and_one_line(trained, tmp_path, text, message):
    (tmp_path / "events.csv").write_text(text)
    done = _models("evaluate", trained / "network.json", "--events", tmp_path / "events.csv")
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--config", "missing.toml"], "missing.toml: no such file"),
        (["train", "--config", "configs/tiny.toml", "--events", "no.csv"], "no.csv: no such file"),
        (["evaluate", "missing.json", "--events", "x.csv"], "missing.json: no such file"),
        (["generate", "--count", "0", "-o", "x.csv"], "--count = 0"),
        (["generate", "--count", "9", "--pile-up", "0", "-o", "x.csv"], "--pile-up = 0: it must"),
        (["generate", "--count", "9", "--pile-up", "nan", "-o", "x.csv"], "--pile-up = nan"),
        (["generate", "--count", "9", "--pile-up", "two", "-o", "x.csv"], "--pile-up = two"),
    ],
)
def test_bad_arguments_end_with_status_2_and_one_line(arguments, message):
    done = _models(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_network_without_a_decoder_says_where_one_is_looked_for(trained, tmp_path):
    (tmp_path / "network.json").write_text((trained / "network.json").read_text())
    done = _models("evaluate", tmp_path / "network.json", "--events", trained / "events.csv")
    assert done.returncode == 2
    assert "--decoder FILE" in done.stderr


def test_methods_are_held_against_the_encoder_event_by_event(trained):
    path = trained / "events.csv"
    done = _models("evaluate", trained / "network.json", "--events", path, "--json", "--baselines")
    (row,) = [r for r in json.loads(done.stdout)["baselines"] if r["name"] == "STC16"]
    events = load_events(path)
    network = load_network(trained / "network.json")
    decoder = load_decoder(trained / "train" / "decoder.safetensors")
    ours = earth_movers_distance(events, reconstruct(network, decoder, events).fractions)
    more = earth_movers_distance(events, quadrant_super_trigger_cells(events)) - ours
    more = more[~np.isnan(more)]
    assert row["emd_more"] == pytest.approx(more.mean())
    assert row["emd_more_error"] == pytest.approx(1.96 * more.std(ddof=1) / len(more) ** 0.5)


def test_a_classical_method_is_trained_measured_and_evaluated(tmp_path):
    text = Path("configs/best_choice.toml").read_text().replace("count = 20000", "count = 200")
    (tmp_path / "config.toml").write_text(text)
    done = _models("train", tmp_path / "config.toml", "--build", tmp_path / "build")
    assert "train: a fixed algorithm; EMD" in done.stdout
    metrics = json.loads((tmp_path / "build/train/metrics.json").read_text())
    assert metrics["physics"]["bits_per_event"] == 148
    rows = {row["name"]: row for row in metrics["baselines"]}
    assert abs(rows["best choice 13, as sent"]["emd_more"]) < 1e-12
    assert rows["best choice 13"]["emd_more"] < 0
    found = _models(
        "evaluate", tmp_path / "build/network.json", "--json",
        "--events", tmp_path / "build/train/held_out.csv",
    )  # fmt: skip
    assert json.loads(found.stdout)["emd_mean"] == metrics["physics"]["emd_mean"]
    (tmp_path / "config.toml").write_text(text.replace("kept = 13", "# kept"))
    bad = _models("train", tmp_path / "config.toml", "--build", tmp_path / "bad")
    assert bad.returncode == 2
    assert "section 'network'" in bad.stderr
    assert "needs 'kept'" in bad.stderr
