"""The stage asic of designs whose weights lie in registers, from Verilog to metrics."""

import json

import numpy as np
import pytest

from hexcoder.config import load_config
from hexcoder.documents import read_json
from hexcoder.flow import loadable
from hexcoder.flow.asic import verify
from hexcoder.flow.asic.simulation import SIMULATION
from hexcoder.flow.asic.stage import ASIC, LIMITS
from hexcoder.flow.asic.verify import verify_netlist
from hexcoder.flow.block import Block
from hexcoder.gen.build import build as write_rtl
from hexcoder.gen.compiler import Settings
from hexcoder.network.schema import save_network
from hexcoder.steps.reads import Place
from hexcoder.steps.runner import run_stage
from hexcoder.tb.__main__ import main as prove
from hexcoder.tb.chip.pins import CHIP, ENCODER
from tests.networks import sensor_network

pytestmark = pytest.mark.xdist_group("loadable")

VECTORS = 128


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((CHIP, lambda: sensor_network(latents=3)), id="chip", marks=pytest.mark.long),
        # Latents that a frame of the chip has no room for stand beside the chip's ports.
        pytest.param(
            (ENCODER, lambda: sensor_network(latents=22)), id="encoder", marks=pytest.mark.long
        ),
        pytest.param((ENCODER, lambda: sensor_network(2, 1, latents=22)), id="small encoder"),
    ],
)
def made(request, tmp_path_factory):
    """Config, folder with network.json, rtl/ and asic/ of a small design, and what failed."""
    top, network_of = request.param
    build = tmp_path_factory.mktemp(top)
    config = load_config("configs/econ_t_chip.toml")
    counts = config.verification.model_copy(update={"netlist_vectors": VECTORS})
    silicon = config.silicon.model_copy(update={"power_events": 640})
    config = config.model_copy(update={"verification": counts, "silicon": silicon})
    network = network_of()
    save_network(network, build / "network.json")
    assert write_rtl(network, Settings.of(config), build / "rtl").metrics.top == top
    return config, build, run_stage(ASIC, config, build).failures


@pytest.fixture
def built(made):
    """Config and folder."""
    return made[:2]


def test_its_netlist_is_proved_and_measured(made):
    _, build, failed = made
    assert failed == ()
    found = read_json(build / "asic" / "metrics.json")
    assert found["netlist_check"]["mismatches"] == 0
    assert found["netlist_check"]["configurations"] == 65
    assert found["triplication_check"]["passed"]
    assert found["timing__setup__ws"] > 0
    assert found["power__total"] > found["power__leakage__total"] > 0
    assert found["area_by_layer_um2"]["bank"] > 0


def test_many_vectors_go_through_its_netlist(built, monkeypatch):
    config, build = built
    monkeypatch.setattr(verify, "sets_for", lambda events: events // 10)
    done = []
    found = verify_netlist(config, build, 700, None, done.append)
    # Without events of its own the chip has no first set; the encoder's has edges.
    assert found["configurations"] in (70, 71)
    assert found["mismatches"] == 0
    assert found["vectors"] >= 700
    assert done


def test_flips_of_its_netlist_are_corrected(built, capsys):
    _, build = built
    command = ["flips", str(build / "rtl"), "--netlist", str(build / "asic"), "--flips", "63"]
    assert prove(command) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["flips"], found["registers_not_corrected"]) == (63, 0)
    assert found["state"] == "after synthesis"
    assert (build / "flips_netlist" / "flips.svg").is_file()


def test_a_wrong_event_of_the_netlist_fails(built, monkeypatch):
    config, build = built
    opened = loadable.open_netlist

    def with_a_fault(*places):
        chip = opened(*places)
        stream = chip.stream

        def faulty(words, toggles=None):
            valid, found = stream(words, toggles)
            return valid, found ^ np.int64(1)

        chip.stream = faulty
        return chip

    monkeypatch.setattr(loadable, "open_netlist", with_a_fault)
    place = Place(config, build, "asic", build / "asic")
    metrics = SIMULATION.run(Block(place), lambda what, part: None).model_dump(mode="json")
    assert not metrics["netlist_check"]["passed"]
    [failure] = filter(None, (limit.failure(metrics, place) for limit in LIMITS))
    assert "events differ, first event" in failure
