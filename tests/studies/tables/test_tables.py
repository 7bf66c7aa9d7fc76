"""Tables beside sums, mixed networks and trees: two tiny points through the whole flow."""

import json

import pytest

from hexcoder.errors import InputError
from hexcoder.network.schema import load_network
from hexcoder.studies.__main__ import main as studies
from hexcoder.studies.tables.designs import KINDS, TASKS, Effort, config_of, designs_of, save_task
from hexcoder.studies.tables.measure import Figures
from hexcoder.studies.tables.report import (
    Row,
    TablesFile,
    front_of,
    least_area,
    means_of,
    put_between,
    tables_text,
)


def _row(kind, design, seed, error, area, energy=1.0, task="jets"):
    figures = Figures(
        accuracy=1 - error, rms_error=None, price=None, parameters=1, area_um2=area,
        energy_pj=energy, energy_with_glitches_pj=energy, latency_cycles=2, slack_ns=1.0, vectors=9,
    )  # fmt: skip
    return Row(task=task, kind=kind, design=design, seed=seed, figures=figures)


def test_two_points_from_samples_to_the_page(tmp_path, capsys):
    build, page = tmp_path / "build", tmp_path / "page.md"
    page.write_text("before\n<!-- tables -->\nold\n<!-- /tables -->\nafter\n")
    words = ["tables", "jets", "--kinds", "tables", "--designs", "2", "--seeds", "1"]
    words += ["--samples", "400", "--epochs", "1", "--glitch-events", "5"]
    words += ["--build", str(build), "--page", str(page)]
    assert studies(words) == 0
    found = json.loads((build / "tables.json").read_text())
    assert [row["kind"] for row in found["rows"]] == ["tables", "tables"]
    assert "not_measured" not in found
    for row in found["rows"]:
        words_of = row["design"].replace(", ", "_").replace(" ", "_")
        place = build / "jets" / "tables" / f"{words_of}_1"
        asic = json.loads((place / "asic" / "metrics.json").read_text())
        assert row["figures"]["area_um2"] == asic["design__instance__area"] > 0
        assert asic["netlist_check"]["mismatches"] == 0
        train = json.loads((place / "train" / "metrics.json").read_text())
        assert row["figures"]["accuracy"] == train["task"]["accuracy"]
        kinds = {node.kind for node in load_network(place / "network.json").nodes}
        assert kinds == {"move", "threshold", "lut_network"}
    text = page.read_text()
    assert text.startswith("before\n<!-- tables -->\n**jets**, 2 designs, seeds of each: 1\n")
    assert text.endswith("<!-- /tables -->\nafter\n")
    assert (build / "tables.svg").read_text().lstrip().startswith("<?xml")
    assert "**jets**" in capsys.readouterr().out
    # What is there is read, not measured again.
    netlists = {path: path.stat().st_mtime_ns for path in build.rglob("netlist.v")}
    assert len(netlists) == 2
    assert studies(words) == 0
    assert {path: path.stat().st_mtime_ns for path in build.rglob("netlist.v")} == netlists
    assert json.loads((build / "tables.json").read_text()) == found


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_design_is_a_config(task, kind, tmp_path):
    designs = designs_of(TASKS[task], kind)
    if (task, kind) == ("sensor", "trees"):
        assert not designs
        return
    assert len(designs) >= 10
    assert len({design.name for design in designs}) == len(designs)
    for design in designs:
        config = config_of(TASKS[task], design, 3, Effort(), tmp_path / "x.npz")
        assert config.training.seed == 3


def test_samples_are_those_of_the_zoo_and_of_one_scale(tmp_path):
    import numpy as np

    save_task(TASKS["jets"], Effort(samples=300), tmp_path / "jets.npz")
    x = np.load(tmp_path / "jets.npz")["x"]
    assert x.shape == (300, 16)
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(x.std(axis=0), 1, atol=1e-4)


def test_means_fronts_and_the_smallest_at_an_error():
    rows = [
        _row("tables", "small", 1, 0.4, 100),
        _row("tables", "small", 2, 0.2, 300),
        _row("sums", "large", 1, 0.2, 500, energy=0.5),
        _row("sums", "useless", 1, 0.4, 600),
    ]
    means = means_of(rows)
    assert [(m.design, m.seeds) for m in means] == [("small", 2), ("large", 1), ("useless", 1)]
    assert means[0].error == pytest.approx(0.3)
    assert means[0].area_um2 == 200
    assert means[0].error_deviation == pytest.approx(0.1 * 2**0.5)
    assert [m.design for m in front_of(means, "area_um2")] == ["small", "large"]
    assert [m.design for m in front_of(means, "energy_pj")] == ["large"]
    assert least_area(means, "sums", 0.25).design == "large"
    assert least_area(means, "sums", 0.1) is None
    text = tables_text(TablesFile(samples=1, epochs=1, glitch_events=1, seeds=2, rows=rows))
    assert "| tables | small | 0.3000 ± 0.1414 | 200 | 1.00 | area |" in text
    assert "useless" not in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nonsense"], "TASK = nonsense: not known; valid are jets, digits, muons, sensor"),
        (["jets", "--kinds", "sums,shrubs"], "--kinds = shrubs: not known; valid are sums"),
        (["jets", "--page", "none.md"], "none.md: no such file"),
        (["none"], "nothing to do without --price"),
    ],
)
def test_wrong_options_are_one_line(words, message):
    with pytest.raises(InputError, match=message):
        studies(["tables", *words])


def test_a_page_without_marks_is_refused():
    with pytest.raises(ValueError, match="has no <!-- a -->"):
        put_between("text", ("<!-- a -->", "<!-- b -->"), "new")


@pytest.mark.long
def test_the_price_ranks_networks_as_their_area_does(tmp_path):
    assert studies(["tables", "none", "--price", "30", "--build", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "tables.json").read_text())
    assert len(found["priced"]) == 30
    assert found["price_rank_correlation"] >= 0.95
