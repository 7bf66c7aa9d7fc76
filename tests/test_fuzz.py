"""A short run of the fuzz; `make verify` has 10,000 cases."""

import json
import random

import pytest

from tests import fuzz


def test_broken_files_of_every_kind_end_as_bad_input_should():
    assert fuzz.run(range(5 * len(fuzz.KINDS))) == {}


def test_the_fuzz_sees_a_traceback_and_a_message_of_two_lines(tmp_path, monkeypatch):
    def raises(error):
        def run(good, file):
            raise error

        return run

    from hexcoder.errors import InputError

    for error, part in ((KeyError("x"), "status 3"), (InputError("a" * 9), None)):
        kind = fuzz.Kind("planted", lambda r: b"text", raises(error))
        monkeypatch.setattr(fuzz, "KINDS", (kind,))
        problem = fuzz.problem_of(1, tmp_path, tmp_path)
        assert (problem is None) if part is None else (part in problem)


def test_the_good_files_are_good(tmp_path):
    fuzz.prepare(tmp_path)
    (tmp_path / "work").mkdir()
    for kind in fuzz.KINDS:
        (tmp_path / "work" / "file").write_bytes(kind.good(random.Random(3)))
        kind.run(tmp_path, tmp_path / "work" / "file")


@pytest.mark.parametrize("content", ["{}", "[]", "null", "5", "{", "", '{"format": 2}'])
@pytest.mark.parametrize("name", ["steps.json", "metrics.json"])
def test_a_kept_file_that_is_not_as_it_was_written_is_made_again(tmp_path, name, content):
    fuzz.prepare(tmp_path)
    build = tmp_path / "build"
    before = (build / "rtl" / "metrics.json").read_bytes()
    (build / "rtl" / name).write_text(content)
    fuzz._command("rtl", "--config", "tiny", "--build", build)
    assert (build / "rtl" / "metrics.json").read_bytes() == before
    assert json.loads((build / "rtl" / "steps.json").read_text())["steps"]
