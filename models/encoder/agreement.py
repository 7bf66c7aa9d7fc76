"""Link 1 of the chain of proof: the torch model equals the golden model, layer by layer."""

from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from hexcoder.errors import InputError
from hexcoder.metrics.train import TorchAgreement
from hexcoder.models.encoder.quantised import Precision, QuantisedEncoder
from hexcoder.network.comparison import Comparison, compare_layers
from hexcoder.network.golden import layer_outputs
from hexcoder.network.schema import Network
from hexcoder.sensor.front_end import normalise, sensor_image_order

CHUNK = 8192
LINK = "torch and golden model"


def save_encoder(encoder: QuantisedEncoder, path: Path) -> None:
    """Write the encoder's float weights, before rounding, as safetensors."""
    save_file({k: v.contiguous() for k, v in encoder.state_dict().items()}, path)


def load_encoder(path: Path, network: Network) -> QuantisedEncoder:
    """Read float weights into a network's shape.

    Raises
    ------
    InputError
        If the file is missing or does not fit the network.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file; an encoder is train/encoder.safetensors")
    try:
        state = load_file(path)
        encoder = QuantisedEncoder(network, _learned(state))
        encoder.load_state_dict(state)
    except (SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[0][:100]
        raise InputError(f"{path}: not the encoder of network {network.name}: {reason}") from None
    return encoder


def _learned(state: dict[str, Tensor]) -> Precision:
    """Which widths were learned, by the tensors that are there."""
    kinds = {name.rsplit(".", 1)[-1] for name in state}
    return Precision("weight_bits" in kinds, "output_bits" in kinds, "product_bits" in kinds)


def _inputs(network: Network, events: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Events as the network sees them, extremes, and random tensors over the whole range."""
    type_, elements = network.input.type, int(np.prod(network.input.shape))
    random = np.random.default_rng(seed)
    parts = [
        np.array([[0], [type_.minimum], [type_.maximum]]).repeat(elements, axis=1),
        random.integers(type_.minimum, type_.maximum + 1, (count, elements)),
        random.choice([type_.minimum, type_.maximum], (count // 8, elements)),
    ]
    order = sensor_image_order(network)
    if order is not None and len(events):
        parts.insert(0, normalise(events, type_, order))
    return np.concatenate(parts)


def compare_with_torch(
    network: Network, encoder: QuantisedEncoder, events: np.ndarray, count: int, seed: int
) -> Comparison:
    """Compare the torch encoder with the golden model of a frozen network, layer by layer.

    Parameters
    ----------
    events : int array (n, 48) of energies
    count : int
        Random tensors besides.
    """
    inputs = _inputs(network, events, count, seed)
    chunks = (inputs[start : start + CHUNK] for start in range(0, len(inputs), CHUNK))
    return Comparison.joined(
        (
            compare_layers(
                LINK, network.name, layer_outputs(network, chunk), encoder.layer_integers(chunk)
            )
            for chunk in chunks
        ),
        follow=True,
    )


def verdict(comparison: Comparison, seed: int) -> TorchAgreement:
    """A comparison as files hold it."""
    return TorchAgreement(
        vectors=comparison.vectors,
        mismatches=comparison.mismatches,
        first_mismatch=comparison.first_mismatch,
        seed=seed,
    )
