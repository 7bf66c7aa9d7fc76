"""rtl/metrics.json is what its class says, for every kind of design."""

import json

import pytest

from hexcoder.config import Chip
from hexcoder.gen.build import build
from hexcoder.gen.compiler import Settings
from hexcoder.metrics.rtl import RtlFile
from tests.networks import sensor_network


@pytest.mark.parametrize("weights", ["fixed", "loadable"])
def test_the_file_has_the_keys_of_its_class_and_no_others(tmp_path, weights):
    built = build(sensor_network(), Settings(chip=Chip(weights=weights)), tmp_path)
    written = json.loads((tmp_path / "metrics.json").read_text())
    assert RtlFile.model_validate(written) == built.metrics
    assert written["modules"][written["top"]]["latency_cycles"] == built.metrics.latency_cycles
    assert {"pipeline", "passes"} <= written.keys() or {"chip", "registers"} <= written.keys()
