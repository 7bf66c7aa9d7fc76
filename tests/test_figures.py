"""Figures of the README are those that were measured, of what the compiler makes today."""

import hashlib
import json

import pytest

from hexcoder.config import load_config
from hexcoder.gen.build import compile_design
from hexcoder.gen.compiler import Settings
from hexcoder.network.schema import Network
from scripts import figures

FIGURES = json.loads(figures.FILE.read_text(encoding="utf-8"))


def test_tables_of_the_page_are_those_of_the_file():
    page = figures.PAGE.read_text(encoding="utf-8")
    assert set(figures._BLOCK.findall(page)) != set()
    assert figures.rendered(page, FIGURES) == page


def test_a_table_that_was_edited_is_noticed():
    page = figures.PAGE.read_text(encoding="utf-8")
    edited = page.replace(f"{FIGURES['asic']['design__instance__count']:,}", "1,234")
    assert edited != page
    assert figures.rendered(edited, FIGURES) == page


@pytest.mark.xdist_group("chip")
def test_figures_are_of_the_verilog_that_the_compiler_makes():
    settings = Settings.of(load_config("econ_t"))
    design = compile_design(Network.model_validate(FIGURES["network"]), settings)
    digest = hashlib.sha256(design.emit().verilog.encode()).hexdigest()
    stale = "stale: make all && .venv/bin/python scripts/figures.py build/econ_t"
    assert digest == FIGURES["verilog"], stale
