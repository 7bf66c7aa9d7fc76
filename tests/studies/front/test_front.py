import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from hexcoder.config import config_text, load_config
from hexcoder.errors import CheckFailed, InputError
from hexcoder.metrics.train import Baseline
from hexcoder.models.encoder.hardware_cost import adder_bits
from hexcoder.models.encoder.untrained import untrained_network
from hexcoder.network.schema import save_network
from hexcoder.studies.__main__ import main
from hexcoder.studies.front.files import rank_correlation, select_points
from hexcoder.studies.search.front import Point, SearchFront
from tests.needs import needs_sta

ROOT = Path(__file__).parents[3]
TINY = ROOT / "configs" / "search_tiny.toml"
pytestmark = pytest.mark.xdist_group("front")
STC4 = Baseline(
    name="STC4", emd_mean=0.6, emd_median=0.6, emd_standard_deviation=0.1, events_counted=90,
    events_left_out=0, telescope_loss=0.1, bits_per_event=132.0,
)  # fmt: skip


def point(trial: int, **known) -> Point:
    return Point.model_construct(
        trial=trial, emd_median=0.5, emd_standard_deviation=0.1, events_counted=90, weights=10,
        training_seconds=1.0, **known,
    )  # fmt: skip


def write_search(build: Path, latents: list[int], *, beaten: bool = False) -> None:
    """What ``hexcoder search`` leaves, with untrained networks and made-up EMD."""
    base = load_config(TINY)
    points = []
    for number, count in enumerate(latents):
        layers = list(base.network.layers)
        layers[2] = layers[2].model_copy(update={"outputs": count})
        network = base.network.model_copy(update={"layers": tuple(layers)})
        name = f"search_tiny_{number:04d}"
        config = base.model_copy(update={"name": name, "network": network, "search": None})
        folder = build / "search" / f"trial_{number:04d}"
        folder.mkdir(parents=True)
        (folder / "config.toml").write_text(config_text(config))
        built = untrained_network(config, seed=number)
        save_network(built, folder / "network.json")
        points.append(
            point(
                number,
                config=f"{folder.name}/config.toml",
                network=f"{folder.name}/network.json",
                emd_mean=2.0 / (1 + number),
                bits_per_event=9 + 6 * count,
                adder_bits=adder_bits(built),
                parameters={"network.layers.latent.outputs": count},
            )
        )
    content = SearchFront(
        name="search_tiny",
        objectives={},
        trials={},
        hypervolume=1.0,
        tools={},
        baselines=[STC4],
        parameters_that_differ=["network.layers.latent.outputs"],
        # The last one is beaten: only asked for with --all.
        front=points[:-1] if beaten else points,
        measured=points,
        all=[],
    )
    (build / "search" / "front.json").write_text(json.dumps(content.as_json()))


def front(build: Path, *options: str) -> dict:
    main(["front", "--config", str(TINY), "--build", str(build), *options])
    return json.loads((build / "front" / "front.json").read_text())


@pytest.fixture(scope="module")
def measured(tmp_path_factory) -> Path:
    build = tmp_path_factory.mktemp("front")
    write_search(build, [1, 3, 6])
    front(build, "--jobs", "2")
    return build


@needs_sta
def test_every_point_gets_area_and_slack_of_its_own_synthesis(measured):
    content = json.loads((measured / "front" / "front.json").read_text())
    rows = content["front"]
    assert [row["trial"] for row in rows] == [0, 1, 2]
    for row in rows:
        folder = measured / "front" / f"trial_{row['trial']:04d}" / "asic"
        metrics = json.loads((folder / "metrics.json").read_text())
        areas = metrics["area_by_layer_um2"]
        assert row["area_encoder_mm2"] == pytest.approx(sum(areas.values()) / 1e6)
        outside = areas["encoder"] + areas["front_end"] + areas["sum_delay"]
        network = sum(areas.values()) - outside
        assert row["area_core_mm2"] == pytest.approx(network / 1e6, abs=1e-9)
        assert 0 < row["timing__setup__ws"] < 25
    areas = [row["area_core_mm2"] for row in rows]
    assert areas == sorted(areas)
    assert content["rank_correlation_of_adder_bits_and_area"] == pytest.approx(1.0)
    assert content["origin"]["pdk"] == "nangate45"
    assert content["origin"]["tools"]["pyosys"]


def test_table_and_pictures_say_where_the_figures_come_from(measured):
    table = (measured / "front" / "front.md").read_text()
    assert "after synthesis, before placement" in table
    assert "corner typical" in table
    assert "| STC4 | 0.6000 | 132.0 |" in table
    assert "[2](../search/trial_0002/config.toml)" in table
    for name in ("front.svg", "front_encoder.svg"):
        assert "STC4, 132 bits" in (measured / "front" / name).read_text()
    assert len((measured / "front" / "front.csv").read_text().splitlines()) == 4


@pytest.mark.long
@needs_sta
def test_beaten_trials_are_measured_where_they_are_asked_for(tmp_path):
    write_search(tmp_path, [1, 2], beaten=True)
    assert [row["trial"] for row in front(tmp_path)["front"]] == [0]
    assert [row["trial"] for row in front(tmp_path, "--all")["front"]] == [0, 1]


def test_what_was_measured_stays(measured, capsys):
    netlist = measured / "front/trial_0001/asic/netlist.v"
    before = netlist.stat().st_ino
    front(measured)
    assert "(up to date)" in capsys.readouterr().out
    shutil.rmtree(measured / "front/trial_0000/asic")
    front(measured)
    assert "(up to date)" not in capsys.readouterr().out
    assert netlist.stat().st_ino == before


def test_a_point_that_cannot_be_built_is_named_and_the_others_are_measured(measured, tmp_path):
    build = tmp_path / "build"
    shutil.copytree(measured, build)
    (build / "search/trial_0001/network.json").write_text("{}")
    with pytest.raises(CheckFailed, match="1 of 3 points were not measured; trial 1: "):
        front(build)
    content = json.loads((build / "front" / "front.json").read_text())
    assert [row["trial"] for row in content["front"]] == [0, 2]
    assert "trial 1" in (build / "front" / "front.md").read_text()


def test_without_a_search_the_command_to_run_is_named(tmp_path):
    with pytest.raises(InputError, match="'hexcoder search' writes it"):
        front(tmp_path)
    with pytest.raises(InputError, match="--points = 1"):
        front(tmp_path, "--points", "1")


@pytest.mark.parametrize("wanted", [2, 5, 12])
def test_chosen_points_span_the_front_evenly_in_the_logarithm(wanted):
    points = [point(0, adder_bits=bits) for bits in np.geomspace(100, 10_000, 41)]
    chosen = [each.adder_bits for each in select_points(points, wanted)]
    assert len(chosen) == wanted
    assert (chosen[0], chosen[-1]) == pytest.approx((100, 10_000))
    steps = np.diff(np.log(chosen))
    assert steps.max() < steps.mean() + math.log(100) / 40
    assert select_points(points, None) == points


def test_the_rank_correlation_is_that_of_the_ranks():
    assert rank_correlation([1, 2, 3, 4], [10, 20, 40, 30]) == pytest.approx(0.8)
    assert rank_correlation([1, 2], [1, 2]) is None
    assert rank_correlation([1, 1, 1], [1, 2, 3]) is None
