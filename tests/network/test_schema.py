import copy
import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given

from hexcoder.errors import InputError
from hexcoder.network.kinds.conv2d import padding_sides
from hexcoder.network.schema import (
    NETWORK_FILE,
    load_network,
    network_values,
    save_network,
)
from tests.networks import graphs, networks, sensor_network

SCHEMA = Path(__file__).parents[2] / "docs" / "network.schema.json"
GOOD = json.loads(sensor_network().model_dump_json(exclude_none=True))


def _changed(path, value):
    network = copy.deepcopy(GOOD)
    place = network
    for key in path[:-1]:
        place = place[key]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return network


@given(network=networks() | graphs())
def test_a_network_is_read_back_as_it_was_written(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("network") / "network.json"
    save_network(network, path)
    assert load_network(path) == network
    first = path.read_bytes()
    save_network(load_network(path), path)
    assert path.read_bytes() == first


@given(network=networks() | graphs())
def test_every_network_passes_the_published_schema(network):
    value = network_values(network)
    jsonschema.validate(value, json.loads(SCHEMA.read_text()))


def test_the_published_schema_is_the_one_of_the_classes():
    assert json.loads(SCHEMA.read_text()) == NETWORK_FILE.json_schema()


def _layers(**changes):
    return [{**GOOD["layers"][0], **changes}, *GOOD["layers"][1:]]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["format"], "onnx", "key 'format' = 'onnx': it must be 'hexcoder-network'"),
        (["version"], 3, "key 'version' = 3: it must be 1 or 2"),
        (["layers"], [], "key 'layers'"),
        (["layers"], GOOD["layers"][:1] + GOOD["layers"][2:], "put a flatten layer before it"),
        (["layers", 0, "weights", 0, 0, 0, 0], 99, r"'weights'\[0, 0, 0, 0\] = 99 does not fit SQ"),
        (["layers", 0, "weights", 0, 0, 0, 0], 1.5, "weights.*1.5"),
        (["layers", 0, "weights", 0], [[[1, 1]]], "without gaps"),
        (["layers", 2, "weights"], [[1, 2], [3, 4]], r"shape \[2, 2\]; it must be \[2, 8\]"),
        (["layers", 0, "kind"], "lstm", "layers.0.*conv2d"),
        (["layers", 0, "weight_type"], "float", "weight_type' = 'float': .*SQ"),
        (["layers", 0, "bias_type"], None, "go together"),
        (["layers", 0, "stride"], 0, "stride"),
        (["layers", 0, "padding"], -1, "padding"),
        (["layers", 0, "rounding"], "nearest", "rounding' = 'nearest'"),
        (["layers", 0, "weigths"], [], "'layers.0.weigths' is not known"),
        (["layers", 2, "name"], "conv", "two layers are called 'conv'"),
        (["input", "shape"], [4, 4, 2], "take 3 channels; the layer's input has 2"),
        (["input", "type"], "UQ(1,40)", "1 to 32 bits"),
        (["layers"], _layers(weight_type="SQ(1,31)", product_type=None), "at most 62"),
    ],
)
def test_a_network_that_does_not_fit_is_one_line_that_says_why(tmp_path, path, value, message):
    network = _changed(path, value)
    if message == "at most 62":
        network["input"]["type"] = "UQ(1,31)"
        network["layers"][0]["weight_type"] = "SQ(1,31)"
        network["layers"][0].pop("product_type", None)
    file = tmp_path / "network.json"
    file.write_text(json.dumps(network))
    with pytest.raises(InputError, match=message) as raised:
        load_network(file)
    assert str(file) in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "3"])
def test_what_is_no_json_object_is_refused(tmp_path, text):
    file = tmp_path / "network.json"
    file.write_text(text)
    with pytest.raises(InputError, match=r"not valid JSON|JSON object"):
        load_network(file)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "expected"),
    # The formula of TensorFlow's documentation of padding 'SAME'.
    [(4, 3, 1, (1, 1)), (4, 3, 2, (0, 1)), (5, 3, 2, (1, 1)), (4, 2, 1, (0, 1)), (3, 1, 2, (0, 0))],
)
def test_same_padding_puts_the_odd_zero_behind(size, kernel, stride, expected):
    sides = padding_sides("same", (size, size, 1), (kernel, kernel), (stride, stride))
    assert sides == (expected, expected)
