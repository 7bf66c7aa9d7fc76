"""Files of truth tables, against their evaluation bit by bit."""

import json

import numpy as np
import pytest

from hexcoder.errors import InputError
from hexcoder.models.importers.files import import_model
from hexcoder.network.golden import evaluate

LAYERS = [
    [{"inputs": [0, 1, 2], "table": "e8"}, {"inputs": [1, 2, 3], "table": "96"}],
    [{"inputs": [4, 5], "table": "6"}],
]
GOOD = {
    "format": "hexcoder-lut-network", "version": 1, "input_bits": 4, "layers": LAYERS,
    "popcounts": [[4, 5], [6]],
}  # fmt: skip


def _import(value, folder):
    path = folder / "model.json"
    path.write_text(json.dumps(value))
    return import_model(path)


def _counts(bits):
    """Majority, parity and their exclusive-or, counted."""
    majority, parity = int(sum(bits[:3]) >= 2), sum(bits[1:]) & 1
    return [majority + parity, majority ^ parity]


def test_bits_come_in_and_counts_go_out(tmp_path):
    every = np.arange(16)[:, None] >> np.arange(4) & 1
    found = evaluate(_import(GOOD, tmp_path), every)
    assert found.tolist() == [_counts(bits) for bits in every.tolist()]


def test_features_become_bits_by_their_thresholds(tmp_path):
    value = {key: one for key, one in GOOD.items() if key != "input_bits"}
    value["features"] = {"type": "SQ(3,0)", "thresholds": [[-2, 1], [0, 3]]}
    value["argmax"] = True
    network = _import(value, tmp_path)
    every = np.array(np.meshgrid(range(-4, 4), range(-4, 4))).reshape(2, -1).T
    for features, (best,) in zip(every.tolist(), evaluate(network, every).tolist(), strict=True):
        bits = [features[0] >= -2, features[0] >= 1, features[1] >= 0, features[1] >= 3]
        counts = _counts([int(bit) for bit in bits])
        assert best == counts.index(max(counts))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "key 'version' = 2"),
        ({"input_bits": None}, "one of 'input_bits' and 'features'"),
        ({"input_bits": 0}, "key 'input_bits' = 0"),
        ({"input_bits": 3}, r"model.json: .*'tables'.*'layers'\[1\]|'layers'\[0\]\[1\]: wire 3"),
        ({"layers": [[{"inputs": [0], "table": "e8"}]]}, r"'layers'\[0\]\[0\]: 'table' = 'e8'"),
        ({"layers": 3}, "key 'layers' = 3"),
        ({"popcounts": [[7]]}, r"'popcounts'\[0\]: wire 7 is not there"),
        ({"popcount": [[4]]}, "key 'popcount' is not known here"),
        ({"input_bits": None, "features": {"type": "UQ(1,0)", "thresholds": [[]]}},
         "has no threshold"),
    ],
)  # fmt: skip
def test_a_file_that_does_not_fit_is_one_line(tmp_path, change, message):
    value = {key: one for key, one in (GOOD | change).items() if one is not None}
    with pytest.raises(InputError, match=message) as raised:
        _import(value, tmp_path)
    assert "\n" not in str(raised.value)
    assert "model.json" in str(raised.value)
