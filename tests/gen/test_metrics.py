"""rtl/metrics.json is what its class says, for every kind of design."""

import json

import pytest

from gen.build import build
from gen.compiler import Settings
from hexcoder.config import Chip
from hexcoder.metrics.rtl import RtlFile
from tests.networks import sensor_network


@pytest.mark.parametrize("weights", ["fixed", "loadable"])
def test_the_file_has_the_keys_of_its_class_and_no_others(tmp_path, weights):
    metrics = build(sensor_network(), Settings(chip=Chip(weights=weights)), tmp_path)
    written = json.loads((tmp_path / "metrics.json").read_text())
    file = RtlFile.model_validate(written)
    assert file.model_dump(mode="json", exclude_unset=True) == written
    assert file.latency_cycles == metrics["modules"][metrics["top"]]["latency_cycles"]
