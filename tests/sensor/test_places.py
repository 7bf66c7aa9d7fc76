import numpy as np
import pytest

from hexcoder.config import load_config
from hexcoder.errors import InputError
from hexcoder.models.data.sample import split_sample
from hexcoder.sensor.conditions import condition_features, sum_features
from hexcoder.sensor.events import write_events
from hexcoder.sensor.front_end import sum_code
from hexcoder.sensor.generator import generate_events
from hexcoder.sensor.places import load_places

EVENTS = generate_events(60, seed=4)
PLACES = {
    "layer": np.arange(60) % 13,
    "waferu": np.arange(60) - 30,
    "waferv": 2 * np.arange(60),
}


@pytest.fixture
def file(tmp_path):
    write_events(tmp_path / "events.csv", EVENTS, PLACES)
    return tmp_path / "events.csv"


def _config(file, **decoder):
    config = load_config("configs/tiny.toml", str(file))
    shape = config.network.decoder.model_copy(update=decoder)
    network = config.network.model_copy(update={"decoder": shape})
    return config.model_copy(update={"network": network})


def test_the_code_of_the_sum_gives_its_logarithm_and_its_mantissa():
    sums = np.array([1, 2, 3, 15, 16, 17, 31, 32, 1000, 2**28 - 1])
    exponent, mantissa = sum_features(sums).T
    codes = sum_code(sums)
    assert np.array_equal(3 * exponent + 9, np.floor(np.log2(sums)))
    exact = sums / 2.0 ** np.floor(np.log2(sums)) - 1
    assert np.abs(mantissa + 0.5 - exact).max() <= 1 / 32
    # Equal codes are all that the receiver has.
    assert sum_features(np.array([32]))[0].tolist() == sum_features(np.array([33]))[0].tolist()
    assert codes[7] == sum_code(np.array([33]))[0]


def test_places_stay_with_their_events_through_the_split(file):
    training, held_out = split_sample(_config(file, conditions=("layer", "position")))
    for sample in (training, held_out):
        rows = [int(np.flatnonzero((event == EVENTS).all(axis=1))[0]) for event in sample.events]
        for name, values in PLACES.items():
            assert sample.places.columns[name].tolist() == values[rows].tolist()


def test_a_split_is_written_with_its_places(file, tmp_path):
    _, held_out = split_sample(_config(file, conditions=("position",)))
    held_out.write(tmp_path / "held_out.csv")
    again = load_places(tmp_path / "held_out.csv", ("position",))
    assert again.columns["waferu"].tolist() == held_out.places.columns["waferu"].tolist()


def test_features_have_one_column_for_the_layer_and_two_for_the_position(file):
    places = load_places(file, ("layer", "position"))
    features = condition_features(("sum", "layer", "position"), EVENTS, places)
    assert features.shape == (60, 5)
    assert features[:, 2].tolist() == pytest.approx((PLACES["layer"] / 25 - 1).tolist())


def test_what_a_file_lacks_is_named(tmp_path):
    write_events(tmp_path / "plain.csv", EVENTS)
    with pytest.raises(InputError, match="no column 'layer'"):
        split_sample(_config(tmp_path / "plain.csv", conditions=("layer",)))
    with pytest.raises(InputError, match=r"network\.decoder\.conditions"):
        split_sample(_config("generated", conditions=("layer",)))
    with pytest.raises(InputError, match="waferu"):
        condition_features(("position",), EVENTS)


def test_a_place_that_is_no_integer_is_refused(tmp_path):
    write_events(tmp_path / "events.csv", EVENTS, {"layer": PLACES["layer"]})
    path = tmp_path / "events.csv"
    path.write_text(path.read_text().rsplit(",", 1)[0] + ",x\n")
    with pytest.raises(InputError, match="layer"):
        load_places(path, ("layer",))
