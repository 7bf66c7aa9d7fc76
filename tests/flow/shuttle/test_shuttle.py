"""Projects for shuttles: their own tests, and what they refuse."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hexcoder.config import load_config
from hexcoder.documents import read_yaml
from hexcoder.errors import CheckFailed, InputError
from hexcoder.flow.shuttle.project import labels_for, write_project
from hexcoder.flow.shuttle.shuttles import CARAVEL, TINY_TAPEOUT
from hexcoder.flow.shuttle.size import RoomNeeded, room_needed, wrapper_um2
from hexcoder.gen.build import build as build_rtl
from hexcoder.gen.compiler import Settings
from hexcoder.netlist.yosys import run_yosys
from hexcoder.network.schema import Network, save_network
from hexcoder.tb.modules import read_rtl
from tests.commands import run_room
from tests.needs import needs_iverilog

CONFIG = "configs/tiny.toml"
VECTORS = 200


INPUTS, OUTPUTS = 5, 9
"""Events of 15 bits, two bytes; answers of 54, seven bytes: the wrapper has to hold events back."""


def network(sign: int = 1) -> Network:
    weights = sign * np.random.default_rng(3).integers(-7, 8, (OUTPUTS, INPUTS))
    layer = {
        "kind": "dense", "name": "sums", "weights": weights.tolist(), "weight_type": "SQ(4,0)",
        "activation": "relu", "output_type": "UQ(6,0)", "rounding": "floor",
        "overflow": "saturate",
    }  # fmt: skip
    given = {"shape": [INPUTS], "type": "UQ(3,0)"}
    return Network.model_validate({"name": "small", "input": given, "layers": [layer]})


def write(build, folder, shuttle, tiles=None):
    config = load_config(CONFIG)
    labels = labels_for(config, shuttle, "A. Name", 'Sums: a "test"', None)
    return write_project(config, build, folder, shuttle, labels, tiles, VECTORS)


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    folder = tmp_path_factory.mktemp("build")
    save_network(network(), folder / "network.json")
    build_rtl(network(), Settings(), folder / "rtl")
    return folder


@pytest.fixture(scope="module")
def tile(build):
    written = write(build, build / "tinytapeout", TINY_TAPEOUT)
    assert (written.site.name, written.tests) == ("1x1", 7)
    return build / "tinytapeout"


def make(folder):
    """Run a project's tests as its users do; what failed."""
    place = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {key: os.environ[key] for key in ("HOME",) if key in os.environ}
    done = subprocess.run(
        ["make", "-B", "-C", str(folder)],
        env=environment | {"PATH": place, "PWD": str(folder)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (folder / "results.xml").is_file(), done.stdout + done.stderr
    return (folder / "results.xml").read_text().count("<failure")


@needs_iverilog
def test_the_project_tests_itself_with_icarus_and_finds_a_fault(tile, tmp_path):
    copy = tmp_path / "project"
    shutil.copytree(tile, copy)
    assert make(copy / "test") == 0
    faulty = copy / "test" / "vectors.txt"
    lines = faulty.read_text().splitlines()
    event, answer = lines[150].split()
    lines[150] = f"{event} {int(answer[:2], 16) ^ 1:02x}{answer[2:]}"
    faulty.write_text("\n".join(lines) + "\n")
    assert make(copy / "test") > 0


def test_a_project_whose_tests_fail_is_not_left(build, tmp_path):
    wrong = tmp_path / "build"
    shutil.copytree(build / "rtl", wrong / "rtl")
    save_network(network(-1), wrong / "network.json")
    with pytest.raises(CheckFailed, match="tests of the caravel project failed: all_vectors"):
        write(wrong, wrong / "caravel", CARAVEL)
    assert not (wrong / "caravel").exists()


def test_the_description_has_every_key_of_the_template(tile):
    info = read_yaml(tile / "info.yaml", "YAML")
    assert info["yaml_version"] == 6
    project = info["project"]
    assert set(project) == {
        "title", "author", "discord", "description", "language", "clock_hz", "tiles",
        "top_module", "source_files",
    }  # fmt: skip
    assert project["title"] == 'Sums: a "test"'
    assert project["clock_hz"] == 40_000_000
    assert all((tile / "src" / name).is_file() for name in project["source_files"])
    assert (
        f"module {project['top_module']}(" in (tile / "src" / "tt_um_hexcoder_tiny.v").read_text()
    )
    pins = {f"{port}[{bit}]" for port in ("ui", "uo", "uio") for bit in range(8)}
    assert set(info["pinout"]) == pins
    variables = json.loads((tile / "src" / "config.json").read_text())
    assert variables["CLOCK_PERIOD"] == 25.0
    page = (tile / "docs" / "info.md").read_text()
    assert [line for line in page.splitlines() if line.startswith("## ")][:3] == [
        "## How it works", "## How to test", "## External hardware"
    ]  # fmt: skip
    example = page.split('bytes.fromhex("')[1:]
    pair = " ".join(one.split('"')[0] for one in example)
    assert pair == (tile / "test" / "vectors.txt").read_text().splitlines()[-1]


def test_the_library_s_full_adder_is_taken_where_it_is_asked_for(tile, tmp_path):
    adder = "module sky130_fd_sc_hd__fa_1(input A, B, CIN, output SUM, COUT); endmodule"
    (tmp_path / "cells.v").write_text(adder)
    files = " ".join(str(path) for path in sorted((tile / "src").glob("*.v")))
    script = [
        f"read_verilog -lib {tmp_path / 'cells.v'}",
        f"read_verilog -DSKY130_HD {files}",
        "hierarchy -check -top tt_um_hexcoder_tiny",
        "flatten",
        "select -assert-min 5 t:sky130_fd_sc_hd__fa_1",
        "select -assert-none t:full_adder",
    ]
    run_yosys(script, tmp_path / "run.ys")


def test_the_smallest_place_with_room_is_chosen():
    def chosen(needed_um2, wanted=None):
        # A fifth more for layout, at 60 % utilisation: twice the cells.
        return TINY_TAPEOUT.site_for("x", RoomNeeded(needed_um2 / 2, 0, "here"), wanted).name

    assert [chosen(um2) for um2 in (1e3, 17e3, 37e3, 200e3)] == ["1x1", "1x1", "2x2", "6x2"]
    assert chosen(1e3, "8x2") == "8x2"
    with pytest.raises(InputError, match=r"needs about 400,000 um2 .*8x2 has 311,133.*caravel"):
        chosen(400e3)
    with pytest.raises(InputError, match=r"1x1 has 17,955: --tiles 2x2 would do"):
        chosen(37e3, "1x1")
    with pytest.raises(InputError, match=r"no such place; one of 1x1, 1x2, 2x2"):
        chosen(1e3, "5x5")


def test_room_before_synthesis_is_that_of_the_compiler_s_gates(build):
    rtl = read_rtl(build / "rtl")
    room = room_needed(build, rtl, "encoder_core")
    total = rtl.total
    assert room.source.startswith("before synthesis")
    expected = 20.02 * (total.full_adders + total.register_bits) + 7.51 * total.other_gates
    assert room.core_um2 == pytest.approx(expected)
    assert room.wrapper_um2 == wrapper_um2(15, 54)


def test_what_is_too_large_is_one_line_before_anything_runs(tmp_path):
    text = Path(CONFIG).read_text().replace("[4, 4, 3]", "[64, 64, 3]")
    config = tmp_path / "large.toml"
    config.write_text(text)
    done = run_room("flow", "shuttle", config, "--build", tmp_path / "build")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "of the shift registers alone" in done.stderr
    assert not (tmp_path / "build").exists()


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--top", "mine", "begin with tt_um_"),
        ("--top", "tt_um_a b", "letters, digits"),
        ("--author", " ", "a text in one line"),
        ("--tiles", "9x9", "no such place"),
    ],
)
def test_a_wrong_option_is_one_line(tmp_path, option, value, says):
    done = run_room("flow", "shuttle", CONFIG, "--build", tmp_path, option, value)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert says in done.stderr
