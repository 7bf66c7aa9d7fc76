"""The report of encoders that send frames: a code with loaded tables, a classical method."""

import html
import re

import pytest

from hexcoder.config import Config, load_config
from hexcoder.gen.build import build as compile_to
from hexcoder.gen.compiler import Settings
from hexcoder.report.page import page
from hexcoder.report.results import read_results
from hexcoder.sensor.classical.method import Classical
from hexcoder.sensor.encoders import AnyEncoder
from tests.codecs import random_codec


def shown(name: str, encoder: AnyEncoder, folder, **chip) -> str:
    config = load_config(name)
    config = Config.model_validate(
        config.model_dump(exclude_unset=True) | {"chip": config.chip.model_copy(update=chip)}
    )
    compile_to(encoder, Settings.of(config), folder / "rtl")
    text = page(read_results(config, "--config x.toml", "", folder))
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).split())


def test_a_code_with_tables_behind_i2c(tmp_path):
    codec = random_codec(4, (1, 2, 4))
    codec = codec.model_copy(update={"modes": codec.modes[:2], "tables": codec.tables[:1]})
    modes = tuple(mode.model_copy(update={"table": 0}) for mode in codec.modes)
    text = shown(
        "econ_t", codec.model_copy(update={"modes": modes}), tmp_path, weights="loadable",
        triplicated=False,
    )  # fmt: skip
    assert "An adaptive code for frames" in text
    assert "Registers behind I2C" in text
    assert "lengths_0 0x0000 5 4" in text
    assert "words_0 0x0010 5 16" in text
    assert "Layers with loadable weights" not in text


@pytest.mark.parametrize(
    ("name", "method", "words"),
    [
        (
            "best_choice",
            Classical(name="x", method="best_choice", kept=13),
            [
                "the 13 largest trigger cells (best choice)",
                "4E3M of each energy",
                "148 bits in all",
            ],
        ),
        (
            "super_trigger_cells",
            Classical(name="x", method="super_trigger_cells"),
            ["sums of 2x2 trigger cells (STC4)", "place of the largest", "132 bits in all"],
        ),
    ],
)
def test_a_classical_method(name, method, words, tmp_path):
    text = shown(name, method, tmp_path)
    for word in (*words, "Nothing is trained"):
        assert word in text
    # Links of the chain of proof that there are not.
    assert "torch = golden model" not in text
    assert "golden model = gates" not in text
    assert "golden model = RTL" in text
