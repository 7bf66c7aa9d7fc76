"""Link 1 of the chain of proof for a config: the weights of a training against its network."""

from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.torch import load_file

from hexcoder.config import BoostedTrees, Config, Task
from hexcoder.errors import InputError
from hexcoder.metrics.train import AgreementMetrics
from hexcoder.models.architectures.build import build_model
from hexcoder.models.data.labelled import SAMPLES, load_samples
from hexcoder.models.encoder.agreement import (
    CHUNK,
    LINK,
    compare_with_torch,
    load_encoder,
    verdict,
)
from hexcoder.models.training.task import MODEL
from hexcoder.network.comparison import Comparison, compare_layers
from hexcoder.network.golden import evaluate
from hexcoder.network.real_values import to_integers
from hexcoder.network.schema import Network, NetworkGraph
from hexcoder.sensor.encoders import load_encoder as load_hardware
from hexcoder.sensor.events import load_events
from hexcoder.steps.step import NotMeasured

VECTORS = 20_000
OTHER = "network.json is not the network that training wrote"


def agree(config: Config, network_path: Path, folder: Path) -> AgreementMetrics:
    """Compare the torch network with the golden model on all events and random tensors.

    Parameters
    ----------
    network_path : Path
    folder : Path
        train/, with the weights and the events.

    Raises
    ------
    NotMeasured
        If the network is not the one that these weights make.
    """
    network = load_hardware(network_path)
    seed = config.training.seed
    encoder_path, events_path = folder / "encoder.safetensors", folder / "events.csv"
    if isinstance(config.network, BoostedTrees):
        raise NotMeasured("XGBoost grew these trees: there is no torch model")
    if isinstance(config.network, Task):
        return _agree_task(config, network, folder)
    if not isinstance(network, Network):
        raise NotMeasured("nothing of this encoder is made by torch: there is no torch encoder")
    if not encoder_path.is_file() and not events_path.is_file():
        raise NotMeasured("an imported network: torch did not train it")
    try:
        encoder = load_encoder(encoder_path, network)
    except InputError:
        raise NotMeasured(OTHER) from None
    if encoder.freeze() != network:
        raise NotMeasured(OTHER)
    comparison = compare_with_torch(network, encoder, load_events(events_path), VECTORS, seed)
    return AgreementMetrics(torch_against_golden=verdict(comparison, seed))


def _agree_task(config: Config, network: object, folder: Path) -> AgreementMetrics:
    """Of a network that is no encoder: outputs on held-out samples and random tensors."""
    if not isinstance(network, NetworkGraph) or not (folder / MODEL).is_file():
        raise NotMeasured(OTHER)
    model = build_model(config, network.inputs[0].real)
    try:
        model.load_state_dict(load_file(folder / MODEL))
    except (SafetensorError, RuntimeError):
        raise NotMeasured(OTHER) from None
    if model.freeze([one.real for one in network.outputs]) != network:
        raise NotMeasured(OTHER)
    seed, samples = config.training.seed, load_samples(folder / SAMPLES)
    assert samples is not None
    random = np.random.default_rng(seed)
    low, high = network.input_bounds
    inputs = np.concatenate(
        [
            to_integers(network, samples.inputs),
            random.integers(low, high + 1, (VECTORS, len(low))),
            np.where(random.random((VECTORS // 8, len(low))) < 0.5, low, high),
        ]
    )
    comparison = Comparison.joined(
        (
            compare_layers(
                LINK,
                network.name,
                {"outputs": evaluate(network, chunk)},
                {"outputs": model.integers(chunk)},
            )
            for chunk in np.array_split(inputs, max(1, len(inputs) // CHUNK))
        ),
        follow=True,
    )
    return AgreementMetrics(torch_against_golden=verdict(comparison, seed))
