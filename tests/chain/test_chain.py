"""The whole chain on the smallest config, through the commands that the Makefile calls."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.write_tour import OWN_NETWORKS, api_blocks, blocks_of, notebook_code

pytestmark = pytest.mark.xdist_group("chain")
CONFIG = "configs/tiny.toml"
STAGES = {
    "train": ["models", "train"],
    "rtl": ["gen"],
    "sim": ["tb"],
    "asic": ["flow", "asic"],
    "report": ["flow", "report"],
}


TOUCH = "touch hexcoder_was_here"


def _run(stage, build, *more):
    room, *command = STAGES[stage]
    arguments = [*command, "--config", CONFIG, "--build", str(build), *more]
    return subprocess.run(
        [sys.executable, "-m", room, *arguments], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """The results of every stage, in a folder whose name some tool might split or run."""
    for tool in ("sta", "iverilog"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is missing: scripts/system-packages.sh installs it")
    names = tmp_path_factory.mktemp("build") / f"a b é $({TOUCH}) `{TOUCH}`; $(shell {TOUCH})"
    folder = names / "build" / "tiny"
    for stage in STAGES:
        done = _run(stage, folder)
        assert done.returncode == 0, f"{stage}: {done.stderr}"
    return folder


def _metrics(build, stage):
    return json.loads((build / stage / "metrics.json").read_text())


def test_every_link_of_the_chain_agrees(build):
    assert _metrics(build, "train")["torch_against_golden"]["mismatches"] == 0
    sim = _metrics(build, "sim")
    assert sim["mismatches"] == 0
    assert sim["vectors"] > 10_000
    assert all(v == "passed" for tests in sim["protocol_tests"].values() for v in tests.values())
    asic = _metrics(build, "asic")
    assert asic["netlist_check"]["passed"]
    assert asic["gate_level_check"]["passed"]


def test_no_tool_ran_what_stands_in_the_folder_s_name(build):
    places = [build, Path.cwd()]
    assert not [mark for place in places for mark in place.glob("**/hexcoder_was_here")]


def test_timing_is_met_and_power_is_measured_with_events(build):
    asic = _metrics(build, "asic")
    assert asic["timing__setup__ws"] > 0
    assert asic["unconstrained_endpoints"] == 0
    parts = ("internal", "switching", "leakage")
    total = sum(asic[f"power__{part}__total"] for part in parts)
    assert asic["power__total"] == pytest.approx(total)
    assert asic["energy_per_event_pj"] == pytest.approx(total * 25e-9 * 1e12)
    assert asic["origin"]["activity"].startswith("held-out generated events")
    assert sum(asic["area_by_layer_um2"].values()) == pytest.approx(asic["design__instance__area"])


def test_a_second_run_finds_every_stage_up_to_date(build):
    for stage in STAGES:
        done = _run(stage, build)
        assert done.returncode == 0
        assert "up to date" in done.stdout, f"{stage}: {done.stdout}"


def test_another_config_value_makes_only_what_depends_on_it_again(build, tmp_path):
    copy = tmp_path / "tiny"
    shutil.copytree(build, copy)
    text = tmp_path / "tiny.toml"
    with open(CONFIG) as stream:
        text.write_text(stream.read().replace("gate_level_vectors = 100", "gate_level_vectors = 5"))
    for stage in ("train", "rtl"):
        room, *command = STAGES[stage]
        done = subprocess.run(
            [sys.executable, "-m", room, *command, "--config", text, "--build", copy],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "up to date" in done.stdout


def test_the_page_of_the_python_api_runs_beside_a_users_own_models(build):
    """In a folder whose models/ is not ours; the notebook has the page's cells."""
    place = build.parents[1]
    (place / "models").mkdir(exist_ok=True)
    (place / "models" / "__init__.py").write_text("raise SystemExit('not of hexcoder')")
    blocks = api_blocks()
    assert notebook_code() == blocks
    (place / "page.py").write_text("\n".join(blocks))
    done = subprocess.run(
        [sys.executable, "page.py"], cwd=place, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "pJ an event, with glitches" in done.stdout
    assert "nonsense: no such file; a config is a TOML file, or one of" in done.stdout


@pytest.mark.long
def test_the_page_of_ones_own_networks_runs_to_a_layout(tmp_path):
    pytest.importorskip("klayout")
    (tmp_path / "page.py").write_text("\n".join(blocks_of(OWN_NETWORKS)))
    done = subprocess.run(
        [sys.executable, "page.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "0 differences\n0 design rules broken\n0 differences of layout" in done.stdout
