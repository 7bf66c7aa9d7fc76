"""What comes in a file is data: nothing that it says is run, whichever tool it reaches."""

import json
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hexcoder.errors import InputError
from hexcoder.netlist.cell_tables import read_tables
from hexcoder.netlist.liberty import read_liberty
from hexcoder.pdk.description import load_pdk
from hexcoder.sensor.chip.configuration import read_configuration
from hexcoder.tools import plain, tcl_word
from tests.fuzz import NETWORK, _chip, _liberty

ROOT = Path(__file__).resolve().parents[1]
NAMES = [
    "[exec touch {}]", "A; touch {}", "A\ntouch {}", "$(touch {})", "`touch {}`", "A B", "!touch",
]  # fmt: skip


@pytest.fixture
def mark(tmp_path):
    """A file that appears if something was run."""
    path = tmp_path / "mark"
    yield path
    assert not path.exists()


def liberty(tmp_path, old, new):
    text = _liberty(random.Random(1)).decode()
    assert old in text
    (tmp_path / "library.lib").write_text(text.replace(old, new, 1))
    return tmp_path / "library.lib"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("old", ["cell (AND2_X1) {", "pin (A1)", 'wire_load("1K_hvratio_1_1")'])
def test_a_name_of_a_library_that_is_more_than_a_name_is_refused(tmp_path, mark, name, old):
    kind = old.split("(")[0].strip()
    path = liberty(tmp_path, old, f'{kind} ("{name.format(mark)}")' + old.partition(")")[2])
    with pytest.raises(InputError, match="not made of letters, digits"):
        read_liberty(path)


def test_a_condition_of_a_library_is_never_python(tmp_path, mark):
    payload = f"__import__('os').system('touch {mark}')"
    text = re.sub(r'(when\s*: )"[^"]*"', rf'\1"{payload}"', _liberty(random.Random(1)).decode())
    (tmp_path / "library.lib").write_text(text)
    with pytest.raises(InputError, match="cannot read the function"):
        list(read_tables(tmp_path / "library.lib").values())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("key", ["cell", "input", "output"])
def test_a_name_of_a_pdk_that_is_more_than_a_name_is_refused(tmp_path, mark, name, key):
    lines, section = [], ""
    for line in (ROOT / "pdk" / "nangate45.toml").read_text().splitlines():
        section = line if line.startswith("[") else section
        if section == "[driving_cell]" and line.startswith(f"{key} ="):
            line = f"{key} = {json.dumps(name.format(mark))}"
        lines.append(line)
    (tmp_path / "own.toml").write_text("\n".join(lines))
    with pytest.raises(InputError, match=rf"driving_cell\.{key}.*made of letters"):
        load_pdk(str(tmp_path / "own.toml"))


def test_a_tag_of_yaml_makes_no_object(tmp_path, mark):
    text = (
        _chip(random.Random(1))
        .decode()
        .replace("  3: 2048", f"  3: !!python/object/apply:os.system ['touch {mark}']")
    )
    (tmp_path / "init.yaml").write_text(text)
    with pytest.raises(InputError, match="is not read; maps, lists, texts and numbers are"):
        read_configuration(tmp_path / "init.yaml")


@pytest.mark.parametrize(
    "text", ["a b", "[exit 7]", "{", "}", "$x", '"', "a;b", "a#b", "a\\b", "é[exit 7]"]
)
def test_a_word_of_tcl_means_itself(text):
    tkinter = pytest.importorskip("tkinter", reason="Python has no Tcl to ask")
    assert tkinter.Tcl().eval(f"set x {tcl_word(text)}") == text


@pytest.mark.parametrize("name", ["a b", "é", "$(x)", "a'b", 'a"b', "a\nb"])
def test_a_plain_path_leads_to_the_same_file(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    (folder / "file.v").write_text("here")
    path = plain(folder / "file.v")
    assert path.read_text() == "here"
    assert str(path).isascii()
    assert not set(" $'\"\n") & set(str(path))
    assert plain(tmp_path / "file.v") == tmp_path / "file.v"


def hexcoder(*words, **options):
    return subprocess.run(
        [sys.executable, "-m", "hexcoder", *map(str, words)],
        capture_output=True, text=True, check=False, **options,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["A; touch x", "$(touch x)", "../../x", "[exit]"])
def test_names_in_configs_and_networks_are_names(tmp_path, name):
    text = (ROOT / "configs" / "tiny.toml").read_text()
    (tmp_path / "own.toml").write_text(text.replace('name = "tiny"', f"name = {json.dumps(name)}"))
    network = json.loads(json.dumps(NETWORK))
    network["layers"][0]["name"] = name
    (tmp_path / "network.json").write_text(json.dumps(network))
    for words in (("train", "--config", tmp_path / "own.toml"),
                  ("rtl", tmp_path / "network.json", "-o", tmp_path / "rtl")):  # fmt: skip
        done = hexcoder(*words, cwd=tmp_path)
        assert done.returncode == 2
        assert "it must be letters, digits and underscores" in done.stderr
