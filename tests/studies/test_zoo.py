"""The zoo's rows: from metrics of the chain to a table."""

import json

import pytest

from hexcoder.config import load_config, shipped_configs
from hexcoder.errors import InputError
from hexcoder.models.architectures.build import build_model
from hexcoder.models.data.generators import NAMES
from hexcoder.studies.__main__ import main
from hexcoder.studies.zoo.rows import put_into, table

ZOO = [path for path in shipped_configs() if path.parent.name == "zoo"]


@pytest.mark.parametrize("path", ZOO, ids=lambda path: path.stem)
def test_every_config_describes_a_network(path):
    config = load_config(path)
    assert config.name == path.stem
    assert config.data.generator in NAMES
    if config.network.kind != "trees":
        assert build_model(config, None).freeze().parameters() > 100


def test_a_row_from_the_chain_to_the_page(tmp_path, monkeypatch, capsys):
    """One config of the smallest kind, cut down, through every stage."""
    pytest.importorskip("xgboost")
    small = tmp_path / "zoo" / "clusters.toml"
    small.parent.mkdir()
    text = next(path for path in ZOO if path.stem == "clusters").read_text()
    text = text.replace("40_000", "600").replace("trees = 20", "trees = 3")
    small.write_text(text + "\n[verification]\nvectors = 500\nnetlist_vectors = 200\n")
    monkeypatch.setattr("hexcoder.studies.commands.zoo.shipped_configs", lambda: [small])
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- zoo -->\nold\n<!-- /zoo -->\nafter\n")
    build = tmp_path / "build"
    assert main(["zoo", "--build", str(build), "--page", str(page)]) == 0
    (row,) = json.loads((build / "zoo.json").read_text())
    asic = json.loads((build / "clusters" / "asic" / "metrics.json").read_text())
    assert row["area_um2"] == asic["design__instance__area"] > 0
    assert (row["mismatches"], row["figure"]) == (0, "accuracy")
    assert row["value"] > 0.7
    written = page.read_text()
    assert written.startswith("before\n<!-- zoo -->\n| config |")
    assert written.endswith("<!-- /zoo -->\nafter\n")
    assert "old" not in written
    assert "`clusters`" in written
    assert "`clusters`" in capsys.readouterr().out


def test_unknown_names_and_pages_are_one_line(tmp_path):
    with pytest.raises(InputError, match="no config is called 'nonsense'; known are "):
        main(["zoo", "nonsense"])
    with pytest.raises(InputError, match="no such file"):
        main(["zoo", "muons", "--page", str(tmp_path / "none.md")])
    with pytest.raises(ValueError, match="has no"):
        put_into("no marks", [])
    assert table([]).count("\n") == 1
