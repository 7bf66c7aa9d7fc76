import json

import pytest

from hexcoder.errors import InputError
from hexcoder.network.schema import save_network
from hexcoder.sensor.codec.codec import save_codec
from hexcoder.sensor.encoders import load_codec, load_encoder
from tests.codecs import random_codec
from tests.networks import sensor_network


def test_a_codec_is_read_as_it_was_written_and_with_the_same_bytes(tmp_path):
    codec, path = random_codec(1), tmp_path / "network.json"
    save_codec(codec, path)
    text = path.read_bytes()
    assert load_encoder(path) == codec
    save_codec(load_codec(path), path)
    assert path.read_bytes() == text


def test_a_network_is_still_a_network_and_no_codec(tmp_path):
    path = tmp_path / "network.json"
    save_network(sensor_network(), path)
    assert load_encoder(path) == sensor_network()
    with pytest.raises(InputError, match="this takes a codec, with format"):
        load_codec(path)


def change_table(values, number, lengths):
    values["tables"][number] = lengths


BAD = {
    "no prefix code": (
        lambda v: v["tables"][0].__setitem__(0, v["tables"][0][0] + 1),
        "table 0 is no complete prefix code",
    ),
    "a table of another length": (lambda v: v["tables"][0].pop(), "table 0 has .* lengths"),
    "a length of zero": (lambda v: v["tables"][0].__setitem__(1, 0), "tables"),
    "modes out of order": (lambda v: v["modes"].reverse(), "are out of order"),
    "a frame smaller than its head": (lambda v: v.update(frame_bits=8), "frame_bits"),
    "a cell twice": (
        lambda v: v["paths"][0].__setitem__(0, v["paths"][0][1]),
        "'paths' must visit each of the 48 trigger cells once",
    ),
    "a cell that is not there": (lambda v: v["paths"][0].__setitem__(0, 48), "paths"),
    "a table that is not there": (
        lambda v: v["modes"][0].update(table=9),
        "a mode uses table 9; there are",
    ),
    "a factor that is not there": (lambda v: v["modes"][0].update(factor=3), "factor"),
    "an unknown key": (lambda v: v.update(colour=1), "colour"),
    "a longest below direct": (
        lambda v: v["symbols"].update(longest=3),
        "'longest' = 3 must be above the 3 bits",
    ),
    "too many symbols": (
        lambda v: v["symbols"].update(cells=4, longest=16),
        "at most 4096 are supported",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_wrong_is_said_in_one_line(tmp_path, what):
    change, message = BAD[what]
    values = random_codec(4).model_dump(mode="json")
    change(values)
    path = tmp_path / "network.json"
    path.write_text(json.dumps(values))
    with pytest.raises(InputError, match=message) as caught:
        load_encoder(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
