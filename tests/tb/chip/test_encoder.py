"""Any network with its weights behind I2C: module ``loadable_encoder`` against the golden model."""

import json

import numpy as np
import pytest

from hexcoder.config import Chip, Clock, Pipeline
from hexcoder.errors import InputError
from hexcoder.gen.agreement import compare_with_golden
from hexcoder.gen.build import build
from hexcoder.gen.compiler import Settings
from hexcoder.network.modules import Stimulus
from hexcoder.network.schema import save_network
from hexcoder.tb.__main__ import main
from hexcoder.tb.chip.configurations import check_loaded
from hexcoder.tb.chip.driver import ChipDriver
from hexcoder.tb.chip.pins import read_pins, require_chip
from hexcoder.tb.chip.session import ChipLanes
from hexcoder.tb.chip.simulated_bus import SimulatedBus
from hexcoder.tb.chip.vectors import chip_fields, stream
from hexcoder.tb.i2c.timing import FASTEST
from hexcoder.tb.modules import LoadableEncoder
from tests.networks import sensor_network
from tests.tb.chip.encoders import network

pytestmark = pytest.mark.xdist_group("chip")


@pytest.fixture(scope="module", params=[pytest.param("flag", marks=pytest.mark.long), "shadow"])
def design(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param) / "rtl"
    chip = Chip(weights="loadable", update=request.param)
    build(network(), Settings(chip=chip), folder)
    return folder


@pytest.fixture(scope="module")
def lanes(design):
    chip = ChipLanes.of_rtl(design, design.parent / "lanes")
    chip.reset()
    return chip


def checked(lanes, design, sets, count):
    module = LoadableEncoder(network())
    blocks = module.stimulus(Stimulus(seed=5, count=count, sets=sets))
    return check_loaded(lanes, chip_fields(design), module, blocks)


def test_weights_drawn_at_random_give_what_the_golden_model_does(design, lanes):
    verdict = checked(lanes, design, sets=20, count=2000)
    assert verdict.comparison.passed
    assert verdict.configurations == 21
    assert verdict.comparison.vectors > 2000


def test_a_weight_that_is_not_the_network_s_is_seen(design, lanes):
    fields = chip_fields(design)
    module = LoadableEncoder(network())
    case = next(module.stimulus(Stimulus(seed=5, count=0, sets=0)))
    values = case.registers.values
    driver = ChipDriver(SimulatedBus(lanes.run, FASTEST, words=lanes.pins.inputs), fields)
    for change in (0, 1):
        driver.load({"parameters_dense": [values["parameters_dense"][0] ^ change]})
        driver.load({"parameters_conv": values["parameters_conv"]})
        found = stream(lanes.run, case.inputs, lanes.pins.latency)
        assert found.valid.all()
        assert (found.words == module.expected(case)).all() == (not change)


def test_the_command_compiles_it_and_proves_it(design, tmp_path, capsys):
    save_network(network(), tmp_path / "network.json")
    command = [str(tmp_path / "network.json"), str(design), "--vectors", "300"]
    assert main([*command, "--configurations", "3", "--work", str(tmp_path / "work")]) == 0
    verdict = json.loads(capsys.readouterr().out)
    assert verdict["mismatches"] == 0
    assert verdict["configurations"] == 4
    assert verdict["simulator"].startswith("Verilator")


def test_another_network_s_design_is_refused(design, tmp_path):
    save_network(sensor_network(), tmp_path / "network.json")
    with pytest.raises(InputError, match=r"'parameters_conv' has .* bits, network .* needs"):
        main([str(tmp_path / "network.json"), str(design), "--vectors", "10"])


def test_every_set_has_events_and_all_that_were_asked_for_come(design, lanes):
    for events, sets, least in ((2, 3, 3), (100, 7, 100)):
        verdict = checked(lanes, design, sets, events)
        assert verdict.by_kind["random"] >= least
        assert verdict.configurations == sets + 1


@pytest.mark.parametrize("period_ns", [10.0, 40.0])
def test_the_target_filters_by_the_clock_and_is_still_written(period_ns, tmp_path):
    chip = Chip(weights="loadable", triplicated=False)
    settings = Settings(chip=chip, clock=Clock(period_ns=period_ns))
    build(network(), settings, tmp_path / "rtl")
    lanes = ChipLanes.of_rtl(tmp_path / "rtl", tmp_path / "lanes")
    lanes.reset()
    assert checked(lanes, tmp_path / "rtl", sets=2, count=100).comparison.passed


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"clock": Clock(period_ns=100)}, r"'clock.period_ns' = 100: .* a clock of up to 50 ns"),
        ({"pipeline": Pipeline(stages=6)}, "key 'pipeline': where weights are loadable"),
    ],
)
def test_settings_that_cannot_be_met_are_one_line(settings, message, tmp_path):
    chip = Chip(weights="loadable")
    with pytest.raises(InputError, match=message):
        build(network(), Settings(chip=chip, **settings), tmp_path)


@pytest.mark.parametrize("name", ["control", "input", "conv_stage", "encoder"])
def test_a_layer_with_the_name_of_a_part_gets_another_in_the_circuit(name, tmp_path):
    layers = (network().layers[0].model_copy(update={"name": name}), *network().layers[1:])
    changed = network().model_copy(update={"layers": layers})
    built = build(changed, Settings(chip=Chip(weights="loadable")), tmp_path)
    assert built.metrics.layers[0].name == f"{name}_layer"
    assert f"module loadable_{name}_layer" in (tmp_path / "encoder.v").read_text()


def test_more_parameters_than_addresses_are_one_line(tmp_path):
    layer = network().layers[2]
    wide = {"weights": [[1] * 8] * 20_000, "biases": [0] * 20_000}
    changed = network().model_copy(
        update={"layers": (*network().layers[:2], layer.model_copy(update=wide))}
    )
    with pytest.raises(InputError, match="too many parameters: field parameters_dense"):
        build(changed, Settings(chip=Chip(weights="loadable")), tmp_path)


def test_gates_with_weights_as_inputs_are_checked_at_length():
    found = compare_with_golden(
        network(), Settings(chip=Chip(weights="loadable")), np.zeros((0, 48)), 20_000, 3
    )
    assert (found["vectors"], found["configurations"], found["mismatches"]) == (20_000, 3, 0)


def test_what_needs_the_chip_says_so(design):
    assert read_pins(design).top == "loadable_encoder"
    with pytest.raises(InputError, match="'top' is not 'chip', which takes a network on an image"):
        require_chip(design)
