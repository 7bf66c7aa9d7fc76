import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hexcoder.config import Clock, Compiler, Pipeline
from hexcoder.gen.build import build
from hexcoder.gen.compiler import Settings
from hexcoder.netlist.gate_level import check_gate_level
from hexcoder.netlist.simulation import Interface
from hexcoder.network.golden import evaluate
from hexcoder.network.schema import save_network
from hexcoder.pdk.technology import technology_of
from hexcoder.sensor.stimulus import EncoderCore
from tests.networks import graphs, inputs_of, networks, sensor_network

ROOT = Path(__file__).parents[3]


def _run(arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "gen", *map(str, arguments)],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, **environment},
    )  # fmt: skip


def test_the_same_network_gives_the_same_bytes_whatever_the_hash_seed(tmp_path):
    save_network(sensor_network(), tmp_path / "network.json")
    texts = []
    for seed in ("0", "1", "4242"):
        done = _run([tmp_path / "network.json", "-o", tmp_path / seed], PYTHONHASHSEED=seed)
        assert done.returncode == 0, done.stderr
        texts.append(
            [(tmp_path / seed / name).read_bytes() for name in ("encoder.v", "metrics.json")]
        )
    assert texts[0] == texts[1] == texts[2]


PLACES = st.builds(Pipeline, layers=st.booleans(), stages=st.sampled_from([None, 1, 3, "auto"]))


@settings(max_examples=25)
@given(network=networks() | graphs(), places=PLACES)
def test_the_verilog_of_any_network_computes_what_the_golden_model_computes(
    network, places, tmp_path_factory
):
    folder = tmp_path_factory.mktemp("rtl")
    made = Settings(pipeline=places, compiler=Compiler(effort=0.05))
    ports = build(network, made, folder).metrics.modules["encoder_core"]
    inputs = inputs_of(network, 64)
    core = EncoderCore(network)
    interface = Interface(core.input_widths, core.output_widths, ports.latency_cycles)
    expected = evaluate(network, inputs) & ((1 << np.array(core.output_widths)) - 1)
    (folder / "empty.v").write_text("")
    verdict = check_gate_level(
        folder / "encoder.v", folder / "empty.v", "encoder_core", interface, inputs, expected,
        folder / "icarus",
    )  # fmt: skip
    assert verdict.passed, verdict.first


def test_modules_and_ports_follow_the_contract(tmp_path):
    metrics = build(sensor_network(), Settings(), tmp_path).metrics.model_dump(exclude_unset=True)
    text = (tmp_path / "encoder.v").read_text()
    for module in ("encoder_core", "encoder"):
        header = text.split(f"module {module}(", 1)[1].split(");", 1)[0]
        ports = {name.strip() for name in header.split(",")}
        assert ports == {"clk", "rst", "in_valid", "in_data", "out_valid", "out_data"}
    assert metrics["modules"]["encoder_core"]["input_bits"] == 48 * 6
    assert metrics["modules"]["encoder"]["input_bits"] == 48 * 22
    assert metrics["modules"]["encoder"]["output_bits"] == 9 + 3 * 7


def test_module_encoder_is_left_out_where_the_input_is_no_image_of_the_sensor(tmp_path):
    value = json.loads(sensor_network().model_dump_json(exclude_none=True))
    value["input"]["type"] = "UQ(0,6)"
    (tmp_path / "network.json").write_text(json.dumps(value))
    assert _run([tmp_path / "network.json", "-o", tmp_path / "rtl"]).returncode == 0
    assert "module encoder(" not in (tmp_path / "rtl" / "encoder.v").read_text()


def test_the_structural_report_counts_what_is_there(tmp_path):
    metrics = build(sensor_network(), Settings(), tmp_path).metrics.model_dump(exclude_unset=True)
    text = (tmp_path / "encoder.v").read_text()
    layers = {layer["name"]: layer for layer in metrics["layers"]}
    weights = np.array(sensor_network().layers[0].weights)
    assert layers["conv"]["weights_not_zero"] == np.count_nonzero(weights)
    assert layers["flatten"] == {
        "name": "flatten", "kind": "flatten", "output_shape": [8], "output_type": "UQ(1,4)"
    }  # fmt: skip
    assert metrics["input_register_bits"] == 48 * 6
    for name in ("conv", "latent"):
        module = text.split(f"module encoder_core_{name}(")[1].split("endmodule")[0]
        assert layers[name]["full_adders"] == module.count("full_adder ")
        gates = module.count(" & ") + module.count(" ^ ")
        assert layers[name]["other_gates"] == gates
    assert metrics["total"]["full_adders"] == sum(
        layers[name]["full_adders"] for name in ("conv", "latent")
    )


def test_each_pass_reports_what_is_left_of_every_layer(tmp_path):
    metrics = build(sensor_network(), Settings(), tmp_path).metrics.model_dump(exclude_unset=True)
    passes = metrics["passes"]
    assert next(iter(passes)) == "lower"
    assert list(passes)[-1] == "gates"
    for layer in ("conv", "latent"):
        assert 0 < passes["share"][layer]["full_adders"] < passes["lower"][layer]["full_adders"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.json", "-o", "x"], "missing.json: no such file"),
        (["missing.json"], "give a network.json and -o FOLDER"),
        (["--config", "missing.toml"], "missing.toml: no such file"),
    ],
)
def test_bad_arguments_end_with_status_2_and_one_line(arguments, message):
    done = _run(arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_an_interrupted_write_leaves_the_last_good_verilog(tmp_path, monkeypatch):
    build(sensor_network(), Settings(), tmp_path)
    before = (tmp_path / "encoder.v").read_bytes()
    monkeypatch.setattr(Path, "write_text", _disk_full)
    with pytest.raises(OSError, match="No space"):
        build(sensor_network(filters=1), Settings(), tmp_path)
    assert (tmp_path / "encoder.v").read_bytes() == before


def _disk_full(self, *arguments, **keys):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("period_ns", "pdk", "clocks"),
    [(25.0, "nangate45", 0), (25.0, "sky130", 1), (4.0, "nangate45", 1), (60.0, "sky130", 0)],
)
def test_the_sum_is_registered_where_the_clock_asks_for_it(tmp_path, period_ns, pdk, clocks):
    settings = Settings(clock=Clock(period_ns=period_ns), technology=technology_of(pdk))
    metrics = build(sensor_network(), settings, tmp_path).metrics.model_dump(exclude_unset=True)
    assert metrics["modules"]["encoder"]["front_end_latency_cycles"] == clocks
