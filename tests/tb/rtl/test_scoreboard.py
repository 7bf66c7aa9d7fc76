import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from hexcoder.errors import InputError
from hexcoder.network.modules import Stimulus, Vectors
from hexcoder.network.schema import save_network
from hexcoder.sensor.stimulus import EncoderCore
from hexcoder.tb.modules import module_under_test
from hexcoder.tb.rtl.design import read_design
from hexcoder.tb.rtl.scoreboard import compare
from hexcoder.tb.rtl.verilated import build_simulation

pytestmark = pytest.mark.xdist_group("verilator")


def _module(compiled):
    return module_under_test(compiled.network, compiled.design, "encoder_core")


@pytest.fixture(scope="module")
def simulation(compiled):
    design = read_design(_module(compiled), compiled.design)
    return build_simulation(design, compiled.work)


def _compare(simulation, network, count=3000):
    module = EncoderCore(network)
    return compare(simulation, module, lambda: module.stimulus(Stimulus(seed=1, count=count)))


def test_a_right_design_agrees_on_every_vector(simulation, compiled):
    verdict = _compare(simulation, compiled.network)
    assert verdict.comparison.passed
    assert verdict.comparison.first_mismatch is None
    assert verdict.by_kind["random"] == 3000
    assert verdict.comparison.vectors == sum(verdict.by_kind.values())


def _changed(network, place, **update):
    layers = list(network.layers)
    layers[place] = layers[place].model_copy(update=update)
    return network.model_copy(update={"layers": tuple(layers)})


def test_a_fault_in_a_weight_is_caught_with_layer_and_element(simulation, compiled):
    weights = [row[:] for row in compiled.network.layers[2].weights]
    weights[1][3] ^= 2
    wrong = _changed(compiled.network, 2, weights=weights)
    first = _compare(simulation, wrong).comparison.first_mismatch
    assert (first.layer, first.element) == ("latent", 1)
    assert first.expected != first.actual


def test_a_fault_in_an_inner_layer_s_type_is_caught_in_that_layer(simulation, compiled):
    wrong = _changed(compiled.network, 0, rounding="round_half_up")
    first = _compare(simulation, wrong).comparison.first_mismatch
    assert first.layer == "conv"
    assert first.expected == first.actual + 1


def test_the_first_wrong_event_is_counted_over_all_blocks(simulation, compiled):
    weights = [[0] * 4 for _ in range(3)]
    wrong = _changed(compiled.network, 2, weights=weights)
    zero = np.zeros((5, 48), dtype=np.int64)
    full = np.full((1, 48), 63, dtype=np.int64)
    blocks = [Vectors("edge", zero), Vectors("event", zero), Vectors("event", full)]
    right = compare(simulation, EncoderCore(compiled.network), lambda: blocks)
    assert right.comparison.passed
    first = compare(simulation, EncoderCore(wrong), lambda: blocks).comparison.first_mismatch
    golden_of_zero = compare(simulation, EncoderCore(wrong), lambda: blocks[:1])
    expected_event = 10 if golden_of_zero.comparison.passed else 0
    assert first.event == expected_event


def test_a_wrong_latency_is_caught_as_protocol(simulation, compiled):
    late = replace(simulation, design=replace(simulation.design, latency=4))
    found = _compare(late, compiled.network, 50).comparison
    assert found.mismatches > 0
    assert found.valid_errors == max(0, late.design.latency - simulation.design.latency)
    assert 0 < found.mismatches <= found.vectors


def test_a_design_of_another_network_is_refused(compiled):
    wrong = _changed(compiled.network, 2, name="other")
    with pytest.raises(InputError, match="layers"):
        module_under_test(wrong, compiled.design)


def _tb(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "tb", *map(str, arguments)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_fault_in_the_verilog_is_named_and_leaves_a_waveform(compiled, tmp_path):
    # The layer behind it differs too: the first is named.
    module, signal, layer = "encoder_core_conv", "output_0", "conv"
    shutil.copytree(compiled.design, tmp_path / "rtl")
    head, body = (tmp_path / "rtl" / "encoder.v").read_text().split(f"module {module}(", 1)
    body, count = re.subn(
        rf"assign {signal} = (.*);", rf"assign {signal} = 1 ^ (\1);", body, count=1
    )
    assert count == 1
    (tmp_path / "rtl" / "encoder.v").write_text(f"{head}module {module}({body}")
    done = _tb(
        compiled.network_path, tmp_path / "rtl", "--vectors", 200, "--no-protocol",
        "--work", tmp_path / "work",
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    verdict = json.loads(done.stdout)
    first = verdict["first_mismatch"]
    assert (first["layer"], first["expected"] ^ first["actual"]) == (layer, 1)
    assert f"layer '{layer}'" in done.stderr
    with open(first["waveform"], "rb") as stream:
        assert stream.read(1) == b"\0"  # FST header block


def test_verilog_that_does_not_compile_is_one_line_with_the_log(compiled, tmp_path):
    shutil.copytree(compiled.design, tmp_path / "rtl")
    with open(tmp_path / "rtl" / "encoder.v", "a") as stream:
        stream.write("module broken(; endmodule\n")
    done = _tb(compiled.network_path, tmp_path / "rtl", "--vectors", 10, "--work", tmp_path)
    assert done.returncode == 2
    assert "syntax error" in done.stderr
    assert "verilator.log" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give a network.json"),
        (["missing.json", "."], "missing.json: no such file"),
        (["n.json", "missing"], "missing: no such folder"),
        (["n.json", ".", "--vectors", "-5"], "--vectors = -5"),
    ],
)
def test_bad_arguments_end_with_status_2_and_one_line(arguments, message):
    done = _tb(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_events_that_cannot_be_read_end_with_status_2(compiled, tmp_path):
    (tmp_path / "events.csv").write_text("1,2,3\n")
    save_network(compiled.network, tmp_path / "network.json")
    done = _tb(tmp_path / "network.json", compiled.design, "--events", tmp_path / "events.csv")
    assert done.returncode == 2
    assert "events.csv" in done.stderr
