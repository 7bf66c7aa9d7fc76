"""Networks for tests: drawn by hypothesis over the whole format, and a few fixed ones."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from hypothesis import strategies as st

from hexcoder.fixed_point import FixedPoint
from hexcoder.network.kinds import KINDS
from hexcoder.network.schema import Network
from hexcoder.network.weighted import WeightedLayer, draw_type


@st.composite
def fixed_point_types(draw: st.DrawFn) -> FixedPoint:
    return draw_type(draw(st.randoms(use_true_random=False)))


WEIGHTED = tuple(kind for kind, class_ in KINDS.items() if issubclass(class_, WeightedLayer))


@st.composite
def networks(
    draw: st.DrawFn, *, most_layers: int = 3, kinds: Collection[str] = tuple(KINDS)
) -> Network:
    """Any small network of some kinds, with all types, roundings and overflows."""
    random = draw(st.randoms(use_true_random=False))
    shape = tuple(random.randint(1, 4) for _ in range(3))
    if draw(st.booleans()):
        shape = (random.randint(1, 6),)
    value: dict[str, Any] = {
        "name": "drawn",
        "input": {"shape": list(shape), "type": str(draw_type(random))},
        "layers": [],
    }
    classes = [KINDS[kind] for kind in kinds if not KINDS[kind].is_wiring]
    for _ in range(draw(st.integers(1, most_layers))):
        layer = draw(st.sampled_from(classes)).draw(random, shape)
        if layer is None and len(shape) == 3:
            value["layers"].append({"kind": "flatten"})
            shape = (int(np.prod(shape)),)
        drawn = [layer] if layer else [kind.draw(random, shape) for kind in classes]
        value["layers"].append(next(layer for layer in drawn if layer))
        shape = list(Network.model_validate(value).contexts())[-1].output_shape
    return Network.model_validate(value)


def inputs_of(network: Network, count: int, seed: int = 0) -> np.ndarray:
    """Random tensors over the whole input range, extremes first."""
    type_, elements = network.input.type, int(np.prod(network.input.shape))
    random = np.random.default_rng(seed)
    values = random.integers(type_.minimum, type_.maximum + 1, (count, elements))
    values[0], values[1] = type_.minimum, type_.maximum
    return values


def sensor_network(weight_bits: int = 4, filters: int = 2, latents: int = 3) -> Network:
    """A small network on the sensor's 4x4x3 image, so that module ``encoder`` exists."""
    random = np.random.default_rng(5)
    high = 1 << (weight_bits - 1)
    weight_type = f"SQ(1,{weight_bits - 1})"
    return Network.model_validate(
        {
            "name": "sensor",
            "input": {"shape": [4, 4, 3], "type": "UQ(1,5)"},
            "layers": [
                {
                    "kind": "conv2d",
                    "name": "conv",
                    "weights": random.integers(-high, high, (3, 3, 3, filters)).tolist(),
                    "weight_type": weight_type,
                    "biases": random.integers(-high, high, filters).tolist(),
                    "bias_type": weight_type,
                    "stride": 2,
                    "padding": "same",
                    "activation": "relu",
                    "output_type": "UQ(1,4)",
                },
                {"kind": "flatten", "name": "flatten"},
                {
                    "kind": "dense",
                    "name": "latent",
                    "weights": random.integers(-high, high, (latents, 4 * filters)).tolist(),
                    "weight_type": weight_type,
                    "activation": "none",
                    "output_type": "SQ(2,5)",
                    "rounding": "round_half_up",
                },
            ],
        }
    )
