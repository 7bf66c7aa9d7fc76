"""An encoder of any layers: charge comes back from its bits."""

import numpy as np
import pytest

from hexcoder.config import Config
from hexcoder.errors import InputError
from hexcoder.metrics.train import TaskFigures
from hexcoder.models.data.generators import generate_task
from hexcoder.models.decoder import load_decoder
from hexcoder.models.evaluation.answers import figures_of, reconstruct_shares
from hexcoder.models.training.task import fit_task
from hexcoder.network.schema import load_network
from hexcoder.sensor.metrics import earth_movers_distance


def _run(trainer):
    trainer.run()


def _config(**network):
    values = {
        "name": "shares",
        "data": {"generator": "sensor", "count": 400, "held_out": 0.25},
        "network": {
            "kind": "encoder", "input_shape": [48], "input_type": "UQ(1,7)", "standardise": False,
            "decoder": [32],
            "layers": [
                {"kind": "thermometer", "bits": 2},
                {"kind": "tables", "outputs": 24, "fan_in": 3},
            ],
        } | network,
        "training": {"epochs": 6, "batch_size": 50, "learning_rate": 0.03},
    }  # fmt: skip
    return Config.model_validate(values)


def test_bits_of_tables_bring_charge_back(tmp_path):
    network, _, held_out, history = fit_task(_config(), tmp_path, _run)
    assert history[-1][1] < 0.9 * history[0][1]
    assert network.output.shape == (24,)
    assert network.output.type.width == 1
    decoder = load_decoder(tmp_path / "decoder.safetensors")
    found = reconstruct_shares(load_network(tmp_path / "network.json"), decoder, held_out.inputs)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    figures = figures_of("encoder", found, held_out.answers)
    distance = earth_movers_distance(held_out.answers, found).mean()
    assert figures == TaskFigures(samples=100, emd_mean=distance)
    # Better than one guess for all events.
    mean = np.broadcast_to(held_out.answers.mean(axis=0), found.shape)
    assert distance < 0.95 * earth_movers_distance(held_out.answers, mean).mean()


def test_samples_are_what_the_front_end_gives_and_shares_of_charge():
    x, y = generate_task("sensor", 300, seed=1)
    assert x.shape == y.shape == (300, 48)
    sums = x.sum(axis=1)
    # Below 1 by what each of 48 energies loses where it is cut.
    assert ((sums > 0.6) & (sums < 2)).all()
    assert (x * 128 == np.rint(x * 128)).all()
    np.testing.assert_allclose(y.sum(axis=1), 1)
    busiest = np.arange(300), y.argmax(axis=1)
    np.testing.assert_allclose(x[busiest] / x.max(axis=1), 1)


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (np.ones((400, 47)), r"answers of shape \[47\]; an encoder's are shares of the charge"),
        (np.ones((400, 48)), "must be shares of charge: at least 0, 1 in the sum"),
    ],
)
def test_answers_that_are_no_shares_are_refused(answers, message, tmp_path):
    path = tmp_path / "samples.npz"
    np.savez(path, x=np.zeros((400, 48)), y=answers)
    config = _config()
    data = config.data.model_copy(update={"events": str(path), "generator": None})
    with pytest.raises(InputError, match=message):
        fit_task(config.model_copy(update={"data": data}), tmp_path, _run)
