"""Link 1 of the chain of proof for a config: the weights of a training against its network."""

from pathlib import Path

from hexcoder.errors import InputError
from hexcoder.metrics.train import AgreementMetrics
from hexcoder.models.encoder.agreement import compare_with_torch, load_encoder, verdict
from hexcoder.network.schema import Network
from hexcoder.sensor.encoders import load_encoder as load_hardware
from hexcoder.sensor.events import load_events
from hexcoder.steps.step import NotMeasured

VECTORS = 20_000
OTHER = "network.json is not the network that training wrote"


def agree(network_path: Path, encoder_path: Path, events_path: Path, seed: int) -> AgreementMetrics:
    """Compare the torch encoder with the golden model on all events and random tensors.

    Raises
    ------
    NotMeasured
        If the network is not the one that these weights make.
    """
    network = load_hardware(network_path)
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
