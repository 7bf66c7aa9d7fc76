"""Where training starts: a config's network with random weights."""

import numpy as np

from hexcoder.config import Config
from hexcoder.network.kinds.conv2d import Convolution, convolved_size, padding_sides
from hexcoder.network.kinds.dense import Dense
from hexcoder.network.kinds.flatten import Flatten
from hexcoder.network.layer import ChainLayer, TensorType
from hexcoder.network.schema import Chain, Network

DIRAC_NOISE = 0.1
"""Share of the random weights that is left beside a Dirac kernel."""


def _dirac(size: tuple[int, ...]) -> np.ndarray:
    """Kernels of shape (row, column, in, out) that pass one channel on, each channel in turn."""
    kernel = np.zeros(size)
    for filter_ in range(size[3]):
        kernel[size[0] // 2, size[1] // 2, filter_ % size[2], filter_] = 1.0
    return kernel


def untrained_network(config: Config, seed: int) -> Network:
    """The config's network with random weights (He et al., arXiv:1502.01852), biases zero.

    With ``training.initial`` 'dirac' a convolution starts as a copy of its input (Zagoruyko and
    Komodakis, arXiv:1706.00388): what it adds to the layer behind it is then learned, and what it
    does not add is cheap in gates.
    """
    random = np.random.default_rng(seed)
    shape: tuple[int, ...] = config.layered.input_shape
    layers: list[ChainLayer] = []
    for index, wanted in enumerate(config.layered.layers):
        name = wanted.name or f"{wanted.kind}_{index}"
        if wanted.kind == "flatten":
            layers.append(Flatten.model_validate({"kind": "flatten", "name": name}))
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
        drawn = random.normal(0, spread, size)
        if wanted.kind == "conv2d" and config.training.initial == "dirac":
            drawn = DIRAC_NOISE * drawn + _dirac(size) / weight_type.step
        weights = np.clip(np.rint(drawn), weight_type.minimum, weight_type.maximum)
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
    tensor = TensorType(shape=config.layered.input_shape, type=config.layered.input_type)
    return Chain(name=config.name, input=tensor, layers=tuple(layers))
