"""LibreLane with the real package: its configuration, and its steps that need no OpenROAD."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hexcoder.config import Compiler, Librelane, load_config
from hexcoder.errors import InputError
from hexcoder.files import write_json
from hexcoder.flow.librelane.design import write_design
from hexcoder.flow.librelane.run import (
    LAST_WITHOUT_OPENROAD,
    find_pdk,
    find_way,
    outside_command,
    require_tcl,
    run_librelane,
)
from hexcoder.gen.build import build
from hexcoder.gen.compiler import Settings
from hexcoder.report.page import page
from hexcoder.report.results import read_results
from tests.flow.librelane.public_pdk import LIBRARY, NAME, write_pdk
from tests.networks import sensor_network

needs_tcl = pytest.mark.skipif(
    importlib.util.find_spec("_tkinter") is None, reason="this Python has no tkinter (python3-tk)"
)
TINY = Path(__file__).parents[3] / "configs" / "tiny.toml"


@pytest.fixture(scope="module")
def rtl(tmp_path_factory):
    """A build folder with the RTL of a small network."""
    folder = tmp_path_factory.mktemp("librelane")
    settings = Settings(compiler=Compiler(effort=0.05))
    build(sensor_network(), settings, folder / "rtl")
    return folder


@pytest.fixture
def config():
    return load_config(TINY)


@pytest.fixture
def pdk(tmp_path, monkeypatch):
    monkeypatch.setenv("PDK_ROOT", str(write_pdk(tmp_path / "pdks")))
    return NAME


def test_the_design_is_written_for_librelane_and_openlane(rtl, config, tmp_path):
    path = write_design(config, rtl / "rtl", tmp_path, "sky130A")
    variables = json.loads(path.read_text())
    assert variables["DESIGN_NAME"] == "encoder"
    assert variables["CLOCK_PERIOD"] == config.clock.period_ns
    assert variables["VERILOG_FILES"] == ["dir::encoder.v", "dir::full_adder.v"]
    assert "module full_adder(" not in (tmp_path / "encoder.v").read_text()
    assert "sky130_fd_sc_hd__fa_1 adder (.A(a)" in (tmp_path / "full_adder.v").read_text()
    assert "set_input_delay 2 -clock clk" in (tmp_path / "constraints.sdc").read_text()
    pins = (tmp_path / "pins.cfg").read_text().splitlines()
    inputs = [int(m[1]) for line in pins if (m := re.fullmatch(r"in_data\\\[(\d+)\\\]", line))]
    assert inputs == list(range(48 * 22))
    assert [line for line in pins if line.startswith("#")] == ["#W", "#S", "#N", "#E"]


def test_a_library_without_a_full_adder_keeps_ours(rtl, config, tmp_path):
    path = write_design(config, rtl / "rtl", tmp_path, "ihp-sg13g2")
    assert json.loads(path.read_text())["VERILOG_FILES"] == ["dir::encoder.v"]
    assert "module full_adder(" in (tmp_path / "encoder.v").read_text()


def test_variables_of_one_s_own_are_handed_on(rtl, config, tmp_path):
    own = Librelane(core_utilization=30.0, variables={"RUN_CTS": False})
    path = write_design(
        config.model_copy(update={"librelane": own}), rtl / "rtl", tmp_path, "sky130A"
    )
    variables = json.loads(path.read_text())
    assert (variables["FP_CORE_UTIL"], variables["RUN_CTS"]) == (30.0, False)


@needs_tcl
@pytest.mark.xdist_group("librelane")
def test_lint_and_synthesis_run_and_are_read_back(rtl, config, tmp_path, pdk):
    own = config.model_copy(update={"librelane": Librelane(standard_cells=LIBRARY)})
    folder = rtl / "librelane"
    folder.mkdir()
    write_design(own, rtl / "rtl", folder / "design", pdk)
    found = run_librelane(own, folder, pdk, LAST_WITHOUT_OPENROAD)
    assert found["failed"] is None
    write_json(folder / "metrics.json", found)
    assert found["origin"]["state"] == "before layout"
    assert found["origin"]["last_step"] == LAST_WITHOUT_OPENROAD
    metrics = found["metrics"]
    assert metrics["design__lint_error__count"] == 0
    assert metrics["design__instance_unmapped__count"] == 0
    assert metrics["design__instance__area"] > 1000
    (netlist,) = folder.glob("design/runs/*/*-yosys-synthesis/encoder.nl.v")
    assert netlist.read_text().count("FA_X1") > 10
    html = page(read_results(own, "--config configs/tiny.toml", "", rtl))
    assert "LibreLane beside the embedded flow" in html
    assert f"{metrics['design__instance__count']:,}" in html


@needs_tcl
def test_a_variable_that_librelane_refuses_is_its_own_words(rtl, config, tmp_path, pdk):
    wrong = Librelane(standard_cells=LIBRARY, variables={"FP_CORE_UTIL": "much"})
    own = config.model_copy(update={"librelane": wrong})
    write_design(own, rtl / "rtl", tmp_path / "design", pdk)
    found = run_librelane(own, tmp_path, pdk, LAST_WITHOUT_OPENROAD)
    assert "FP_CORE_UTIL" in found["failed"]
    assert found["metrics"] == {}


def test_without_tools_the_whole_flow_says_what_it_lacks(monkeypatch):
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    with pytest.raises(InputError, match=r"openroad.*nix, docker or podman.*--to Checker"):
        find_way(None)
    assert find_way("Yosys.Synthesis") == "native"
    with pytest.raises(InputError, match=r"--to Nothing: LibreLane has no such step"):
        find_way("Nothing")


def test_a_python_without_tkinter_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"no tkinter.*apt-get install python3-tk"):
        require_tcl()


def test_a_missing_pdk_names_the_command_that_fetches_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PDK_ROOT", str(tmp_path))
    with pytest.raises(InputError, match=r"sky130A is not in .*ciel enable .*sky130 [0-9a-f]{40}"):
        find_pdk("sky130A")
    monkeypatch.delenv("PDK_ROOT")
    with pytest.raises(InputError, match="'tsmc7' is not known to LibreLane: one of sky130A"):
        find_pdk("tsmc7")


@pytest.mark.parametrize("way", ["nix", "podman"])
def test_what_runs_elsewhere_is_given_the_same_design(way, tmp_path, monkeypatch):
    program = tmp_path / "nix"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    config = tmp_path / "config.json"
    command = outside_command(way, config, "gf180mcuD", None, "Yosys.Synthesis", "3.0.17")
    assert command[-1] == str(config)
    assert command[command.index("--pdk") + 1] == "gf180mcuD"
    assert command[command.index("--to") + 1] == "Yosys.Synthesis"
    assert ("--dockerized" in command) == (way == "podman")


@pytest.mark.skipif(bool(shutil.which("openroad")), reason="OpenROAD is installed")
def test_the_command_ends_with_one_line(rtl, tmp_path):
    arguments = ["librelane", "--config", str(TINY), "--pdk", "sky130A", "--build", str(rtl)]
    done = subprocess.run(
        [sys.executable, "-m", "flow", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": str(Path(sys.executable).parent)},
    )
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "OpenROAD" in done.stderr or "openroad" in done.stderr
    design = rtl / "librelane" / "design"
    assert f"the design is in {design}" in done.stderr
    assert (design / "config.json").is_file()


@pytest.mark.parametrize(("answer", "way"), [("exit 0", "docker"), ("exit 1", None)])
def test_a_client_of_docker_counts_if_its_daemon_answers(tmp_path, monkeypatch, answer, way):
    client = tmp_path / "docker"
    client.write_text(f"#!/bin/sh\n{answer}\n")
    client.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    if way:
        assert find_way(None) == way
        return
    with pytest.raises(InputError, match="client docker is there, but no daemon answers it"):
        find_way(None)
