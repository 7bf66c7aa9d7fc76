"""Studies over seeds and numbers of links, and profiles of one network."""

import json
from pathlib import Path

import numpy as np
import pytest

from hexcoder.config import load_config
from hexcoder.errors import InputError
from hexcoder.metrics.train import Physics
from hexcoder.models.decoder import load_decoder
from hexcoder.models.evaluation.physics import reconstruct
from hexcoder.network.schema import load_network
from hexcoder.sensor.baselines import best_choice, super_trigger_cells
from hexcoder.sensor.events import load_events
from hexcoder.sensor.generator import generate_events
from hexcoder.sensor.metrics import earth_movers_distance
from hexcoder.studies.seeds.comparison import baseline_method, baselines_at, compare
from hexcoder.studies.seeds.links import parse_links, with_latents_for
from hexcoder.studies.seeds.study import across_seeds, median_and_best, study, study_tasks
from hexcoder.studies.seeds.trainings import SeedResult, SeedTask, run_seed
from tests.commands import run_room

CONFIGS = Path(__file__).parents[3] / "configs"
TINY = CONFIGS / "tiny.toml"


def _quick(**training):
    config = load_config(TINY)
    data = config.data.model_copy(update={"count": 160})
    network = config.network.model_copy(
        update={"decoder": config.network.decoder.model_copy(update={"hidden": (8,)})}
    )
    settings = config.training.model_copy(update={"epochs": 1} | training)
    return config.model_copy(update={"data": data, "network": network, "training": settings})


def _result(seed, emd, failed=None):
    physics = None if emd is None else Physics.model_construct(emd_mean=emd)
    return SeedResult(SeedTask(5, _quick(seed=seed), Path("nowhere")), True, physics, failed)


@pytest.mark.parametrize(
    ("links", "type_"), [(2, "UQ(1,2)"), (3, "UQ(1,4)"), (4, "UQ(1,6)"), (5, "UQ(1,8)")]
)
def test_latents_fit_the_links_as_the_chips_do(links, type_):
    config = load_config(CONFIGS / "econ_t_chip.toml")
    layers = with_latents_for(config, links, 16).network.layers
    assert str(layers[-1].output_type) == type_
    assert layers[:-1] == config.network.layers[:-1]


@pytest.mark.parametrize(
    ("latents", "type_"), [(10, "UQ(1,3)"), (48, "UQ(1,0)"), (7, "UQ(1,5)"), (2, "UQ(1,15)")]
)
def test_other_numbers_of_latents_share_the_bits_evenly(latents, type_):
    config = with_latents_for(load_config(CONFIGS / "econ_t_chip.toml"), 2, latents)
    assert str(config.network.layers[-1].output_type) == type_


def test_more_latents_than_bits_are_refused():
    with pytest.raises(InputError, match="49 latents do not fit the 48 bits of 2 links"):
        with_latents_for(load_config(CONFIGS / "econ_t_chip.toml"), 2, 49)


def test_links_are_read_in_order_and_checked():
    assert parse_links("5, 2,2") == (2, 5)
    for text in ("", "1", "2,six", "-2"):
        with pytest.raises(InputError, match="one of 2, 3, 4, 5"):
            parse_links(text)


def test_figures_over_seeds_by_hand_without_the_failed_one():
    results = [_result(1, 0.8), _result(2, None, "diverged"), _result(3, 0.7), _result(4, 1.2)]
    found = across_seeds(results)
    assert found.mean == pytest.approx(0.9)
    assert (found.median, found.best) == (0.8, 0.7)
    assert found.standard_deviation == pytest.approx(np.std([0.8, 0.7, 1.2], ddof=1))
    assert (found.seeds_counted, found.seeds_failed) == (3, 1)
    chosen = median_and_best(results)
    assert chosen
    assert [result.task.seed for result in chosen] == [1, 3]


def test_of_two_middle_seeds_the_worse_stands_for_the_median():
    chosen = median_and_best([_result(1, 0.8), _result(2, 0.7)])
    assert chosen
    assert [result.task.seed for result in chosen] == [1, 2]
    assert median_and_best([_result(1, None, "diverged")]) is None
    assert across_seeds([_result(1, 0.5)]).standard_deviation is None


def test_baselines_are_the_largest_that_fit_and_the_usual_ones():
    events = generate_events(100, seed=5)
    fits = {method.name: method.bits(events) for method in baselines_at(events, 153)}
    assert {"STC4", "STC16", "threshold 47 ADC", "best choice 13"} <= set(fits)
    assert fits["best choice 13"] == 148
    # 57 bits are too few for one TC of best choice: 48 + 9 + 7.
    assert not any("best" in method.name for method in baselines_at(events, 57))
    lowest = [m for m in baselines_at(events, 57) if m.name.startswith("threshold")]
    assert all(m.bits(events) <= 57 for m in lowest if m.name != "threshold 47 ADC")


def test_comparison_pairs_the_same_events():
    events = generate_events(120, seed=6)
    methods = {m.name: baseline_method(m, events) for m in baselines_at(events, 153)}
    rows = compare(methods["STC4"], [methods["best choice 13"]], events).baselines
    expected = earth_movers_distance(events, super_trigger_cells(events)) - earth_movers_distance(
        events, best_choice(events, 13)
    )
    assert rows[0].network_minus_this_emd.mean == pytest.approx(np.nanmean(expected))
    counts = [each.emd.counted for each in rows[0].profiles["occupancy"]]
    assert sum(counts) == rows[0].emd.counted == 120


def test_a_finished_seed_is_not_trained_again_until_its_config_changes(tmp_path):
    task = SeedTask(5, _quick(), tmp_path / "seed_1")
    first, second = run_seed(task), run_seed(task)
    assert (first.ran, second.ran) == (True, False)
    assert first.physics == second.physics
    other = _quick(learning_rate=1e-3)
    assert run_seed(SeedTask(5, other, tmp_path / "seed_1")).ran


def test_weights_that_a_config_ships_with_do_not_stand_for_its_seeds(tmp_path):
    tasks = study_tasks(_quick(weights="configs/weights/somewhere"), tmp_path, (2, 5), 2)
    assert [(task.links, task.seed) for task in tasks] == [(2, 1), (2, 2), (5, 1), (5, 2)]
    assert all(task.config.training.weights is None for task in tasks)
    assert len({task.folder for task in tasks}) == 4


def test_a_diverged_seed_is_a_result_with_its_reason_and_is_kept(tmp_path):
    task = SeedTask(5, _quick(learning_rate=1e30, epochs=2), tmp_path / "seed_1")
    first, second = run_seed(task), run_seed(task)
    assert first.failed is not None
    assert "diverged" in first.failed
    assert first.physics is None
    assert (first.ran, second.ran, second.failed) == (True, False, first.failed)


def test_study_quotes_what_its_networks_do_on_the_held_out_events(tmp_path):
    config = _quick()
    ran = []
    result = study(config, tmp_path, (2,), 2, 2, lambda result: ran.append(result.ran))
    assert ran == [True, True]
    found = result.as_json()
    assert found == json.loads((tmp_path / "study.json").read_text())
    row = found["links"][0]
    assert (row["latent_type"], row["bits_per_event"]) == ("UQ(1,11)", 57.0)
    assert [one["seed"] for one in row["seeds"]] == [1, 2]
    means = []
    for one in row["seeds"]:
        folder = (tmp_path / one["network"]).parent
        events = load_events(folder / "held_out.csv")
        network, decoder = (
            load_network(folder / "network.json"),
            load_decoder(folder / "decoder.safetensors"),
        )
        fractions = reconstruct(network, decoder, events).fractions
        means.append(float(np.nanmean(earth_movers_distance(events, fractions))))
    assert [one["emd_mean"] for one in row["seeds"]] == pytest.approx(means)
    assert row["emd"]["median"] == pytest.approx(np.median(means))
    assert row["median_seed"]["emd"]["mean"] == pytest.approx(max(means))
    assert row["best_seed"]["emd"]["mean"] == pytest.approx(min(means))
    interval = row["median_seed"]["emd"]
    assert interval["low"] < interval["mean"] < interval["high"]
    page = (tmp_path / "study.md").read_text()
    assert f"{np.median(means):.3f}" in page
    for picture in ("emd", "links_2/occupancy", "links_2/charge", "links_2/response"):
        assert f"({picture}.svg)" in page
        assert (tmp_path / f"{picture}.svg").stat().st_size > 5000
    before = {name: (tmp_path / name).read_bytes() for name in ("study.json", "emd.svg")}
    study(config, tmp_path, (2,), 2, 2, lambda result: ran.append(result.ran))
    assert ran[2:] == [False, False]
    assert before == {name: (tmp_path / name).read_bytes() for name in before}


def test_codes_are_studied_too_each_with_frames_for_the_links(tmp_path):
    config = load_config(CONFIGS / "econ_t_2links.toml")
    data = config.data.model_copy(update={"count": 200, "generated": 0})
    decoder = config.network.decoder.model_copy(update={"hidden": (8,)})
    network = config.network.model_copy(update={"decoder": decoder, "modes": 2, "cells": 1})
    training = config.training.model_copy(update={"least_steps": 2})
    quick = config.model_copy(update={"data": data, "network": network, "training": training})
    result = study(quick, tmp_path, (3, 5), 2, 2, lambda result: None)
    assert [row.bits_per_event for row in result.links] == [89.0, 153.0]
    three, five = (row.comparison.network.emd.mean for row in result.links)
    assert five < three
    folder = tmp_path / "links_3" / "seed_2" / "train"
    encoder = folder / "network.json"
    profiled = ["profile", encoder, "--events", folder / "held_out.csv", "-o", tmp_path / "profile"]
    done = run_room("studies", *profiled)
    assert done.returncode == 0, done.stderr
    means = {seed.seed: seed.emd_mean for seed in result.links[0].seeds}
    assert f"EMD {means[2]:.4f}" in done.stdout
    refused = run_room("studies", "flips", encoder, "--events", folder / "held_out.csv")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "this is for encoders made of layers" in refused.stderr


def test_profile_command_writes_its_files_and_a_summary(tmp_path):
    run_seed(SeedTask(2, _quick(), tmp_path / "seed_1"))
    folder = tmp_path / "seed_1" / "train"
    given = ["profile", folder / "network.json", "--events", folder / "held_out.csv"]
    done = run_room("studies", *given, "-o", tmp_path / "profile")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "profile" / "profile.json").read_text())
    events = load_events(folder / "held_out.csv")
    stc4 = next(row for row in found["baselines"] if row["name"] == "STC4")
    expected = np.nanmean(earth_movers_distance(events, super_trigger_cells(events)))
    assert stc4["emd"]["mean"] == pytest.approx(expected)
    assert stc4["response"]["sum_ratio"]["mean"] == pytest.approx(1.0)
    # The code of the sum is right within half of a 32nd.
    assert abs(found["network"]["response"]["sum_ratio"]["mean"] - 1) < 1 / 64
    assert f"EMD {found['network']['emd']['mean']:.4f}" in done.stdout


def test_wrong_options_end_with_one_line_and_status_2():
    for options, message in (
        (("--links", "6"), "--links = '6'"),
        (("--seeds", "0"), "--seeds = 0: it must be 1 or more"),
    ):
        done = run_room("studies", "study", "--config", TINY, *options)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert message in done.stderr
