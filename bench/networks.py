"""The networks that compilers are compared on."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from network.schema import Network, load_network

ROOT = Path(__file__).parents[1]


def _nonzero(random: np.random.Generator, shape: tuple[int, ...], half_zero: bool) -> np.ndarray:
    """6-bit weights; half of them zero, or as drawn."""
    weights = random.integers(-31, 32, shape)
    if half_zero:
        flat = weights.ravel()
        flat[flat == 0] = 1
        flat[random.permutation(flat.size)[: flat.size // 2]] = 0
    return weights


def _convolutional(name: str, shape: tuple[int, int, int], stride: int, half_zero: bool) -> Network:
    """The benchmark's encoder: a convolution to 4x4x8, then 16 latents of 9 bits."""
    random = np.random.default_rng(0)
    kernel = _nonzero(random, (3, 3, shape[2], 8), half_zero)
    latent = _nonzero(random, (128, 16), half_zero).T
    common: dict[str, Any] = {"weight_type": "SQ(1,5)", "activation": "relu"}
    return Network.model_validate(
        {
            "name": name,
            "input": {"shape": list(shape), "type": "UQ(1,7)"},
            "layers": [
                {
                    "kind": "conv2d",
                    "name": "conv",
                    "weights": kernel.tolist(),
                    "stride": stride,
                    "padding": "same",
                    "output_type": "UQ(1,7)",
                    **common,
                },
                {"kind": "flatten", "name": "flatten"},
                {
                    "kind": "dense",
                    "name": "latent",
                    "weights": latent.tolist(),
                    "output_type": "UQ(1,8)",
                    **common,
                },
            ],
        }
    )


def filters(name: str, size: int, count: int) -> Network:
    """One convolution of 3x3 over a square image, with random 6-bit weights."""
    random = np.random.default_rng(0)
    layer = {
        "kind": "conv2d",
        "name": "conv",
        "weights": random.integers(-31, 32, (3, 3, 1, count)).tolist(),
        "weight_type": "SQ(1,5)",
        "stride": 1,
        "padding": "same",
        "activation": "relu",
        "output_type": "UQ(1,7)",
    }
    return Network.model_validate(
        {"name": name, "input": {"shape": [size, size, 1], "type": "UQ(1,7)"}, "layers": [layer]}
    )


def perceptron(name: str, sizes: tuple[int, ...], seed: int = 0) -> Network:
    """Dense layers with random 6-bit weights."""
    random = np.random.default_rng(seed)
    layers = [
        {
            "kind": "dense",
            "name": f"dense_{number}",
            "weights": random.integers(-31, 32, (outputs, inputs)).tolist(),
            "weight_type": "SQ(1,5)",
            "activation": "relu",
            "output_type": "UQ(3,5)",
        }
        for number, (inputs, outputs) in enumerate(pairwise(sizes))
    ]
    return Network.model_validate(
        {"name": name, "input": {"shape": [sizes[0]], "type": "UQ(1,7)"}, "layers": layers}
    )


def benchmark_networks() -> dict[str, Network]:
    """Networks by name: trained and random, sparse and dense, small and large."""
    return {
        "econ_t": load_network(ROOT / "configs" / "weights" / "econ_t" / "network.json"),
        "8x8": _convolutional("image_8x8", (8, 8, 1), 2, half_zero=False),
        "half_zero": _convolutional("half_zero", (4, 4, 3), 1, half_zero=True),
        "dense": _convolutional("dense", (4, 4, 3), 1, half_zero=False),
        "large": perceptron("large", (260, 45, 518)),
    }
