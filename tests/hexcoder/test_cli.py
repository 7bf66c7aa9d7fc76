"""The program ``hexcoder``: words in, stages out."""

import argparse
import tomllib
from pathlib import Path

import pytest

from hexcoder import cli
from hexcoder.errors import CheckFailed, InputError
from hexcoder.version import __version__


@pytest.fixture
def ran(monkeypatch):
    """Commands that a call runs, in order, with their words."""
    calls = []
    monkeypatch.setattr(cli, "_run", lambda *words: calls.append(list(words)))

    def run(*words):
        calls.clear()
        assert cli.main(words) == 0
        return calls

    return run


def stages(calls):
    return [words[0] for words in calls]


def test_a_stage_runs_what_it_needs_first(ran):
    assert stages(ran("asic", "--config", "tiny")) == ["train", "rtl", "sim", "asic"]
    assert stages(ran("all", "tiny")) == ["train", "rtl", "sim", "asic", "all"]
    assert stages(ran("asic", "--pdk", "sky130", "tiny")) == ["train", "rtl", "sim", "asic"]
    assert stages(ran("rtl", "tiny")) == ["train", "rtl"]
    assert stages(ran("train", "tiny")) == ["train"]


def test_a_config_is_wanted_once(ran):
    with pytest.raises(InputError, match="one of the arguments CONFIG --config is required"):
        ran("asic", "--pdk", "sky130")
    with pytest.raises(InputError, match="CONFIG: not allowed with argument --config"):
        ran("asic", "--config", "tiny", "econ_t")


def test_a_word_that_is_no_config_is_named(ran):
    with pytest.raises(InputError, match="nothing: no such file; a config is a TOML file"):
        cli.config_and_build(argparse.Namespace(
            config=Path("nothing"), events=None, pdk=None, columns=None, build=None,
        ))  # fmt: skip
    assert stages(ran("asic", "nothing"))[-1] == "asic"


def test_options_of_the_config_are_those_of_every_stage(ran, tmp_path):
    events = tmp_path / "my events.csv"
    events.write_text("")
    calls = ran("rtl", "tiny", "--events", str(events), "--pdk", "sky130", "--build", "b c")
    (train, rtl) = calls
    assert train[1:] == [
        "--config", str(cli.find_config("tiny")), "--events", str(events),
        "--pdk", "sky130", "--build", "b c",
    ]  # fmt: skip
    assert rtl[1:3] == ["--config", "tiny"]


def test_a_network_of_ones_own_needs_no_training(ran, tmp_path):
    network = tmp_path / "network.json"
    network.write_text("{}")
    assert stages(ran("rtl", str(network), "-o", "rtl")) == ["rtl"]
    assert stages(ran("rtl", str(network), "--config", "tiny", "-o", "rtl")) == ["rtl"]


def test_a_check_that_fails_is_reported_before_the_chain_ends(monkeypatch):
    calls = []

    def run(*words):
        calls.append(words[0])
        if words[0] == "sim":
            raise CheckFailed("bits differ")

    monkeypatch.setattr(cli, "_run", run)
    with pytest.raises(CheckFailed):
        cli.main(["all", "tiny"])
    assert calls == ["train", "rtl", "sim", "report"]


def test_configs_are_listed_and_printed(capsys):
    cli.main(["configs"])
    assert "tiny" in capsys.readouterr().out
    cli.main(["configs", "tiny"])
    assert tomllib.loads(capsys.readouterr().out)["name"] == "tiny"
    with pytest.raises(InputError, match="nothing: no such file; a config is a TOML file, or one"):
        cli.main(["configs", "nothing"])


def test_version_and_help(capsys):
    for words, part in ((["--version"], __version__), ([], "hexcoder all tiny")):
        with pytest.raises(SystemExit) as done:
            cli.main(words)
        assert done.value.code == 0
        assert part in capsys.readouterr().out


def test_every_command_has_help(capsys):
    for command in ("all", "sim", "upsets", "search", "chip", "evaluate"):
        with pytest.raises(SystemExit) as done:
            cli.main([command, "--help"])
        assert done.value.code == 0
        text = capsys.readouterr().out
        assert f"hexcoder {command}" in text
        assert "python -m" not in text
        assert ("[CONFIG]" in text) == (command in ("all", "search"))
