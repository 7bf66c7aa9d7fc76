import pytest

from hexcoder.errors import CheckFailed, InputError
from hexcoder.stage import Stage
from hexcoder.steps.reads import file_digest
from hexcoder.steps.runner import exclusive


def _write(text):
    def action(folder):
        (folder / "result.txt").write_text(text)

    return action


def _tree(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_stage_runs_only_when_what_it_reads_has_changed(tmp_path):
    assert Stage("s", tmp_path, {"a": 1}).run(_write("one"))
    assert not Stage("s", tmp_path, {"a": 1}).run(_write("two"))
    assert (tmp_path / "s" / "result.txt").read_text() == "one"
    assert Stage("s", tmp_path, {"a": 2}).run(_write("two"))
    assert (tmp_path / "s" / "result.txt").read_text() == "two"


def test_a_stage_runs_again_when_its_result_was_deleted(tmp_path):
    Stage("s", tmp_path, {}).run(_write("one"))
    (tmp_path / "s" / "result.txt").unlink()
    assert Stage("s", tmp_path, {}).run(_write("again"))


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_an_interrupt_or_a_full_disk_leaves_the_last_good_result_untouched(tmp_path, error):
    Stage("s", tmp_path, {"a": 1}, also_writes=("out.json",)).run(
        lambda folder: (folder / "out.json").write_text("good") and None
    )
    before = _tree(tmp_path / "s"), (tmp_path / "out.json").read_text()

    def action(folder):
        (folder / "out.json").write_text("half")
        raise error

    with pytest.raises(type(error)):
        Stage("s", tmp_path, {"a": 2}, also_writes=("out.json",)).run(action)
    assert (_tree(tmp_path / "s"), (tmp_path / "out.json").read_text()) == before
    assert Stage("s", tmp_path, {"a": 1}, also_writes=("out.json",)).is_current()


def test_a_failed_check_keeps_all_reports_and_fails_again_when_current(tmp_path):
    def action(folder):
        (folder / "report.txt").write_text("slack -1 ns")
        return "timing: slack is -1 ns"

    for _ in range(2):
        with pytest.raises(CheckFailed, match="slack is -1 ns"):
            Stage("s", tmp_path, {}).run(action)
        assert (tmp_path / "s" / "report.txt").read_text() == "slack -1 ns"


def test_only_a_resumable_stage_with_the_same_inputs_finds_what_it_left(tmp_path):
    def interrupted(folder):
        (folder / "checkpoint").write_text("epoch 3")
        raise KeyboardInterrupt

    found = []

    def look(folder):
        found.append((folder / "checkpoint").exists())

    for resumable, second in ((True, 1), (True, 2), (False, 1)):
        with pytest.raises(KeyboardInterrupt):
            Stage("s", tmp_path, {"a": 1}, resumable=resumable).run(interrupted)
        Stage("s", tmp_path, {"a": second}, resumable=resumable).run(look)
        (tmp_path / "s" / "stage.json").unlink()
    assert found == [True, False, False]


def test_two_runs_in_one_folder_are_refused(tmp_path):
    with (
        exclusive(tmp_path),
        pytest.raises(InputError, match="another run"),
    ):
        Stage("s", tmp_path, {}).run(_write("x"))


def test_file_digest_is_sha256(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    # FIPS 180-2, appendix B.1
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert file_digest(tmp_path / "abc") == expected
