"""The networks that compilers are compared on."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from hexcoder.network.schema import Network, load_network

ROOT = Path(__file__).parents[1]

Layer = dict[str, str | int | list[int]]
"""A layer of network.json."""


WEIGHTS = ROOT / "configs" / "weights"


def _nonzero(random: np.random.Generator, shape: tuple[int, ...], half_zero: bool) -> np.ndarray:
    """6-bit weights; half of them zero, or as drawn."""
    weights = random.integers(-31, 32, shape)
    if half_zero:
        flat = weights.ravel()
        flat[flat == 0] = 1
        flat[random.permutation(flat.size)[: flat.size // 2]] = 0
    return weights


def _network(name: str, shape: Sequence[int], *layers: Layer) -> Network:
    return Network.model_validate(
        {"name": name, "input": {"shape": shape, "type": "UQ(1,7)"}, "layers": layers}
    )


def _dense(name: str, weights: np.ndarray, output_type: str) -> Layer:
    """6-bit weights (outputs, inputs), and ReLU."""
    return {
        "kind": "dense",
        "name": name,
        "weights": weights.tolist(),
        "weight_type": "SQ(1,5)",
        "activation": "relu",
        "output_type": output_type,
    }


def _convolution(weights: np.ndarray, stride: int) -> Layer:
    """6-bit weights (rows, columns, channels, filters), and ReLU."""
    layer = _dense("conv", weights, "UQ(1,7)")
    return layer | {"kind": "conv2d", "stride": stride, "padding": "same"}


def _convolutional(name: str, shape: tuple[int, int, int], stride: int, half_zero: bool) -> Network:
    """The benchmark's encoder: a convolution to 4x4x8, then 16 latents of 9 bits."""
    random = np.random.default_rng(0)
    kernel = _nonzero(random, (3, 3, shape[2], 8), half_zero)
    latent = _nonzero(random, (128, 16), half_zero).T
    flatten: Layer = {"kind": "flatten", "name": "flatten"}
    dense = _dense("latent", latent, "UQ(1,8)")
    return _network(name, shape, _convolution(kernel, stride), flatten, dense)


def filters(name: str, size: int, count: int) -> Network:
    """One convolution of 3x3 over a square image, with random 6-bit weights."""
    weights = np.random.default_rng(0).integers(-31, 32, (3, 3, 1, count))
    return _network(name, (size, size, 1), _convolution(weights, 1))


def perceptron(name: str, sizes: tuple[int, ...], seed: int = 0) -> Network:
    """Dense layers with random 6-bit weights."""
    random = np.random.default_rng(seed)
    layers = [
        _dense(f"dense_{number}", random.integers(-31, 32, (outputs, inputs)), "UQ(3,5)")
        for number, (inputs, outputs) in enumerate(pairwise(sizes))
    ]
    return _network(name, sizes[:1], *layers)


def benchmark_networks() -> dict[str, Network]:
    """Networks by name: trained and random, sparse and dense, small and large."""
    return {
        "econ_t_linear_mlp": load_network(
            ROOT / "configs" / "weights" / "econ_t_linear_mlp" / "network.json"
        ),
        "8x8": _convolutional("image_8x8", (8, 8, 1), 2, half_zero=False),
        "half_zero": _convolutional("half_zero", (4, 4, 3), 1, half_zero=True),
        "dense": _convolutional("dense", (4, 4, 3), 1, half_zero=False),
        "large": perceptron("large", (260, 45, 518)),
    }
