"""The stage asic of designs whose weights lie in registers, from Verilog to metrics."""

import json

import numpy as np
import pytest

from flow.asic import loadable
from flow.asic.run import AsicRun
from flow.asic.stage import make_asic
from flow.asic.vectors import load_events_of
from flow.asic.verify import verify_netlist
from gen.compiler import Settings
from hexcoder.config import load_config
from hexcoder.errors import InputError
from hexcoder.files import read_json
from network.schema import load_network, save_network
from tb.__main__ import main as prove
from tb.chip.pins import CHIP, ENCODER
from tb.chip.vectors import chip_fields
from tests.networks import sensor_network

pytestmark = pytest.mark.xdist_group("loadable")

VECTORS = 128


@pytest.fixture(scope="module", params=[CHIP, ENCODER])
def made(request, tmp_path_factory):
    """Config, folder with network.json, rtl/ and asic/ of a small design, and what failed."""
    top = request.param
    build = tmp_path_factory.mktemp(top)
    config = load_config("configs/econ_t_chip.toml")
    counts = config.verification.model_copy(update={"netlist_vectors": VECTORS})
    silicon = config.silicon.model_copy(update={"power_events": 640})
    config = config.model_copy(update={"verification": counts, "silicon": silicon})
    # Latents that a frame of the chip has no room for stand beside the chip's ports.
    network = sensor_network(latents=3 if top == CHIP else 22)
    save_network(network, build / "network.json")
    metrics = build(network, Settings.of(config), build / "rtl")
    assert metrics["top"] == top
    (build / "asic").mkdir()
    return config, build, make_asic(config, build, build / "asic")


@pytest.fixture
def built(made):
    """Config and folder."""
    return made[:2]


def test_its_netlist_is_proved_and_measured(made):
    _, build, failed = made
    assert failed is None
    found = read_json(build / "asic" / "metrics.json")
    assert found["netlist_check"]["mismatches"] == 0
    assert found["netlist_check"]["configurations"] == 65
    assert found["triplication_check"]["passed"]
    assert found["timing__setup__ws"] > 0
    assert found["power__total"] > found["power__leakage__total"] > 0
    assert found["area_by_layer_um2"]["bank"] > 0


def test_many_vectors_go_through_its_netlist(built, monkeypatch):
    config, build = built
    monkeypatch.setattr(loadable, "sets_for", lambda events: events // 10)
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
    if read_json(build / "rtl" / "metrics.json")["top"] == ENCODER:
        with pytest.raises(InputError, match="'top' is not 'chip'"):
            prove(command)
        return
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
    run = AsicRun(config, build / "asic", read_json(build / "rtl" / "metrics.json"))
    loadable.check_netlist(
        run,
        loadable.open_netlist(build / "rtl", build / "asic"),
        load_network(build / "network.json"),
        load_events_of(config, build)[0],
        chip_fields(build / "rtl"),
    )
    assert not run.metrics["netlist_check"]["passed"]
    assert "events differ, first event" in run.failures[0]
