"""The integer golden model: docs/arithmetic.md in numpy, 64 bits wide."""

from __future__ import annotations

import numpy as np

from hexcoder.fixed_point import FixedPoint
from network.schema import Convolution, Dense, Flatten, LayerContext, Network

EXACT_IN_FLOAT = ((1 << 24, np.float32), (1 << 53, np.float64))
"""Bounds below which every integer is exact in a float type."""


def quantise(
    values: np.ndarray,
    fraction_bits: int,
    target: FixedPoint,
    rounding: str,
    overflow: str,
) -> np.ndarray:
    """Bring integers of ``fraction_bits`` to ``target``.

    Parameters
    ----------
    values : int64 array
        Multiples of 2**-fraction_bits.
    rounding : 'floor' or 'round_half_up'
    overflow : 'saturate' or 'wrap'

    Returns
    -------
    int64 array of the same shape, within the target's range
    """
    drop = fraction_bits - target.fraction_bits
    if drop > 0:
        half = 1 << (drop - 1) if rounding == "round_half_up" else 0
        values = (values + half) >> drop
    else:
        values = values << -drop
    if overflow == "saturate":
        return np.clip(values, target.minimum, target.maximum)
    return ((values - target.minimum) & ((1 << target.width) - 1)) + target.minimum


def _windows(image: np.ndarray, layer: Convolution) -> np.ndarray:
    """Windows of a batch of images, shape (n, rows, columns, kernel row, kernel column, in)."""
    padded = np.pad(image, ((0, 0), *layer.sides(image.shape[1:]), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, layer.kernel, axis=(1, 2))
    rows, columns = layer.stride
    return windows[:, ::rows, ::columns].transpose(0, 1, 2, 4, 5, 3)


def _exact_product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Matrix product of int64 arrays, in floats where every partial sum is exact in them."""
    bound = int(np.abs(left).max(initial=0)) * int(np.abs(right).sum(axis=0).max(initial=0))
    for limit, float_type in EXACT_IN_FLOAT:
        if bound < limit:
            return (left.astype(float_type) @ right.astype(float_type)).astype(np.int64)
    return left @ right


def _sum_of_products(rows: np.ndarray, matrix: np.ndarray, context: LayerContext) -> np.ndarray:
    """Sum over inputs of input times weight, each product cut first where the layer says so.

    rows: (m, inputs), matrix: (inputs, outputs); returns (m, outputs).
    """
    layer = context.layer
    assert not isinstance(layer, Flatten)
    if layer.product_type is None:
        return _exact_product(rows, matrix)
    fraction_bits = context.input_type.fraction_bits + layer.weight_type.fraction_bits
    total = np.zeros((len(rows), matrix.shape[1]), dtype=np.int64)
    for element in range(matrix.shape[0]):
        products = rows[:, element, None] * matrix[element]
        total += quantise(products, fraction_bits, layer.product_type, "floor", "wrap")
    return total


def apply_layer(context: LayerContext, values: np.ndarray) -> np.ndarray:
    """One layer on a batch: int64 (n, *input_shape) to int64 (n, *output_shape)."""
    layer = context.layer
    if isinstance(layer, Flatten):
        return values.reshape(len(values), -1)
    if isinstance(layer, Dense):
        rows, matrix = values, layer.weight_array().T
    else:
        weights = layer.weight_array()
        rows = _windows(values, layer).reshape(-1, int(np.prod(weights.shape[:3])))
        matrix = weights.reshape(rows.shape[1], -1)
    fraction_bits = layer.sum_fraction_bits(context.input_type)
    total = _sum_of_products(rows, matrix, context)
    total <<= fraction_bits - layer.product_fraction_bits(context.input_type)
    if layer.bias_type is not None:
        biases = layer.bias_array(matrix.shape[1])
        total += biases << (fraction_bits - layer.bias_type.fraction_bits)
    if layer.activation == "relu":
        total = np.maximum(total, 0)
    result = np.empty_like(total)
    types = np.array(layer.channel_types(matrix.shape[1]), dtype=object)
    for type_ in dict.fromkeys(types):
        channels = types == type_
        kept = quantise(total[:, channels], fraction_bits, type_, layer.rounding, layer.overflow)
        result[:, channels] = kept << (layer.output_type.fraction_bits - type_.fraction_bits)
    return result.reshape(len(values), *context.output_shape)


def layer_outputs(network: Network, inputs: np.ndarray) -> dict[str, np.ndarray]:
    """Evaluate a network and keep every layer's output.

    Parameters
    ----------
    inputs : int array (n, elements) or (n, *input.shape)
        Integers of the input type.

    Returns
    -------
    dict of int64 arrays (n, elements), flattened in row, column, channel order, by layer name

    Raises
    ------
    ValueError
        If an input lies outside its type.
    """
    type_ = network.input.type
    values = np.asarray(inputs, dtype=np.int64).reshape(len(inputs), *network.input.shape)
    if values.size and not type_.minimum <= values.min() <= values.max() <= type_.maximum:
        raise ValueError(f"inputs must be {type_.minimum} to {type_.maximum} for {type_}")
    outputs = {}
    for context in network.contexts():
        values = apply_layer(context, values)
        outputs[context.name] = values.reshape(len(values), -1)
    return outputs


def evaluate(network: Network, inputs: np.ndarray) -> np.ndarray:
    """Evaluate a network: int (n, elements) to int64 (n, output elements)."""
    return list(layer_outputs(network, inputs).values())[-1]
