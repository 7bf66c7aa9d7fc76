import pytest

from hexcoder.console import Parser, add_command, add_number, run_room
from hexcoder.errors import InputError

RAN = []


def declare(name):
    def add(commands):
        parser = add_command(commands, name, f"does {name}")
        parser.add_argument("files", nargs="*")
        add_number(parser, "--jobs", "processes", least=1, default=None)
        parser.set_defaults(run=lambda arguments: RAN.append((name, arguments)))

    return add


def ran(*words, default=None):
    RAN.clear()
    commands = [declare("prove"), declare("chip")]
    assert run_room("room", "What it does.", "examples", commands, words, default) == 0
    ((name, arguments),) = RAN
    return name, arguments.files, arguments.jobs


def test_a_command_is_run_by_its_name():
    assert ran("chip", "a", "--jobs", "3") == ("chip", ["a"], 3)


def test_words_that_name_no_command_are_the_default_s():
    assert ran("a", "b", default="prove") == ("prove", ["a", "b"], None)
    assert ran("--jobs", "2", "a", default="prove") == ("prove", ["a"], 2)
    assert ran(default="prove") == ("prove", [], None)
    assert ran("chip", "a", default="prove") == ("chip", ["a"], None)


def test_a_file_with_a_command_s_name_is_reached_by_naming_the_default():
    assert ran("prove", "chip", "rtl", default="prove") == ("prove", ["chip", "rtl"], None)


def test_help_is_the_room_s(capsys):
    with pytest.raises(SystemExit) as done:
        ran("--help", default="prove")
    assert done.value.code == 0
    text = capsys.readouterr().out
    assert "does prove" in text
    assert "does chip" in text


def test_without_a_default_a_command_has_to_be_named():
    with pytest.raises(InputError, match=r"invalid choice: 'a'.*; see room --help"):
        ran("a")


def test_a_number_below_the_least_is_one_line_that_names_the_option():
    with pytest.raises(InputError, match="--jobs = 0: it must be 1 or more"):
        ran("chip", "--jobs", "0")


def test_a_word_that_is_no_number_is_refused():
    parser = Parser()
    add_number(parser, "--seed", "seed", default=0)
    with pytest.raises(InputError, match="--seed = x: it must be a whole number"):
        parser.parse_args(["--seed", "x"])
