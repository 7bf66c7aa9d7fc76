import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hexcoder.config import load_config
from hexcoder.flow.asic.stage import ASIC
from hexcoder.flow.block import Block
from hexcoder.flow.simulated import vectors
from hexcoder.flow.vectors import Vectors
from hexcoder.steps.runner import run_stage
from tests.designs import Design
from tests.needs import needs_iverilog, needs_sta

ROOT = Path(__file__).parents[3]
CONFIG = ROOT / "configs" / "econ_t_linear.toml"


def config_with(folder: Path, old: str, new: str) -> Path:
    text = CONFIG.read_text()
    assert old in text
    path = folder / "config.toml"
    path.write_text(text.replace(old, new))
    return path


def asic(config: Path, build: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "flow", "asic", "--config", str(config)]
    return subprocess.run(
        [*command, "--build", str(build)],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def design(tmp_path) -> Design:
    design = Design.random(4, 3, 2)
    design.write(tmp_path / "build")
    return design


def asic_of(design: Design, change: int = 0):
    """The stage, fed with a design's own inputs and reference."""
    inputs = design.random_inputs(2000)
    expected = design.reference(inputs)
    expected[7, 1] += change
    given = Vectors(inputs, expected, inputs, "test events")
    return replace(ASIC, inputs=lambda place: Block(place, {vectors: given}))


@needs_sta
@needs_iverilog
def test_a_network_without_a_front_end_goes_through(design, tmp_path):
    config = load_config(CONFIG)
    verification = config.verification.model_copy(update={"gate_level_vectors": 50, "formal": True})
    config = config.model_copy(update={"verification": verification})
    outcome = run_stage(asic_of(design), config, tmp_path / "build")
    assert outcome.failures == ()
    assert outcome.ran == tuple(step.id for step in ASIC.steps)
    metrics = outcome.metrics
    assert metrics["netlist_check"]["passed"]
    assert metrics["netlist_check"]["vectors"] == 2000
    assert metrics["cell_models_check"]["passed"]
    assert metrics["gate_level_check"]["vectors"] == config.verification.gate_level_vectors
    assert metrics["formal_equivalence"]["proved"]
    assert metrics["not_measured"] == {"triplication_check": "chip.triplicated is off"}
    parts = [metrics[f"power__{part}__total"] for part in ("internal", "switching", "leakage")]
    assert metrics["power__total"] == pytest.approx(sum(parts))
    assert metrics["energy_per_event_pj"] == pytest.approx(metrics["power__total"] * 25e-9 * 1e12)
    assert metrics["origin"]["activity"].startswith("test events")
    assert set(metrics["area_by_layer_um2"]) == {"conv", "latent", "encoder_core"}
    assert sum(metrics["area_by_layer_um2"].values()) == pytest.approx(
        metrics["design__instance__area"]
    )


def test_a_wrong_golden_value_fails_the_stage_and_keeps_its_reports(design, tmp_path):
    stage, folder = asic_of(design, change=1), tmp_path / "build" / "asic"
    [failure] = run_stage(stage, load_config(CONFIG), tmp_path / "build").failures
    assert "1 of 2000 events differ, first event 7, element 1" in failure
    assert (folder / "metrics.json").is_file()
    assert (folder / "netlist.v").is_file()


@needs_sta
def test_the_command_line_runs_once_and_then_is_up_to_date(design, tmp_path):
    build = tmp_path / "build"
    first = asic(CONFIG, build)
    assert first.returncode == 0, first.stderr
    assert "um2" in first.stdout
    again = asic(CONFIG, build)
    assert again.returncode == 0
    assert "(up to date)" in again.stdout
    metrics = json.loads((build / "asic" / "metrics.json").read_text())
    assert metrics["timing__setup__ws"] > 0
    assert metrics["netlist_check"]["passed"]
    assert metrics["netlist_check"]["vectors"] > 20_000
    for report in (
        "netlist.v",
        "netlist.json",
        "cells.json",
        "constraints.sdc",
        "timing_setup.rpt",
    ):
        assert (build / "asic" / report).is_file()


def test_a_weight_that_the_netlist_does_not_have_fails_the_check(design, tmp_path):
    build = tmp_path / "build"
    network = json.loads((build / "network.json").read_text())
    network["layers"][1]["weights"][1][2] = 31
    (build / "network.json").write_text(json.dumps(network))
    result = asic(CONFIG, build)
    assert result.returncode == 1
    assert "failed: netlist: " in result.stderr
    assert "events differ, first event" in result.stderr


@needs_sta
def test_a_period_that_timing_cannot_meet_fails_with_all_reports(design, tmp_path):
    config = config_with(tmp_path, "period_ns = 25.0", "period_ns = 0.5")
    build = tmp_path / "build"
    result = asic(config, build)
    assert result.returncode == 1
    assert "clock period of 0.5 ns not met" in result.stderr
    assert "Traceback" not in result.stderr
    metrics = json.loads((build / "asic" / "metrics.json").read_text())
    assert metrics["timing__setup__ws"] < 0
    assert metrics["power__total"] > 0


def test_without_opensta_its_numbers_are_marked_as_not_measured(design, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("g++", "as", "ld"):
        path = shutil.which(tool)
        assert path is not None
        (tools / tool).symlink_to(path)
    build = tmp_path / "build"
    result = asic(CONFIG, build, PATH=str(tools))
    assert result.returncode == 0, result.stderr
    assert "setup slack not measured" in result.stdout
    metrics = json.loads((build / "asic" / "metrics.json").read_text())
    assert metrics["timing__setup__ws"] is None
    assert "apt-get install opensta" in metrics["not_measured"]["timing__setup__ws"]
    # Power is worked out from the Liberty file.
    assert metrics["power__total"] > 0
    assert metrics["design__instance__area"] > 0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'pdk = "nangate45"',
            'pdk = "none"',
            "PDK 'none' is not known: one of gf180mcu, nangate45, sky130,",
        ),
        ('pdk = "nangate45"', 'pdk = "nangate45"\nwire_load = "x"', "wire_load 'x' is not in"),
    ],
)
def test_bad_silicon_options_are_named(design, tmp_path, old, new, message):
    result = asic(config_with(tmp_path, old, new), tmp_path / "build")
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_missing_design_says_which_step_makes_it(tmp_path):
    result = asic(CONFIG, tmp_path / "empty")
    assert result.returncode == 2
    assert "make rtl" in result.stderr


def test_help_shows_examples():
    command = [sys.executable, "-m", "flow", "asic", "--help"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "hexcoder asic econ_t" in result.stdout
