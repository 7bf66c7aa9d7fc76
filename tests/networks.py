"""Networks for tests: drawn by hypothesis over the whole format, and a few fixed ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from hexcoder.fixed_point import FixedPoint
from network.schema import Network


@st.composite
def fixed_point_types(
    draw: st.DrawFn, *, largest: int = 16, signed: bool | None = None
) -> FixedPoint:
    is_signed = draw(st.booleans()) if signed is None else signed
    width = draw(st.integers(1, largest))
    fraction_bits = draw(st.integers(-2, width + 2))
    return FixedPoint(is_signed, width - fraction_bits, fraction_bits)


def _integers(draw: st.DrawFn, shape: tuple[int, ...], type_: FixedPoint) -> Any:
    """Weights over the whole type: dense, sparse or only extremes."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = random.integers(type_.minimum, type_.maximum + 1, shape)
    style = draw(st.sampled_from(["dense", "sparse", "extreme"]))
    if style == "sparse":
        values = np.where(random.random(shape) < 0.7, np.clip(0, type_.minimum, None), values)
    if style == "extreme":
        values = random.choice([type_.minimum, type_.maximum], shape)
    return values.tolist()


def _arithmetic(draw: st.DrawFn, outputs: int, weights: tuple[int, ...]) -> dict[str, Any]:
    weight_type = draw(fixed_point_types())
    layer: dict[str, Any] = {
        "weight_type": str(weight_type),
        "weights": _integers(draw, weights, weight_type),
        "activation": draw(st.sampled_from(["relu", "none"])),
        "output_type": str(draw(fixed_point_types())),
        "rounding": draw(st.sampled_from(["floor", "round_half_up"])),
        "overflow": draw(st.sampled_from(["saturate", "wrap"])),
    }
    if draw(st.booleans()):
        bias_type = draw(fixed_point_types())
        layer |= {
            "bias_type": str(bias_type),
            "biases": _integers(draw, (outputs,), bias_type),
        }
    if draw(st.integers(0, 3)) == 0:
        type_ = FixedPoint.parse(layer["output_type"])
        bits = st.integers(1 - type_.integer_bits, type_.fraction_bits)
        layer["output_fraction_bits"] = [draw(bits) for _ in range(outputs)]
    if draw(st.integers(0, 3)) == 0:
        layer["product_type"] = str(draw(fixed_point_types()))
    return layer


@st.composite
def networks(draw: st.DrawFn, *, most_layers: int = 3) -> Network:
    """Any small network: several conv2d and dense layers, all types, roundings and overflows."""
    has_image = draw(st.booleans())
    shape = (
        tuple(draw(st.integers(1, 4)) for _ in range(3))
        if has_image
        else (draw(st.integers(1, 6)),)
    )
    value: dict[str, Any] = {
        "name": "drawn",
        "input": {"shape": list(shape), "type": str(draw(fixed_point_types()))},
        "layers": [],
    }
    for _ in range(draw(st.integers(1, most_layers))):
        if len(shape) == 3 and draw(st.booleans()):
            filters = draw(st.integers(1, 3))
            kernel = draw(st.integers(1, shape[0])), draw(st.integers(1, shape[1]))
            padding = draw(st.sampled_from(["same", "valid", [[0, 1], [1, 0]]]))
            stride = [draw(st.integers(1, 2)), draw(st.integers(1, 2))]
            weights = (*kernel, shape[2], filters)
            layer = _arithmetic(draw, filters, weights)
            layer |= {"kind": "conv2d", "stride": stride, "padding": padding}
        else:
            if len(shape) == 3:
                value["layers"].append({"kind": "flatten"})
                shape = (int(np.prod(shape)),)
            outputs = draw(st.integers(1, 4))
            layer = {"kind": "dense", **_arithmetic(draw, outputs, (outputs, shape[0]))}
        value["layers"].append(layer)
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
