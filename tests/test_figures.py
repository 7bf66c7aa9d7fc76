"""Figures of the README are those that were measured, of what the compiler makes today."""

import hashlib
import json

import pytest

from hexcoder.config import load_config
from hexcoder.gen.build import build
from hexcoder.gen.compiler import Settings
from hexcoder.sensor.encoders import load_encoder
from scripts import figures

FIGURES = json.loads(figures.FILE.read_text(encoding="utf-8"))


def test_tables_of_the_page_are_those_of_the_file():
    page = figures.PAGE.read_text(encoding="utf-8")
    assert set(figures._BLOCK.findall(page)) != set()
    assert figures.rendered(page, FIGURES) == page


def test_a_table_that_was_edited_is_noticed():
    page = figures.PAGE.read_text(encoding="utf-8")
    cells = FIGURES["econ_t"]["asic"]["design__instance__count"]
    edited = page.replace(f"{cells:,}", "1,234")
    assert edited != page
    assert figures.rendered(edited, FIGURES) == page


@pytest.mark.xdist_group("chip")
@pytest.mark.parametrize("name", [name for name, found in FIGURES.items() if "asic" in found])
def test_figures_are_of_the_verilog_that_the_compiler_makes(name, tmp_path):
    path = tmp_path / "network.json"
    path.write_text(json.dumps(FIGURES[name]["network"]))
    build(load_encoder(path), Settings.of(load_config(name)), tmp_path)
    digest = hashlib.sha256((tmp_path / "encoder.v").read_bytes()).hexdigest()
    stale = f"stale: make all CONFIG=configs/{name}.toml; scripts/figures.py build/{name}"
    assert digest == FIGURES[name]["verilog"], stale
