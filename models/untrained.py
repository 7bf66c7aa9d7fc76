"""Where training starts: a config's network with random weights."""

from __future__ import annotations

import numpy as np

from hexcoder.config import Config
from models.network import (
    Convolution,
    Dense,
    Flatten,
    Layer,
    Network,
    TensorType,
    convolved_size,
    padding_sides,
)


def untrained_network(config: Config, seed: int) -> Network:
    """The config's network with random weights (He et al., arXiv:1502.01852), biases zero."""
    random = np.random.default_rng(seed)
    shape: tuple[int, ...] = config.network.input_shape
    layers: list[Layer] = []
    for index, wanted in enumerate(config.network.layers):
        name = wanted.name or f"{wanted.kind}_{index}"
        if wanted.kind == "flatten":
            layers.append(Flatten(kind="flatten", name=name))
            shape = (int(np.prod(shape)),)
            continue
        if wanted.kind == "conv2d":
            size: tuple[int, ...] = (*wanted.kernel, shape[-1], wanted.filters)
            sides = padding_sides(wanted.padding, shape, wanted.kernel, wanted.stride)
            rows = convolved_size(shape, wanted.kernel, wanted.stride, sides)
            inputs, outputs = int(np.prod(size[:3])), wanted.filters
            shape = (*rows, outputs)
        else:
            inputs, outputs = int(np.prod(shape)), wanted.outputs
            size = (outputs, inputs)
            shape = (outputs,)
        given = wanted.model_dump(exclude={"filters", "kernel", "outputs"}, exclude_none=True)
        defaults = config.quantisation
        weight_type = wanted.weight_type or defaults.weight_type
        bias_type = wanted.bias_type or defaults.bias_type
        spread = np.sqrt(2.0 / inputs) / weight_type.step
        weights = np.clip(
            np.rint(random.normal(0, spread, size)), weight_type.minimum, weight_type.maximum
        )
        given |= {
            "name": name,
            "weights": weights.astype(int).tolist(),
            "weight_type": weight_type,
            "biases": [0] * outputs,
            "bias_type": bias_type,
            "rounding": defaults.rounding,
            "overflow": defaults.overflow,
        }
        layers.append(
            Convolution.model_validate(given)
            if wanted.kind == "conv2d"
            else Dense.model_validate(given)
        )
    tensor = TensorType(shape=config.network.input_shape, type=config.network.input_type)
    return Network(name=config.name, input=tensor, layers=tuple(layers))
