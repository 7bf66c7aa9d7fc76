"""The runner of steps, on a small stage of real files."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from types import SimpleNamespace

import pytest

from hexcoder.errors import CheckFailed, InputError
from hexcoder.steps.limits import AtLeast
from hexcoder.steps.reads import File, Given, Key, Place, Tool
from hexcoder.steps.runner import run_stage
from hexcoder.steps.step import Metrics, NotMeasured, Stage, Step
from hexcoder.tools import ToolFailed


class Sum(Metrics):
    total: int


class Length(Metrics):
    letters: int


@dataclass
class Inputs:
    place: Place


def add(inputs: Inputs, progress) -> Sum:
    numbers = inputs.place.path("numbers.txt").read_text().split()
    total = sum(map(int, numbers)) * inputs.place.config.factor
    (inputs.place.folder / "total.txt").write_text(str(total))
    return Sum(total=total)


def measure(inputs: Inputs, progress) -> Length:
    text = inputs.place.path("sums/total.txt").read_text()
    (inputs.place.folder / "logs" / "length.log").write_text(text)
    return Length(letters=len(text))


ADD = Step(
    "sums.add",
    add,
    Sum,
    reads=(File("numbers.txt", maker="'make numbers'"), Key("factor")),
    writes=("total.txt",),
)
MEASURE = Step("sums.length", measure, Length, reads=(File("sums/total.txt"),), writes=("logs/",))
STAGE = Stage("sums", (ADD, MEASURE), Inputs, limits=(AtLeast("total", 0, "the sum"),))


@pytest.fixture
def build(tmp_path):
    (tmp_path / "numbers.txt").write_text("1 2 3\n")
    return tmp_path


def run(build, stage=STAGE, factor=1):
    return run_stage(stage, SimpleNamespace(factor=factor), build)


def files(build):
    paths = sorted(path for path in build.rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path.relative_to(build)): path.read_bytes() for path in paths}


def test_all_steps_run_once_and_then_are_up_to_date(build):
    first = run(build)
    assert first.ran == ("sums.add", "sums.length")
    assert first.metrics == {"total": 6, "letters": 1, "not_measured": {}}
    made = files(build)
    second = run(build)
    assert (second.ran, second.metrics) == ((), first.metrics)
    assert files(build) == made


def test_only_steps_whose_reads_changed_run_again(build):
    run(build)
    (build / "numbers.txt").write_text("3 2 1\n")
    # The same sum: what reads it is up to date.
    assert run(build).ran == ("sums.add",)
    assert run(build, factor=2).ran == ("sums.add", "sums.length")
    assert run(build, factor=2).ran == ()


def test_a_file_that_is_not_what_a_step_wrote_is_made_again(build):
    made = files(build) if run(build) else {}
    (build / "sums" / "total.txt").write_text("7")
    assert run(build).ran == ("sums.add",)
    assert files(build) == made


@pytest.mark.parametrize(
    "broken", ["", "[]", '{"format": 1, "steps": {"sums.add": 3}}', "[" * 10**5]
)
def test_a_broken_record_counts_as_out_of_date(build, broken):
    run(build)
    (build / "sums" / "steps.json").write_text(broken)
    assert run(build).ran == ("sums.add", "sums.length")


def test_a_missing_file_is_named_with_what_makes_it(build):
    (build / "numbers.txt").unlink()
    with pytest.raises(InputError, match=r"numbers\.txt: no such file; 'make numbers' writes it"):
        run(build)


def test_an_absent_tool_leaves_its_numbers_unmeasured_and_is_used_once_it_is_there(
    build, tmp_path, monkeypatch
):
    tool = Tool("counter-of-letters", "it comes with nothing")
    stage = replace(STAGE, steps=(ADD, replace(MEASURE, needs=(tool,))))
    reason = "program 'counter-of-letters' is not installed; it comes with nothing"
    outcome = run(build, stage)
    assert outcome.metrics == {"total": 6, "letters": None, "not_measured": {"letters": reason}}
    outcome.judge()
    assert run(build, stage).ran == ()
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "counter-of-letters").write_text("#!/bin/sh\necho 1.0\n")
    (folder / "counter-of-letters").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    from hexcoder import tools

    tools.tool_version.cache_clear()
    outcome = run(build, stage)
    assert (outcome.ran, outcome.metrics["letters"]) == (("sums.length",), 1)
    tools.tool_version.cache_clear()


def test_a_crashed_tool_fails_the_stage_and_keeps_the_rest(build):
    def crash(inputs, progress):
        raise ToolFailed(f"counter failed with status 1: no letters (log: {inputs.place.folder}/x)")

    stage = replace(STAGE, steps=(ADD, replace(MEASURE, run=crash)))
    outcome = run(build, stage)
    assert outcome.metrics["total"] == 6
    assert outcome.metrics["letters"] is None
    with pytest.raises(CheckFailed, match=rf"no letters \(log: {build}/sums/x\)"):
        outcome.judge()
    assert run(build, stage).ran == ("sums.length",)
    assert run(build).ran == ("sums.length",)


def test_what_reads_the_files_of_a_step_that_failed_is_not_measured(build):
    def nothing(inputs, progress):
        raise NotMeasured("there are no numbers")

    outcome = run(build, replace(STAGE, steps=(replace(ADD, run=nothing), MEASURE)))
    assert outcome.metrics["not_measured"] == {
        "total": "there are no numbers",
        "letters": "'sums.add' made no total.txt",
    }


def test_a_limit_that_is_not_kept_fails_now_and_when_it_is_up_to_date(build):
    for _ in range(2):
        outcome = run(build, factor=-1)
        with pytest.raises(CheckFailed, match="the sum: -6 is below 0"):
            outcome.judge()
    assert outcome.ran == ()


def test_an_edited_file_that_was_handed_over_stays_and_its_readers_run_again(build):
    stage = replace(STAGE, hands_over=("total.txt",))
    run(build, stage)
    assert (build / "total.txt").read_text() == "6"
    (build / "total.txt").write_text("66")
    outcome = run(build, stage)
    assert (outcome.ran, outcome.metrics["letters"]) == (("sums.length",), 2)
    assert (build / "total.txt").read_text() == "66"
    assert run(build, stage).ran == ()


def test_files_of_a_step_that_is_gone_go_too(build):
    run(build)
    run(build, replace(STAGE, steps=(ADD,)))
    assert set(files(build)) == {
        "numbers.txt", "sums/total.txt", "sums/metrics.json", "sums/steps.json",
    }  # fmt: skip


KILLED = """
import os, signal, sys
from pathlib import Path
folder, root, factor = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
sys.path[:0] = [root]
from tests.hexcoder import test_steps as given
stage = given.replace(given.STAGE, hands_over=("total.txt",))
given.run(Path(sys.argv[4]), stage, factor)  # What it imports late is here now.


def killed_at(wanted):
    count = 0

    def kill_at(event, arguments):
        nonlocal count
        if event in ("open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link") \\
                and any(str(a).startswith(str(folder)) for a in arguments):
            count += 1
            if count == wanted:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(kill_at)
    given.run(folder, stage, factor)


for number in range(1, 1000):
    child = os.fork()
    if not child:
        try:
            killed_at(number)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status != -signal.SIGKILL:
        print(number - 1)
        sys.exit(status)
"""


def test_a_run_killed_at_any_access_to_a_file_is_finished_by_the_next(build, tmp_path_factory):
    """One run is killed at its first access to a file, the next at its second, and so on."""
    stage = replace(STAGE, hands_over=("total.txt",))
    wanted, other = tmp_path_factory.mktemp("whole"), tmp_path_factory.mktemp("other")
    for folder in (wanted, other):
        (folder / "numbers.txt").write_bytes((build / "numbers.txt").read_bytes())
    root = str(given_root())
    for factor in (1, 2):
        run(wanted, stage, factor)
        command = [sys.executable, "-c", KILLED, str(build), root, str(factor), str(other)]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert int(done.stdout) > 15
        run(build, stage, factor)
        assert files(build) == files(wanted)
    assert json.loads((build / "sums" / "metrics.json").read_text())["total"] == 12


def given_root():
    from pathlib import Path

    return Path(__file__).parents[2]


def test_an_interrupted_step_goes_on_where_it_can(build):
    seen = []

    def slow(inputs, progress):
        mark = inputs.place.folder / "work" / "mark"
        seen.append(mark.exists())
        mark.write_text("half")
        if len(seen) < 2:
            raise KeyboardInterrupt
        (inputs.place.folder / "total.txt").write_text("6")
        return Sum(total=6)

    step = replace(ADD, run=slow, writes=("total.txt", "work/"), resumable=True)
    stage = replace(STAGE, steps=(step, MEASURE))
    with pytest.raises(KeyboardInterrupt):
        run(build, stage)
    run(build, stage)
    assert seen == [False, True]
    run(build, stage, factor=3)
    assert seen == [False, True, False]


def test_given_values_count(build):
    def with_value(value):
        step = replace(MEASURE, reads=(*MEASURE.reads, Given("edition", lambda place: value)))
        return replace(STAGE, steps=(ADD, step))

    run(build, with_value(1))
    assert run(build, with_value(2)).ran == ("sums.length",)
