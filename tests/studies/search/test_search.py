import json
import os
import subprocess
import sys
import tomllib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from hexcoder.config import load_config
from hexcoder.errors import CheckFailed, InputError
from hexcoder.models.__main__ import main as train_main
from hexcoder.network.schema import load_network
from hexcoder.studies.__main__ import main
from hexcoder.studies.search.space import Space, config_digest
from hexcoder.studies.search.workers import local_workers

ROOT = Path(__file__).parents[3]
TINY = ROOT / "configs" / "search_tiny.toml"
pytestmark = pytest.mark.xdist_group("search")


def write_config(path: Path, *changes: tuple[str, str]) -> Path:
    text = TINY.read_text()
    for old, new in (("epochs = 60", "epochs = 3"), *changes):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path.write_text(text)
    return path


def command(config: Path, build: Path, *options: object) -> list[str]:
    words = ["-m", "studies", "search", "--config", config, "--build", build, *options]
    return [sys.executable, *map(str, words)]


def search(config: Path, build: Path, *options: object) -> None:
    """Lead the search in this process; its trials run in processes of their own."""
    main(command(config, build, *options)[3:])


def front(build: Path) -> dict:
    return json.loads((build / "search" / "front.json").read_text())


def assert_same_results(build: Path, other: Path, trials: int) -> None:
    ours, theirs = (front(folder)["all"][:trials] for folder in (build, other))
    assert len(ours) == trials
    for one, two in zip(ours, theirs, strict=True):
        assert (one["trial"], one["parameters"]) == (two["trial"], two["parameters"])
        # Another number of threads adds in another order.
        assert one["emd_mean"] == pytest.approx(two["emd_mean"], rel=1e-3)
        assert one["adder_bits"] == pytest.approx(two["adder_bits"], rel=1e-2)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """A search of five trials that ran through; random, so that each trial is another."""
    folder = tmp_path_factory.mktemp("whole")
    config = write_config(folder / "config.toml", ('"nsga2"', '"random"'))
    search(config, folder / "build", "--trials", 5, "--jobs", 2)
    return folder


def test_the_front_is_what_no_trial_beats(whole):
    content = front(whole / "build")
    rows = content["all"]
    assert content["trials"]["measured"] == len(rows) == 5
    expected = {
        a["trial"]
        for a in rows
        if not any(
            b["emd_mean"] <= a["emd_mean"]
            and b["adder_bits"] <= a["adder_bits"]
            and (b["emd_mean"], b["adder_bits"]) != (a["emd_mean"], a["adder_bits"])
            for b in rows
        )
    }
    assert {row["trial"] for row in content["front"]} == expected
    emds = [row["emd_mean"] for row in content["front"]]
    assert emds == sorted(emds, reverse=True)
    assert "<svg" in (whole / "build/search/front.svg").read_text()
    table = (whole / "build/search/front.md").read_text()
    assert all(f"[{number}](trial_{number:04d}/config.toml)" in table for number in expected)
    lines = (whole / "build/search/front.csv").read_text().splitlines()
    assert len(lines) == len(expected) + 1


def test_each_trial_is_a_config_that_trains_to_the_same_network(whole, tmp_path):
    row = front(whole / "build")["front"][0]
    source = whole / "build" / "search" / row["config"]
    config = load_config(source)
    assert config.search is None
    assert config.name == f"search_tiny_{row['trial']:04d}"
    assert config.training.learning_rate == row["parameters"]["training.learning_rate"]
    latents = row["parameters"]["network.layers.latent.outputs"]
    assert row["bits_per_event"] == 9 + 6 * latents
    train_main(["train", "--config", str(source), "--build", str(tmp_path)])
    again = load_network(tmp_path / "network.json")
    assert again.layers == load_network(whole / "build" / "search" / row["network"]).layers
    physics = json.loads((tmp_path / "train" / "metrics.json").read_text())["physics"]
    assert physics["emd_mean"] == pytest.approx(row["emd_mean"], rel=1e-6)


def test_a_finished_search_is_up_to_date(whole, capsys):
    before = (whole / "build/search/front.json").stat().st_mtime_ns
    search(whole / "config.toml", whole / "build", "--trials", 5)
    line = capsys.readouterr().out
    assert line.startswith("search: 5 trials (0 failed or infeasible)")
    assert line.endswith("(up to date)\n")
    assert (whole / "build/search/front.json").stat().st_mtime_ns == before


def test_another_config_is_not_mixed_in(whole, tmp_path):
    changes = ('"nsga2"', '"random"'), ("count = 300", "count = 301")
    config = write_config(tmp_path / "config.toml", *changes)
    with pytest.raises(InputError, match=r"another config \(data.count differ\)"):
        search(config, whole / "build", "--trials", 5)


def kill_when(process: subprocess.Popen, ready) -> None:
    """Kill a process with SIGKILL as soon as ready()."""
    while not ready():
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.01)
            raise AssertionError("the search ended before it could be killed")
    process.kill()
    process.wait()


def test_a_killed_search_goes_on_as_if_it_had_not_been(whole, tmp_path):
    config = write_config(tmp_path / "config.toml", ('"nsga2"', '"random"'))
    build = tmp_path / "build"
    folder = build / "search"

    process = subprocess.Popen(command(config, build, "--trials", 4), cwd=ROOT)
    # In the middle of a training, with two trials done.
    kill_when(
        process, (folder / ".trial_0002.partial/.train.partial/checkpoint.safetensors").is_file
    )
    finished = {path.name: path.stat().st_ino for path in folder.glob("trial_*")}
    assert set(finished) == {"trial_0000", "trial_0001"}
    # What a kill in the middle of a write would leave.
    with open(folder / "study.journal", "ab") as stream:
        stream.write(b'{"op_code": 4, "work')
    (folder / "study.journal.lock").symlink_to(folder / "study.journal")
    search(config, build, "--trials", 4)
    assert_same_results(build, whole / "build", 4)
    assert all((folder / name).stat().st_ino == inode for name, inode in finished.items())
    assert not list(folder.glob(".trial*"))


def test_failed_and_infeasible_trials_are_recorded_and_do_not_stop(tmp_path):
    variants = TINY.read_text().split("# Each variant")[1]
    config = write_config(
        tmp_path / "config.toml",
        ("# Each variant" + variants, "[search.constraints]\nmost_bits_per_event = 60\n"),
        ("low = 1e-2\nhigh = 4e-2\nlog = true", "choices = [1e-2, 1e30]"),
        ("low = 2\nhigh = 6", "choices = [2, 20]"),
        ("choices = [1, 2, 4]", "choices = [1, 2]"),
        ('"nsga2"', '"random"'),
    )
    search(config, tmp_path / "build", "--trials", 8)
    content = front(tmp_path / "build")
    counts = content["trials"]
    # Two filters x two rates x two latents: of the eight each comes once, the rest repeats.
    by_choice = {tuple(row["parameters"].values()): row for row in content["all"]}
    for (_, latents, rate), row in by_choice.items():
        if latents == 20:
            assert row["infeasible"] == "129 bits an event, more than most_bits_per_event = 60"
        elif rate == 1e30:
            assert "diverged" in row["failed"]
            assert "emd_mean" not in row
        else:
            assert row["emd_mean"] > 0
    assert counts["failed"] > 0
    assert counts["infeasible"] > 0
    assert counts["measured"] > 0
    table = (tmp_path / "build/search/front.md").read_text()
    assert "129 bits an event" in table
    assert all("failed" not in row for row in content["front"])


def test_a_search_without_any_point_fails_with_the_reason(tmp_path):
    config = write_config(
        tmp_path / "config.toml", ("most_bits_per_event = 60", "most_adder_bits = 1")
    )
    with pytest.raises(CheckFailed, match=r"none of 1 trials gave a point.*most_adder_bits = 1"):
        search(config, tmp_path / "build", "--trials", 1)


def test_a_trial_whose_process_dies_has_failed_and_the_next_one_runs(monkeypatch):
    monkeypatch.setattr("hexcoder.studies.search.workers.run_trial", os._exit)
    with local_workers(1) as workers:
        for status in (9, 7):
            workers.submit(status)
            assert workers.free == 0
            ((task, result),) = workers.finished()
            assert (task, workers.free) == (status, 1)
            assert result.failed == f"its process ended with status {status}; out of memory?"


def test_dask_gives_what_local_processes_give(whole, tmp_path):
    config = write_config(tmp_path / "config.toml", ('"nsga2"', '"random"'))
    options = ("--trials", 2, "--cluster", "local")
    subprocess.run(command(config, tmp_path / "build", *options), check=True, cwd=ROOT)
    assert_same_results(tmp_path / "build", whole / "build", 2)


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        ("slurm", ["#SBATCH -p short", "#SBATCH -t 01:00:00", "--cpus-per-task=4", "--mem=4G"]),
        ("htcondor", ["DaskWorkerCores = 4", '+JobFlavour = "workday"']),
    ],
)
def test_the_batch_systems_get_a_job_for_one_trial_at_a_time(kind, lines):
    from hexcoder.config import SearchCluster
    from hexcoder.studies.search.cluster import job_script

    options = SearchCluster(
        threads=4, queue="short", walltime="01:00:00", setup=("source env.sh",),
        directives=('+JobFlavour = "workday"',) if kind == "htcondor" else (),
    )  # fmt: skip
    script = job_script(kind, options)
    for line in [*lines, "source env.sh", "--nthreads 1"]:
        assert line in script


def test_without_dask_one_line_says_how_to_get_it(tmp_path):
    hidden = "import sys; sys.modules['distributed'] = None; from studies.__main__ import main; "
    code = hidden + "from hexcoder.errors import run_command; run_command(main)"
    options = command(TINY, tmp_path, "--cluster", "local")[3:]
    done = subprocess.run(
        [sys.executable, "-c", code, *options], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "needs the package distributed" in done.stderr
    assert "pip install" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("conv.filters", "conv.filterz", "'network.layers.conv.filterz': no such key; network."),
        ("conv.filters", "cnov.filters", "network.layers has flatten, latent, conv"),
        ("training.learning_rate", "data.count", "data is not searched; network, "),
        ("choices = [1, 2, 4]", "choices = [1, 0]", "0: it must be greater than or equal to 1"),
        ("choices = [1, 2, 4]", "choices = []", "key 'search.space.0.choices'"),
        ("choices = [1, 2, 4]", "low = 4\nhigh = 2", "low = 4 must be less than high = 2"),
        ("choices = [1, 2, 4]", "low = 4", "give either choices or both low and high"),
        ("choices = [1, 2, 4]", "choises = [1]", "key 'search.space.0.choises' is not known here"),
        ("sampler =", "smpler =", "key 'search.smpler' is not known here"),
        ("most_bits_per_event", "most_bits", "key 'search.constraints.most_bits' is not known"),
        ('name = "convolution"', 'name = "one_layer"', "'one_layer' stands there twice"),
        ('name = "convolution"', 'name = "b"\nnetwork.input_type = "X"', "search.variants.b"),
        ('name = "convolution"', 'name = "b"\nclock.period_ns = 5', "cannot change clock"),
        ("training.learning_rate", "network.layers.latent.outputs", "stands there twice"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_the_config_is_named(tmp_path, old, new, message):
    config = write_config(tmp_path / "config.toml", (old, new))
    with pytest.raises(InputError) as caught:
        Space(load_config(config), str(config))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(config) in str(caught.value)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ((), ("--trials", 0), "--trials = 0"),
        ((), ("--events", "none.csv"), "none.csv: no such file"),
        ((), ("--cluster", "pbs"), "valid are local, slurm, htcondor and an address"),
        (("[search]", "[serch]"), (), "key 'serch' is not known here"),
    ],
)
def test_bad_options_are_named(tmp_path, change, options, message):
    config = write_config(tmp_path / "config.toml", *([change] if change else []))
    with pytest.raises(InputError) as caught:
        search(config, tmp_path / "build", *options)
    assert message in str(caught.value)


def test_a_config_without_a_search_says_so_with_status_2(tmp_path):
    config = ROOT / "configs" / "tiny.toml"
    done = subprocess.run(
        command(config, tmp_path), capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {config}: section 'search' is missing")
    assert len(done.stderr.splitlines()) == 1


GRID = (
    ('"nsga2"', '"grid"'),
    ("low = 1e-2\nhigh = 4e-2\nlog = true", "choices = [1e-2]"),
    ("choices = [1, 2, 4]", "choices = [1]"),
    ("low = 2\nhigh = 6", "choices = [2, 3]"),
)


def test_a_grid_tries_every_combination_once(tmp_path):
    config = write_config(tmp_path / "config.toml", *GRID)
    search(config, tmp_path / "build", "--trials", 1)
    search(config, tmp_path / "build", "--trials", 20)
    content = front(tmp_path / "build")
    seen = [
        (row["parameters"]["variant"], row["parameters"]["network.layers.latent.outputs"])
        for row in content["all"]
    ]
    assert sorted(seen) == [(v, n) for v in ("convolution", "one_layer") for n in (2, 3)]
    bits = [row["adder_bits"] for row in content["measured"]]
    assert len(bits) == 4
    assert bits == sorted(bits)


def test_a_grid_needs_countable_values(tmp_path):
    config = write_config(tmp_path / "config.toml", GRID[0])
    with pytest.raises(InputError, match=r"training\.learning_rate"):
        search(config, tmp_path / "build")


def test_parameters_that_a_variant_lacks_are_left_out():
    space = Space(load_config(TINY), "tiny")
    drawn = {
        "network.layers.conv.filters": "4",
        "network.layers.latent.outputs": 3,
        "training.learning_rate": 0.01,
    }
    one = space.parameters(drawn | {"variant": '"one_layer"'})
    assert "network.layers.conv.filters" not in one
    config = space.config(7, one)
    assert [layer.kind for layer in config.network.layers] == ["flatten", "dense"]
    assert config.network.layers[1].outputs == 3
    other = space.config(8, space.parameters(drawn | {"variant": '"convolution"'}))
    assert other.network.layers[0].filters == 4
    assert config_digest(config) == config_digest(space.config(9, one))
    assert config_digest(config) != config_digest(other)


@pytest.mark.parametrize("name", ["search", "search_tiny", "compression", "front"])
def test_all_choices_of_the_configs_are_written_as_toml_and_read_back(tmp_path, name):
    from hexcoder.config import config_text

    space = Space(load_config(ROOT / "configs" / f"{name}.toml"), name)
    random = np.random.default_rng(1)
    for number in range(20):
        drawn = {
            key: random.choice(d.choices) if hasattr(d, "choices") else d.low
            for key, d in space.distributions.items()
        }
        config = space.config(number, space.parameters(drawn))
        (tmp_path / "config.toml").write_text(config_text(config))
        assert load_config(tmp_path / "config.toml") == config
        assert "search" not in tomllib.loads(config_text(config))
