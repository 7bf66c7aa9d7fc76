"""What a network costs in gates, estimated from its integers: adder bits before sharing.

Each weight is a sum of signed digits; each digit adds one copy of its input, shifted, to the sum
of its output. Adding a heap of bits up to one result takes about one full adder for every bit that
goes in and does not come out (Dadda, Alta Frequenza 34 (1965) 349), so a sum costs the widths of
its operands less the width of its result. Shared terms are not known here: the figure ranks
networks, and scripts/calibrate_cost.py compares it with what gen/ and flow/ really build.
"""

from __future__ import annotations

import numpy as np

from models.network import Convolution, Flatten, LayerContext, Network


def signed_digits(weights: np.ndarray) -> np.ndarray:
    """Number of non-zero digits of each integer's canonical signed-digit form.

    A. Avizienis, IRE Trans. Electronic Computers EC-10 (1961) 389: the fewest digits of -1, 0 and 1
    that make the number; 3 n and n differ in just the places of those digits.
    """
    magnitude = np.abs(np.asarray(weights, dtype=np.int64))
    return np.bitwise_count((3 * magnitude) ^ magnitude).astype(np.int64)


def layer_adder_bits(context: LayerContext) -> float:
    """Adder bits of one layer; 0 for a layer without arithmetic."""
    layer = context.layer
    if isinstance(layer, Flatten):
        return 0.0
    digits = signed_digits(layer.weight_array())
    width = context.input_type.width
    if isinstance(layer, Convolution):
        # Windows that hang over the edge use a part of the kernel only.
        used = np.pad(np.ones(context.input_shape), ((*layer.sides(context.input_shape), (0, 0))))
        windows = np.lib.stride_tricks.sliding_window_view(used, layer.kernel, axis=(0, 1))
        windows = windows[:: layer.stride[0], :: layer.stride[1]].transpose(0, 1, 3, 4, 2)
        terms = windows.reshape(-1, digits[..., 0].size) @ digits.reshape(-1, digits.shape[-1])
    else:
        terms = digits.sum(axis=1)[None]
    if layer.bias_type is not None:
        terms = terms + (layer.bias_array(terms.shape[1]) != 0) / width
    return float(np.maximum(terms - 1, 0).sum() * width)


def adder_bits(network: Network) -> float:
    """Adder bits of a whole network."""
    return sum(layer_adder_bits(context) for context in network.contexts())
