"""Link 1 of the chain of proof: the torch model equals the golden model, layer by layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from hexcoder.errors import InputError
from models.encoder.quantised import Precision, QuantisedEncoder
from network.golden import layer_outputs
from network.schema import Network
from sensor.front_end import normalise, sensor_image_order

CHUNK = 8192


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
) -> dict[str, Any]:
    """Compare the torch encoder with the golden model of a frozen network.

    Parameters
    ----------
    events : int array (n, 48) of energies
    count : int
        Random tensors besides.

    Returns
    -------
    dict
        ``vectors``, ``mismatches`` and ``first_mismatch`` (layer, element, event, expected from
        the golden model, actual from torch; None if all agree).
    """
    inputs = _inputs(network, events, count, seed)
    mismatches, first = 0, None
    for start in range(0, len(inputs), CHUNK):
        chunk = inputs[start : start + CHUNK]
        golden = layer_outputs(network, chunk)
        found = encoder.layer_integers(chunk)
        last = list(golden)[-1]
        mismatches += int((golden[last] != found[last]).any(axis=1).sum())
        for name in golden:
            differs = np.argwhere(golden[name] != found[name])
            if first is None and len(differs):
                event, element = (int(i) for i in differs[0])
                first = {
                    "layer": name,
                    "element": element,
                    "event": start + event,
                    "expected": int(golden[name][event, element]),
                    "actual": int(found[name][event, element]),
                }
                mismatches = max(mismatches, 1)
    return {"vectors": len(inputs), "mismatches": mismatches, "first_mismatch": first, "seed": seed}


def disagreement_line(verdict: dict[str, Any]) -> str | None:
    """One line that says where torch and the golden model first differ, or None."""
    first = verdict["first_mismatch"]
    if first is None:
        return None
    return (
        f"torch and golden model differ in {verdict['mismatches']} of {verdict['vectors']} vectors;"
        f" first: layer '{first['layer']}', element {first['element']}, event {first['event']}: "
        f"golden {first['expected']}, torch {first['actual']}"
    )
