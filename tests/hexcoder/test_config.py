from pathlib import Path

import pytest

from hexcoder.config import load_config
from hexcoder.errors import InputError
from hexcoder.pdk.technology import technology_for, technology_of

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.toml"))
TINY = Path(__file__).parents[2] / "configs" / "tiny.toml"


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_config_of_the_project_is_valid_and_named_after_its_file(path):
    assert load_config(path).name == path.stem


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("count = 3000", "cuont = 3000", r"key 'data.cuont' is not known"),
        ("count = 3000", "count = -3", r"key 'data.count' = -3: .*greater than 0"),
        ("count = 3000", 'count = "many"', r"key 'data.count' = 'many'"),
        ('input_type = "UQ(1,5)"', 'input_type = "U8"', r"input_type' = 'U8': .*for example"),
        ('name = "tiny"', 'name = "my design"', r"key 'name' = 'my design'"),
        ('kind = "dense"', 'kind = "lstm"', r"network.layers.2.*conv2d"),
        (
            'overflow = "saturate"',
            'overflow = "clip"',
            r"overflow' = 'clip': .*'saturate' or 'wrap'",
        ),
        ("filters = 2", "", r"key 'network.layers.0.filters' is missing"),
        ('name = "tiny"', "name = ", r"not valid TOML"),
    ],
)
def test_a_wrong_key_or_value_is_one_line_with_file_key_and_value(tmp_path, old, new, message):
    text = TINY.read_text()
    assert old in text
    path = tmp_path / "wrong.toml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(InputError, match=message) as raised:
        load_config(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_missing_config_says_what_a_config_is(tmp_path):
    with pytest.raises(InputError, match="no such file; a config is a TOML file"):
        load_config(tmp_path / "nothing.toml")


def test_another_pdk_brings_its_technology_and_its_own_name():
    config = load_config(TINY, pdk="sky130")
    assert (config.name, config.silicon.pdk) == ("tiny_sky130", "sky130")
    assert technology_for(config) == technology_of("sky130") != technology_of("nangate45")
    assert load_config(TINY, pdk="nangate45") == load_config(TINY)
    assert load_config(TINY, pdk="../mine/my-node.toml").name == "tiny_my_node"


def test_what_a_config_says_of_its_technology_stays(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(TINY.read_text() + "\n[technology]\nxor_ns = 9.0\n")
    technology = technology_for(load_config(path, pdk="sky130"))
    assert technology == technology_of("sky130").model_copy(update={"xor_ns": 9.0})


def test_events_on_the_command_line_take_the_place_of_the_config_s():
    assert load_config(TINY, "mine.csv").data.events == "mine.csv"
